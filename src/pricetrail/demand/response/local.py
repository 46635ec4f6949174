"""What each series' own weeks say about its coefficients: generalised least squares on the log scale.

The counts y of a series have mean m = baseline * exp(level + x b), and a covariance: counting, and a rate that
wanders with memory (``noise``). The estimating equation of such counts (Liang and Zeger, 1986; Zeger, 1988) is
solved by Newton steps, many series at once. With the memory in it, a change of price is judged mostly by the weeks
around it, and what drifts slowly is not taken for its effect.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import partial

import numpy as np

from pricetrail.apply import Map
from pricetrail.demand.response import shifts, stores
from pricetrail.demand.response.noise import Noise
from pricetrail.demand.response.panel import Bools, Floats, Ints
from pricetrail.demand.response.shifts import Series, Shifts

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
    likelihood alone the ``information`` H (s, k, k) and ``pulled`` H b (s, k), as if what series have in common in
    a week were known; then per week the ``strayed`` (y - m) / m and the variance of its ``counting`` (s, t), NaN
    where no week counts. What all have in common moves their H b by ``swayed`` (s, k, t), and ``shifts`` is what they
    say of it; what a product's stores have in common gives the sum of theirs the covariance that is the sum of
    ``tied`` (s, k, k)."""

    level: Floats
    coefficients: Floats
    information: Floats
    pulled: Floats
    strayed: Floats
    counting: Floats
    swayed: Floats
    tied: Floats
    shifts: Shifts


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
    pieces = [(weeks.take(some), mean[some]) for some in stores.pieces(weeks.product, CHUNK)]
    parts = list(apply(partial(_solve, noise, times, precision), pieces))
    names = [each.name for each in fields(Known) if each.name != "shifts"]
    whole = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    return Known(**whole, shifts=Shifts.total(part.shifts for part in parts))


def _solve(noise: Noise, times: Ints, precision: Floats, some: tuple[Weeks, Floats]) -> Known:
    weeks, mean = some
    design = np.concatenate([np.ones((*weeks.counts.shape, 1)), weeks.design], axis=2)
    beta = _reached(weeks, (noise, times), design, mean, precision)
    strayed, counting, white = _linear(weeks, (noise, times), design, beta)
    known, score = _known(white)
    level = known[:, :1, 0] + TINY
    across, aside = known[:, 1:, 0] / level, score[:, :1] / level
    information = known[:, 1:, 1:] - across[:, :, None] * known[:, None, 0, 1:]
    pulled = np.einsum("sij,sj->si", information, beta[:, 1:]) + score[:, 1:] - across * score[:, :1]
    live = ~np.isnan(counting)
    columns = np.where(live[..., None], weeks.design - across[:, None], 0.0)
    plain = np.where(live, strayed - aside, 0.0) + np.einsum("stk,sk->st", columns, beta[:, 1:])
    series = Series(
        information, pulled, columns, plain, np.where(live, counting, np.inf), weeks.left, weeks.product
    )
    return Known(
        beta[:, 0], beta[:, 1:], information, pulled, strayed, counting, *shifts.heard(series, noise, times)
    )


def _reached(
    weeks: Weeks, memory: tuple[Noise, Ints], design: Floats, mean: Floats, precision: Floats
) -> Floats:
    """Level and coefficients under the prior, shape (s, 1 + k), by Newton steps of those that still move."""
    prior = np.zeros((design.shape[2], design.shape[2]))
    prior[1:, 1:] = precision
    beta = np.concatenate([np.zeros((len(mean), 1)), mean], axis=1)
    centre, moving = beta.copy(), np.arange(len(beta))
    for _ in range(STEPS):
        part, at = weeks.take(moving), beta[moving]
        known, score = _known(_linear(part, memory, design[moving], at)[2])
        pull = score - (at - centre[moving]) @ prior
        step = np.linalg.solve(known + prior + TINY * np.eye(len(prior)), pull[..., None])[..., 0]
        beta[moving] = at + np.clip(step, -LONGEST, LONGEST)
        moving = moving[np.abs(step).max(axis=1) > CLOSE]
        if not len(moving):
            break
    return beta


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
