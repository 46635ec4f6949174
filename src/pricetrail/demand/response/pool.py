"""Slopes of many series, each known as well as its own data know it, pooled with partial shrinkage.

A series' data say about its coefficients b what a normal likelihood with information H and h = H b-hat says,
singular where a series never varied. Coefficients are drawn from N(mean, diag(spread^2)) (empirical Bayes; Morris,
1983). Of the variance of the first one, series of like names share some: it is mean + F u + what is the series'
own, with ``traits`` F (``alike.traits``) and u normal, as breeding values are (Henderson, 1975). So bunting is shrunk
towards bunting, as far as the data say that it helps. What all series have in common in a week (``shifts``) is
estimated beside the mean and u, so that intervals know where weeks and prices are not told apart.

Neither spreads nor share are plugged in: every figure is averaged over a grid of them, weighted by the restricted
likelihood, so that intervals know that they are estimated. The first coefficient has a spread of its own; those
after it, which say how the slope changes further down, share one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from itertools import product

import numpy as np

from pricetrail.demand.response.guess import Data, Guess, Parts, remaining, times
from pricetrail.demand.response.panel import Floats
from pricetrail.demand.response.shifts import Shifts, inverted
from pricetrail.demand.response.stores import first, pieces, place, sums

SPREADS = np.concatenate([[0.0], np.geomspace(0.05, 2.5, 10)])
SHARES = (0.3, 0.6, 0.9)
# Rows of the grid that are so much less likely than the best say nothing.
FAINT = 1e-2
LEAST = 1e-3
# Shifts may be so many times as large as they were unsure if slopes were known.
SHIFT = 1e3
CHUNK = 2000
# How much of a product's own all its stores may have.
CHAINS = (0.0, 0.6, 0.9, 0.99)
# One spread of so many is tried at first, and then those beside likely ones.
COARSE = 3
STEPS = np.concatenate([np.eye(3, dtype=int), -np.eye(3, dtype=int)])


@dataclass(frozen=True, slots=True)
class Belief:
    """What is held before the data: ``usual``, the size that the coefficients' spreads are of, and the standard
    deviation ``vague`` of the mean of a coefficient around nothing."""

    usual: float
    vague: float


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """A guess, how likely it is, and given it the mean coefficients, the shifts and the traits' effects, one
    after the other: ``mean`` (k + t + f,) and ``cov`` (k + t + f, k + t + f)."""

    guess: Guess
    score: float
    mean: Floats
    cov: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """What all series say together.

    Attributes:
        mean, cov: of the mean coefficients, shape (k,) and (k, k).
        shifts, unsure: and their covariance, shape (t,) and (t, t).
        usual: how series differ, in the mean over the posterior (root mean square for spreads).
        rows, weight: the likely guesses, and the posterior weight of each, shape (g,).
    """

    mean: Floats
    cov: Floats
    shifts: Floats
    unsure: Floats
    usual: Guess
    rows: tuple[Row, ...]
    weight: Floats

    @property
    def spread(self) -> Floats:
        """Standard deviation between series, shape (k,)."""
        return self.usual.spread


@dataclass(frozen=True, slots=True, eq=False)
class Slopes:
    """Each series' coefficients given its own data and the pool: means (s, k) and covariances (s, k, k)."""

    mean: Floats
    cov: Floats


def fit(data: Data, belief: Belief) -> Pool:
    """Pool series."""
    told, size = data.take(data.told), data.pulled.shape[1]
    settle = partial(_settle, told, told.alike(), inverted(told.information) @ told.swayed, belief)
    rows = _likely(_explored(settle, size, stores=len(first(told.product)) < len(told.product)))
    if told.traits.shape[1]:
        near, further = (_around(np.array([row.guess.spread[at] for row in rows])) for at in (0, size - 1))
        chains = sorted({row.guess.chain for row in rows})
        shared = product(_spreads(near, further, size), SHARES, chains)
        rows = _likely([*rows, *(settle(Guess(*one)) for one in shared)])
    weight = _weight(rows)
    means, covs = (np.array([getattr(row, name) for row in rows]) for name in ("mean", "cov"))
    some = size + data.swayed.shape[2]
    mean, cov = mixed(means[:, :some], covs[:, :some, :some], weight)
    spread = np.sqrt(weight @ np.array([row.guess.spread for row in rows]) ** 2)
    share, chain = (float(weight @ [getattr(row.guess, name) for row in rows]) for name in ("share", "chain"))
    usual = Guess(spread, share, chain)
    return Pool(mean[:size], cov[:size, :size], mean[size:], cov[size:, size:], usual, tuple(rows), weight)


