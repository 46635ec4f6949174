"""What each series' own weeks say about its coefficients: generalised least squares on the log scale.

The counts y of a series have mean m = baseline * exp(level + x b), and a covariance: counting, and a rate that
wanders with memory (``noise``). The estimating equation of such counts (Liang and Zeger, 1986; Zeger, 1988) is
solved by Newton steps, many series at once. With the memory in it, a change of price is judged mostly by the weeks
around it, and what drifts slowly is not taken for its effect.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import partial
from itertools import pairwise

import numpy as np

from pricetrail.apply import Map
from pricetrail.demand.response import stores
from pricetrail.demand.response.noise import Noise
from pricetrail.demand.response.panel import Bools, Floats, Ints

STEPS = 40
CLOSE = 1e-6
LONGEST = 1.0
CHUNK = 500
TINY = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Weeks:
    """The weeks of s series, with k coefficients to know.

    Attributes:
        counts, baseline: what was counted, and expected at coefficients of zero; shape (s, t).
        design: x, shape (s, t, k).
        live: which weeks count; bounded: which of them could not be without a sale at the list price; shape (s, t).
        asked: share of the counts that pay the list price, shape (s,).
        exposure: what the baseline is for: one week, or the orders of the week, shape (s, t).
        scale: variance of counting beside the mean (1 for orders), shape (s,).
        product: the number of each series' product, ascending, shape (s,).
        left: how much of what a product's stores stray by in common the baseline does not know of, shape (s, t).
    """

    counts: Floats
    baseline: Floats
    design: Floats
    live: Bools
    bounded: Bools
    asked: Floats
    exposure: Floats
    scale: Floats
    product: Ints
    left: Floats

    def take(self, chosen: Ints | slice) -> Weeks:
        """Some of the series."""
        return Weeks(*(getattr(self, each.name)[chosen] for each in fields(self)))


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What the weeks say: ``level`` (s,), the ``coefficients`` (s, k) reached under the prior, and of the
    likelihood alone the ``information`` H (s, k, k) and ``pulled`` H b (s, k), as if what a product's stores share of
    the noise were known; then per week the ``strayed`` (y - m) / m and the variance of its ``counting`` (s, t), NaN
    where no week counts. What they share moves their H b together: the sum over a product's stores of ``tied``
    (s, k, k) is the covariance that it gives the sum of their H b."""

    level: Floats
    coefficients: Floats
    information: Floats
    pulled: Floats
    strayed: Floats
    counting: Floats
    tied: Floats


def solve(
    weeks: Weeks, noise: Noise, times: Ints, mean: Floats, precision: Floats, apply: Map = map
) -> Known:
    """Solve for level and coefficients under the prior N(``mean``, ``precision``^-1).

    Args:
        weeks: the data.
        noise, times: of the log rates, and when the weeks are, shape (t,).
        mean: prior mean, shape (k,) or (s, k).
        precision: prior precision, shape (k, k).
        apply: who solves for some of the series at a time.
    """
    count = len(weeks.counts)
    mean = np.broadcast_to(mean, (count, weeks.design.shape[2]))
    begin = stores.first(weeks.product)
    cuts = np.unique(begin[np.searchsorted(begin, np.arange(0, begin[-1] + 1, CHUNK))]) if count else [0]
    pieces = [(weeks.take(slice(a, b)), mean[a:b]) for a, b in pairwise([*cuts, count])]
    parts = list(apply(partial(_solve, noise, times, precision), pieces))
    return Known(*(np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(Known)))


def _solve(noise: Noise, times: Ints, precision: Floats, some: tuple[Weeks, Floats]) -> Known:
    weeks, mean = some
    size = mean.shape[1]
    prior = np.zeros((size + 1, size + 1))
    prior[1:, 1:] = precision
    beta = np.concatenate([np.zeros((len(mean), 1)), mean], axis=1)
    centre = beta.copy()
    design = np.concatenate([np.ones((*weeks.counts.shape, 1)), weeks.design], axis=2)
    moving = np.arange(len(beta))
    for _ in range(STEPS):
        part, at = weeks.take(moving), beta[moving]
        known, score = _known(_linear(part, (noise, times), design[moving], at)[2])
        pull = score - (at - centre[moving]) @ prior
        step = np.linalg.solve(known + prior + TINY * np.eye(size + 1), pull[..., None])[..., 0]
        beta[moving] = at + np.clip(step, -LONGEST, LONGEST)
        moving = moving[np.abs(step).max(axis=1) > CLOSE]
        if not len(moving):
            break
    strayed, counting, white = _linear(weeks, (noise, times), design, beta)
    known, score = _known(white)
    across = known[:, 1:, 0] / (known[:, :1, 0] + TINY)
    information = known[:, 1:, 1:] - across[:, :, None] * known[:, None, 0, 1:]
    pulled = np.einsum("sij,sj->si", information, beta[:, 1:]) + score[:, 1:] - across * score[:, :1]
    tied = _tied(weeks, (noise, times), design[..., 1:] - across[:, None], counting)
    return Known(beta[:, 0], beta[:, 1:], information, pulled, strayed, counting, tied)


def _tied(weeks: Weeks, memory: tuple[Noise, Ints], moved: Floats, counting: Floats) -> Floats:
    """What the noise that a product's stores share does to the sum of what they say, told at the first of them."""
    noise, times = memory
    found = np.zeros((len(moved), moved.shape[2], moved.shape[2]))
    if noise.alike:
        seen = ~np.isnan(counting)
        columns = np.where(seen[..., None], moved, 0.0)
        felt = noise.own.weighed(columns, np.where(seen, counting, np.inf), times) * weeks.left[..., None]
        felt = stores.sums(felt, weeks.product)
        found[stores.first(weeks.product)] = felt.transpose(0, 2, 1) @ noise.shared(times) @ felt
    return found


def _known(white: Floats) -> tuple[Floats, Floats]:
    """The information and the score that whitened columns hold, of which the last one is what strayed."""
    product = white[..., :-1].transpose(0, 2, 1) @ white
    return product[..., :-1], product[..., -1]


def _linear(
    weeks: Weeks, memory: tuple[Noise, Ints], design: Floats, beta: Floats
) -> tuple[Floats, Floats, Floats]:
    """Residuals and their counting variance, NaN where no week counts, and the whitened design with the residuals."""
    live = weeks.live & (weeks.baseline > 0)
    mean = weeks.baseline * np.exp(np.clip(np.einsum("stk,sk->st", design, beta), -30, 30))
    mean = np.where(live, np.maximum(mean, TINY), 1.0)
    told, slope = truncated(mean, weeks.asked[:, None])
    told, slope = np.where(weeks.bounded, told, mean), np.where(weeks.bounded, slope, mean)
    strayed = np.where(live, (weeks.counts - told) / slope, 0.0)
    counting = np.where(live, weeks.scale[:, None] / slope, np.inf)
    right = np.concatenate([design * live[..., None], strayed[..., None]], axis=2)
    noise, times = memory
    gone = np.where(live, 1.0, np.nan)
    return strayed * gone, counting * gone, noise.own.whitened(right, counting, times)


def truncated(mean: Floats, share: Floats) -> tuple[Floats, Floats]:
    """Mean of a Poisson count of which a share is known not to be zero, and its slope in the log of the rate.

    >>> truncated(np.array([20.0]), np.array([1.0]))[0].round(6)
    array([20.])
    """
    part = np.maximum(mean * share, TINY)
    above = part / -np.expm1(-part)
    return mean - part + above, mean - part + np.maximum(above * (1 + part - above), 1e-4)
