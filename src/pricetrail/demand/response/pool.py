"""Slopes of many series, each known as well as its own data know it, pooled with partial shrinkage.

A series' data say about its coefficients b what a normal likelihood with information H and h = H b-hat says,
singular where a series never varied. Coefficients are drawn from N(mean, diag(spread^2)) (empirical Bayes; Morris,
1983). Of the variance of the first one, series of like names share some: it is mean + F u + what is the series'
own, with ``traits`` F (``alike.traits``) and u normal, as breeding values are (Henderson, 1975). So bunting is shrunk
towards bunting, as far as the data say that it helps.

Neither spreads nor share are plugged in: every figure is averaged over a grid of them, weighted by the restricted
likelihood, so that intervals know that they are estimated. The first coefficient has a spread of its own; those
after it, which say how the slope changes further down, share one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

import numpy as np

from pricetrail.demand.response.panel import Bools, Floats

SPREADS = np.concatenate([[0.0], np.geomspace(0.05, 2.5, 10)])
SHARES = (0.3, 0.6, 0.9)
# Rows of the grid that are so much less likely than the best say nothing.
FAINT = 1e-2
LEAST = 1e-3


@dataclass(frozen=True, slots=True)
class Belief:
    """What is held before the data: ``usual``, the size that the coefficients' spreads are of, and the standard
    deviation ``vague`` of the mean of a coefficient around nothing."""

    usual: float
    vague: float


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """What s series' own weeks say of k coefficients: ``information`` H (s, k, k) and ``pulled`` h = H b (s, k); and
    the ``traits`` that they have in common, (s, f), rows of length at most one."""

    information: Floats
    pulled: Floats
    traits: Floats

    def take(self, chosen: Bools) -> Data:
        """Some of the series."""
        return Data(self.information[chosen], self.pulled[chosen], self.traits[chosen])

    @property
    def told(self) -> Bools:
        """Which series' weeks say anything."""
        return np.asarray(self.information.any(axis=(1, 2)))


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """What all series say together.

    Attributes:
        mean, cov: of the mean coefficients, shape (k,) and (k, k).
        spread: standard deviation between series, root mean square over its posterior, shape (k,).
        share: of the first coefficient's variance, what like series have in common, the mean over its posterior.
        grid, shares, weight: the spreads and shares tried, shape (g, k) and (g,), and the posterior weight of each.
        means, covs: of the mean coefficients and the traits' effects given each, (g, k + f) and (g, k + f, k + f).
    """

    mean: Floats
    cov: Floats
    spread: Floats
    share: float
    grid: Floats
    shares: Floats
    weight: Floats
    means: Floats
    covs: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Slopes:
    """Each series' coefficients given its own data and the pool: means (s, k) and covariances (s, k, k)."""

    mean: Floats
    cov: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Row:
    """One row of the grid, and what the pool is given it."""

    spread: Floats
    share: float
    score: float
    mean: Floats
    cov: Floats


def fit(data: Data, belief: Belief) -> Pool:
    """Pool series."""
    told, size = data.take(data.told), data.pulled.shape[1]
    plain = [_settle(told, np.array(spread), 0.0, belief) for spread in _spreads(SPREADS, SPREADS, size)]
    rows = _likely(plain)
    if told.traits.shape[1]:
        first, further = (_around(np.array([row.spread[at] for row in rows])) for at in (0, size - 1))
        shared = product(_spreads(first, further, size), SHARES)
        rows = _likely([*rows, *(_settle(told, np.array(one), share, belief) for one, share in shared)])
    weight = _weight(rows)
    means, covs = np.array([row.mean for row in rows]), np.array([row.cov for row in rows])
    grid, shares = np.array([row.spread for row in rows]), np.array([row.share for row in rows])
    mean, cov = mixed(means[:, :size], covs[:, :size, :size], weight)
    spread = np.sqrt(weight @ grid**2)
    return Pool(mean, cov, spread, float(weight @ shares), grid, shares, weight, means, covs)


def given(pool: Pool, data: Data) -> Slopes:
    """The coefficients of series, be they of the pool or not, given what their own data and the pool say."""
    size = data.pulled.shape[1]
    total, square = np.zeros_like(data.pulled), np.zeros_like(data.information)
    for spread, share, weight, mean, cov in zip(
        pool.grid, pool.shares, pool.weight, pool.means, pool.covs, strict=True
    ):
        own, traits = _apart(data.traits, spread, share)
        gain = own[:, :, None] * _shrink(data.information, own)
        keep = np.eye(size) - gain @ data.information
        prior = np.tile(mean[:size], (len(own), 1))
        prior[:, 0] += traits @ mean[size:]
        found = prior + np.einsum("sij,sj->si", gain, data.pulled - _times(data.information, prior))
        spreading = gain + keep @ _carried(cov, traits, size) @ keep.transpose(0, 2, 1)
        total += weight * found
        square += weight * (spreading + found[:, :, None] * found[:, None, :])
    return Slopes(total, square - total[:, :, None] * total[:, None, :])