def given(pool: Pool, data: Data) -> Slopes:
    """The coefficients of series, be they of the pool or not, given what their own data and the pool say."""
    parts = [_given(pool, data.take(some)) for some in pieces(data.product, CHUNK)]
    return Slopes(*(np.concatenate(each) for each in zip(*parts, strict=True)))


def _given(pool: Pool, data: Data) -> tuple[Floats, Floats]:
    total, square, alike = np.zeros_like(data.pulled), np.zeros_like(data.information), data.alike()
    for row, weight in zip(pool.rows, pool.weight, strict=True):
        found, spreading = _told(row, data, alike)
        total += weight * found
        square += weight * (spreading + found[:, :, None] * found[:, None, :])
    return total, square - total[:, :, None] * total[:, None, :]


def _told(row: Row, data: Data, alike: Floats) -> tuple[Floats, Floats]:
    """Mean and covariance of the coefficients of series, given a row.

    A store's coefficients are its prior's, what is its product's own, g, and what is its own; the product's stores tell
    the sum of g and of the error that they have alike, and each tells what is its own once that sum is known.
    """
    size, many = data.swayed.shape[1:]
    effects, parts, product = (
        row.guess.effects(data.traits),
        Parts.of(data, alike, row.guess),
        place(data.product),
    )
    mean, shifts, traits = np.split(row.mean, [size, size + many])
    prior = np.tile(mean, (len(product), 1))
    prior[:, 0] += effects @ traits
    left = data.pulled - times(data.information, prior) - data.swayed @ shifts
    moved = parts.moved(np.concatenate([left[..., None], data.information, data.swayed], axis=2))
    gain = parts.own[:, :, None] * parts.shrink
    heard = gain @ data.information
    sure, unsure = parts.lone @ parts.known, (parts.both @ parts.lone)[product]
    across = heard @ (parts.common @ parts.lone).transpose(0, 2, 1)[product]
    spreading = gain + (parts.common - parts.common @ sure @ parts.common)[product]
    spreading += heard @ unsure @ heard.transpose(0, 2, 1) - across - across.transpose(0, 2, 1)
    keep = np.eye(size) - moved[..., 1 : 1 + size]
    by = np.concatenate([keep, -moved[..., 1 + size :], keep[..., :1] * effects[:, None]], axis=2)
    return prior + moved[..., 0], spreading + by @ row.cov @ by.transpose(0, 2, 1)


def robust(pool: Pool, data: Data) -> Floats:
    """The covariance of the pool's mean, by how far the series' own scores really scatter where that is more.

    A sandwich with the products as clusters (Liang and Zeger, 1986), at the spread of the posterior.
    """
    told = data.take(data.told)
    parts = Parts.of(told, told.alike(), replace(pool.usual, share=0.0))
    bread = np.linalg.pinv((parts.lone @ parts.known).sum(axis=0), hermitian=True)
    left = times(parts.shrink, told.pulled - told.information @ pool.mean - told.swayed @ pool.shifts)
    scores = times(parts.lone, sums(left, told.product))
    meat = scores.T @ scores * len(scores) / max(len(scores) - 1, 1)
    found = bread @ meat @ bread
    ratio = np.sqrt(np.maximum(np.diag(found) / np.maximum(np.diag(bread), LEAST**4), 1.0))
    wider: Floats = pool.cov * np.outer(ratio, ratio)
    return wider


def own_error(pool: Pool, data: Data) -> Floats:
    """The standard error of each series' own first coefficient, shape (s,), the others being as the pool has them."""
    alike = data.alike(pool.unsure)[place(data.product)]
    information = remaining(data.information, alike) @ data.information
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


def _spreads(first: Floats, further: Floats, size: int) -> list[Floats]:
    """Every pair of the first coefficient's spread and that of those after it."""
    return [_spread(one, other, size) for one in first for other in (further if size > 1 else further[:1])]


