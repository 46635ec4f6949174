"""Slopes of many series, each known as well as its own data know it, pooled with partial shrinkage.

A series' data say about its coefficients b what a normal likelihood with information H and h = H b-hat says,
singular where a series never varied. Coefficients are drawn from N(mean, diag(spread^2)) (empirical Bayes; Morris,
1983). The spreads are not plugged in: every figure is averaged over a grid of them, weighted by the restricted
likelihood, so that intervals know that the spread itself is estimated. The first coefficient has a spread of its
own; those after it, which say how the slope changes further down, share one.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from pricetrail.demand.response.panel import Bools, Floats

SPREADS = np.concatenate([[0.0], np.geomspace(0.05, 2.5, 15)])
# Half of a half-Cauchy prior's mass lies below it (Gelman, 2006).
USUAL = 0.5
# A coefficient that no series says anything about stays within reason.
VAGUE = 3.0
LEAST = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """What all series say together: k coefficients.

    Attributes:
        mean, cov: of the mean coefficients, shape (k,) and (k, k).
        spread: standard deviation between series, root mean square over its posterior, shape (k,).
        grid, weight: the spreads tried, shape (g, k), and the posterior weight of each, shape (g,).
        means, covs: of the mean coefficients given each of those spreads, shape (g, k) and (g, k, k).
    """

    mean: Floats
    cov: Floats
    spread: Floats
    grid: Floats
    weight: Floats
    means: Floats
    covs: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Slopes:
    """Each series' coefficients given its own data and the pool: means (s, k) and covariances (s, k, k)."""

    mean: Floats
    cov: Floats


def fit(information: Floats, pulled: Floats) -> tuple[Pool, Slopes]:
    """Pool series that are known by ``information`` H, shape (s, k, k), and ``pulled`` h = H b, shape (s, k)."""
    told = _told(information)
    grid = _grid(pulled.shape[1])
    settled = [_settle(information[told], pulled[told], np.diag(spread**2)) for spread in grid]
    score = np.array([each[0] for each in settled]) + _prior(grid)
    weight = np.exp(score - score.max())
    weight /= weight.sum()
    means, covs = np.array([each[1] for each in settled]), np.array([each[2] for each in settled])
    mean, cov = mixed(means, covs, weight)
    pool = Pool(mean, cov, np.sqrt(weight @ grid**2), grid, weight, means, covs)
    return pool, given(pool, information, pulled)


def given(pool: Pool, information: Floats, pulled: Floats) -> Slopes:
    """The coefficients of series, be they of the pool or not, given what their own data and the pool say."""
    told = _told(information)
    between = np.array([np.diag(spread**2) for spread in pool.grid])
    mean, cov = mixed(pool.means, pool.covs + between, pool.weight)
    slopes = Slopes(np.tile(mean, (len(told), 1)), np.tile(cov, (len(told), 1, 1)))
    own = _each(information[told], pulled[told], pool)
    slopes.mean[told], slopes.cov[told] = own.mean, own.cov
    return slopes


def robust(pool: Pool, information: Floats, pulled: Floats) -> Floats:
    """The covariance of the pool's mean, by how far the series' own scores really scatter where that is more.

    A sandwich with the series as clusters (Liang and Zeger, 1986), at the spread of the posterior.
    """
    told = _told(information)
    shrink = np.linalg.inv(np.eye(len(pool.mean)) + information[told] @ np.diag(pool.spread**2))
    scores = np.einsum("sij,sj->si", shrink, pulled[told] - information[told] @ pool.mean)
    meat = scores.T @ scores * len(scores) / max(len(scores) - 1, 1)
    found = pool.cov @ meat @ pool.cov
    ratio = np.sqrt(np.maximum(np.diag(found) / np.diag(pool.cov), 1.0))
    wider: Floats = pool.cov * np.outer(ratio, ratio)
    return wider


def own_error(pool: Pool, information: Floats) -> Floats:
    """The standard error of each series' own first coefficient, shape (s,), the others being as the pool has them."""
    others = np.diag(np.maximum(pool.spread[1:], LEAST) ** 2) + pool.cov[1:, 1:]
    free = information[:, 1:, 1:] + np.linalg.inv(others)
    across = information[:, 1:, :1]
    alone = information[:, 0, 0] - (across * np.linalg.solve(free, across)).sum(axis=(1, 2))
    error: Floats = 1 / np.sqrt(np.maximum(alone, LEAST**4))
    return error


def _told(information: Floats) -> Bools:
    """Which series' data say anything."""
    return np.asarray(information.any(axis=(1, 2)))


def mixed(means: Floats, covs: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Mean and covariance of a mixture: means (g, ..., k), covariances (g, ..., k, k), weights (g,)."""
    mean = np.tensordot(weight, means, 1)
    apart = means - mean
    cov = np.tensordot(weight, covs + apart[..., :, None] * apart[..., None, :], 1)
    return mean, cov


def _grid(size: int) -> Floats:
    """The spreads to try: every pair of the first coefficient's and that of those after it."""
    if size == 1:
        return SPREADS[:, None]
    return np.array([[first, *[further] * (size - 1)] for first, further in product(SPREADS, repeat=2)])


def _prior(grid: Floats) -> Floats:
    """The log of the prior mass of each row of the grid."""
    mass = np.gradient(SPREADS) / (1 + (SPREADS / USUAL) ** 2)
    found: Floats = np.log(mass[np.searchsorted(SPREADS, grid[:, :2])]).sum(axis=1)
    return found


def _settle(information: Floats, pulled: Floats, between: Floats) -> tuple[float, Floats, Floats]:
    """The restricted log likelihood of a spread, and the mean and covariance of the pool's mean given it."""
    size = len(between)
    eye = np.eye(size)
    shrink = np.linalg.inv(eye + information @ between)
    precision = (shrink @ information).sum(axis=0) + eye / VAGUE**2
    cov = np.linalg.inv(precision)
    mean = cov @ np.einsum("sij,sj->i", shrink, pulled)
    rest = pulled - information @ mean
    fitted = np.einsum("si,ij,sjk,sk->", rest, between, shrink, rest)
    plain = 2 * mean @ pulled.sum(axis=0) - mean @ information.sum(axis=0) @ mean - mean @ mean / VAGUE**2
    spent = np.linalg.slogdet(shrink)[1].sum() - np.linalg.slogdet(precision)[1]
    return float(fitted + plain + spent) / 2, mean, cov


def _each(information: Floats, pulled: Floats, pool: Pool) -> Slopes:
    total, square = np.zeros_like(pulled), np.zeros_like(information)
    for spread, weight, mean, cov in zip(pool.grid, pool.weight, pool.means, pool.covs, strict=True):
        if weight < 1e-6:
            continue
        between, eye = np.diag(spread**2), np.eye(len(spread))
        gain = between @ np.linalg.inv(eye + information @ between)
        keep = eye - gain @ information
        own = mean + np.einsum("sij,sj->si", gain, pulled - information @ mean)
        spreading = gain + keep @ cov @ keep.transpose(0, 2, 1)
        total += weight * own
        square += weight * (spreading + own[:, :, None] * own[:, None, :])
    return Slopes(total, square - total[:, :, None] * total[:, None, :])