def robust(pool: Pool, data: Data) -> Floats:
    """The covariance of the pool's mean, by how far the series' own scores really scatter where that is more.

    A sandwich with the series as clusters (Liang and Zeger, 1986), at the spread of the posterior.
    """
    told = data.take(data.told)
    shrink = _shrink(told.information, np.tile(pool.spread**2, (len(told.pulled), 1)))
    bread = np.linalg.pinv((shrink @ told.information).sum(axis=0), hermitian=True)
    scores = _times(shrink, told.pulled - told.information @ pool.mean)
    meat = scores.T @ scores * len(scores) / max(len(scores) - 1, 1)
    found = bread @ meat @ bread
    ratio = np.sqrt(np.maximum(np.diag(found) / np.maximum(np.diag(bread), LEAST**4), 1.0))
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


def mixed(means: Floats, covs: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Mean and covariance of a mixture: means (g, ..., k), covariances (g, ..., k, k), weights (g,)."""
    mean = np.tensordot(weight, means, 1)
    apart = means - mean
    cov = np.tensordot(weight, covs + apart[..., :, None] * apart[..., None, :], 1)
    return mean, cov


def _spreads(first: Floats, further: Floats, size: int) -> list[list[float]]:
    """Every pair of the first coefficient's spread and that of those after it."""
    if size == 1:
        return [[one] for one in first.tolist()]
    return [[one, *[other] * (size - 1)] for one, other in product(first.tolist(), further.tolist())]


def _around(spreads: Floats) -> Floats:
    """The spreads that were found, and their neighbours."""
    at = np.searchsorted(SPREADS, np.unique(spreads))
    near = np.unique(np.clip([at - 1, at, at + 1], 0, len(SPREADS) - 1))
    found: Floats = SPREADS[near]
    return found


def _prior(spread: Floats, usual: float) -> float:
    """The log of the prior mass of a row of the grid.

    Products do differ: no spread of the first coefficient has no mass (Chung et al., 2013). How the slope changes
    further down may well be the same for all, and hardly differs by more than the slope itself. Large spreads have as
    much mass as a half-Cauchy gives them (Gelman, 2006).
    """
    ratio = SPREADS / usual
    first = np.maximum(ratio / (1 + ratio**2) ** 1.5, LEAST)
    further = 1 / (1 + ratio**2)
    mass = zip((first, further), spread[:2].tolist(), strict=False)
    found = [np.log((np.gradient(SPREADS) * each)[np.searchsorted(SPREADS, at)]) for each, at in mass]
    return float(sum(found))


def _likely(rows: Iterable[_Row]) -> list[_Row]:
    found = list(rows)
    best = max(row.score for row in found)
    return [row for row in found if row.score > best + np.log(FAINT)]


def _weight(rows: list[_Row]) -> Floats:
    score = np.array([row.score for row in rows])
    mass = np.exp(score - score.max())
    weight: Floats = mass / mass.sum()
    return weight


def _settle(told: Data, spread: Floats, share: float, belief: Belief) -> _Row:
    """The restricted likelihood of a row of the grid, and the mean coefficients and the traits' effects given it."""
    size, many = told.pulled.shape[1], told.traits.shape[1]
    own, traits = _apart(told.traits, spread, share)
    shrink = _shrink(told.information, own)
    known, score = shrink @ told.information, _times(shrink, told.pulled)
    used = traits if share else traits[:, :0]
    precision = np.eye(size + used.shape[1])
    precision[:size, :size] = known.sum(axis=0) + np.eye(size) / belief.vague**2
    precision[size:, :size] = used.T @ known[:, 0]
    precision[:size, size:] = precision[size:, :size].T
    precision[size:, size:] += used.T @ (used * known[:, :1, 0])
    pulled = np.concatenate([score.sum(axis=0), used.T @ score[:, 0]])
    cov: Floats = np.eye(size + many)
    mean: Floats = np.zeros(size + many)
    cov[: len(pulled), : len(pulled)] = np.linalg.inv(precision)
    mean[: len(pulled)] = cov[: len(pulled), : len(pulled)] @ pulled
    fitted = float((told.pulled * own * score).sum() + pulled @ mean[: len(pulled)])
    spent = float(np.linalg.slogdet(shrink)[1].sum() - np.linalg.slogdet(precision)[1])
    beforehand = _prior(spread, belief.usual) - np.log(len(SHARES) + 1)
    return _Row(spread, share, (fitted + spent) / 2 + beforehand, mean, cov)


def _apart(traits: Floats, spread: Floats, share: float) -> tuple[Floats, Floats]:
    """The variance that is each series' own, (s, k), and the traits in units of their effects, (s, f)."""
    own: Floats = np.tile(spread**2, (len(traits), 1))
    own[:, 0] *= 1 - share * (traits**2).sum(axis=1)
    return own, traits * spread[0] * np.sqrt(share)


def _shrink(information: Floats, own: Floats) -> Floats:
    found: Floats = np.linalg.inv(np.eye(own.shape[1]) + information * own[:, None, :]).astype(np.float64)
    return found


def _times(matrices: Floats, vectors: Floats) -> Floats:
    found: Floats = np.einsum("sij,sj->si", matrices, vectors)
    return found


def _carried(cov: Floats, traits: Floats, size: int) -> Floats:
    """The covariance that the pool's own errors give each series' prior mean, shape (s, k, k)."""
    found = np.tile(cov[:size, :size], (len(traits), 1, 1))
    across = traits @ cov[size:, :size]
    found[:, 0] += across
    found[:, :, 0] += across
    found[:, 0, 0] += ((traits @ cov[size:, size:]) * traits).sum(axis=1)
    return found