def _spread(first: float, further: float, size: int) -> Floats:
    return np.array([first, *[further] * (size - 1)])


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


def _likely(rows: Iterable[Row]) -> list[Row]:
    found = list(rows)
    best = max(row.score for row in found)
    return [row for row in found if row.score > best + np.log(FAINT)]


def _weight(rows: list[Row]) -> Floats:
    score = np.array([row.score for row in rows])
    mass = np.exp(score - score.max())
    weight: Floats = mass / mass.sum()
    return weight


def _explored(settle: Callable[[Guess], Row], size: int, *, stores: bool) -> list[Row]:
    """The rows of the grid without traits that are likely, and those around them: from a coarse grid on, the neighbours
    of likely rows until there are no more."""
    chains = CHAINS if stores else CHAINS[:1]
    many = (len(SPREADS), len(SPREADS) if size > 1 else 1, len(chains))
    rows = dict[tuple[int, ...], Row]()
    ahead = set(product(*(range(0, count, COARSE) for count in many[:2]), range(many[2])))
    while ahead:
        for one, other, chain in ahead:
            spread = _spread(SPREADS[one], SPREADS[other], size)
            rows[one, other, chain] = settle(Guess(spread, 0.0, chains[chain]))
        best = max(row.score for row in rows.values())
        near = np.array([at for at, row in rows.items() if row.score > best + 2 * np.log(FAINT)])
        beside = (near[:, None] + STEPS).reshape(-1, 3)
        ahead = {tuple(at) for at in np.clip(beside, 0, np.array(many) - 1).tolist()} - rows.keys()
    return [rows[at] for at in sorted(rows)]


def _settle(told: Data, alike: Floats, moved: Floats, belief: Belief, guess: Guess) -> Row:
    """The restricted likelihood of a guess, and the mean coefficients, shifts and traits' effects given it; each shift
    moves the b of a series by what is ``moved`` (s, k, t)."""
    parts = Parts.of(told, alike, guess)
    each, whole = parts.heard(np.concatenate([told.pulled[..., None], told.swayed], axis=2))
    used = guess.effects(told.traits)[first(told.product)] if guess.share else np.zeros((len(whole), 0))
    between = np.tensordot(moved, each, ((0, 1), (0, 1)))
    shifts = Shifts(told.shifts.information + between[:, 1:], told.shifts.pulled + between[:, 0])
    precision, pulled = _equations(parts, shifts, used, whole)
    (size, shifted), many = told.swayed.shape[1:], len(pulled)
    precision += np.diag(np.repeat([belief.vague**-2, SHIFT**-2, 1.0], [size, shifted, used.shape[1]]))
    cov: Floats = np.eye(size + shifted + told.traits.shape[1])
    mean: Floats = np.zeros(len(cov))
    cov[:many, :many] = np.linalg.inv(precision)
    mean[:many] = cov[:many, :many] @ pulled
    fitted = float((told.pulled * parts.own * each[..., 0]).sum() + pulled @ mean[:many])
    fitted += float((sums(told.pulled, told.product) * times(parts.both, whole[..., 0])).sum())
    spent = float(sum(np.linalg.slogdet(part)[1].sum() for part in (parts.shrink, parts.lone)))
    spent -= float(np.linalg.slogdet(precision)[1])
    beforehand = _prior(guess.spread, belief.usual) - np.log(len(SHARES) + 1)
    return Row(guess, (fitted + spent) / 2 + beforehand, mean, cov)


def _equations(parts: Parts, shifts: Shifts, used: Floats, whole: Floats) -> tuple[Floats, Floats]:
    """The matrix and the right side that mean, shifts and the effects of the traits ``used`` (p, f) solve, where all
    that is said of the ``shifts`` alone is given, and of products the ``whole`` that is heard of h and shifts."""
    known, score, swayed = parts.lone @ parts.known, whole[..., 0], whole[..., 1:]
    mean = [known.sum(axis=0), swayed.sum(axis=0), known[:, 0].T @ used]
    shift = [mean[1].T, shifts.information, swayed[:, 0].T @ used]
    effects = [mean[2].T, shift[2].T, used.T @ (used * known[:, :1, 0])]
    pulled = [score.sum(axis=0), shifts.pulled, used.T @ score[:, 0]]
    return np.block([mean, shift, effects]), np.concatenate(pulled)
