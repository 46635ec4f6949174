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

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from functools import partial
from itertools import product

import numpy as np

from pricetrail.demand.response.panel import Bools, Floats, Ints
from pricetrail.demand.response.stores import first, place, sums

SPREADS = np.concatenate([[0.0], np.geomspace(0.05, 2.5, 10)])
SHARES = (0.3, 0.6, 0.9)
# Rows of the grid that are so much less likely than the best say nothing.
FAINT = 1e-2
LEAST = 1e-3
SINGULAR = 1e-9
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
class Data:
    """What s series' own weeks say of k coefficients: ``information`` H (s, k, k) and ``pulled`` h = H b (s, k); the
    ``traits`` that they have in common, (s, f), rows of length at most one; and which ``product`` each is of, numbers
    that ascend, with how far the h of its stores are ``tied`` together (s, k, k), as ``local.Known`` has it."""

    information: Floats
    pulled: Floats
    traits: Floats
    product: Ints
    tied: Floats

    def take(self, chosen: Bools) -> Data:
        """Some of the series."""
        return Data(*(getattr(self, each.name)[chosen] for each in fields(self)))

    @property
    def told(self) -> Bools:
        """Which series' weeks say anything."""
        return np.asarray(self.information.any(axis=(1, 2)))

    def alike(self) -> Floats:
        """The covariance of the error that a product's stores have alike in their b, shape (p, k, k)."""
        known, tied = sums(self.information, self.product), sums(self.tied, self.product)
        part = np.linalg.pinv(known, rcond=SINGULAR, hermitian=True)
        found: Floats = part @ tied @ part
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Guess:
    """How series may differ: the ``spread`` of their coefficients, shape (k,); the ``share`` of the first one's
    variance that like series have in common; and how much of what is a product's own all its stores have, ``chain``."""

    spread: Floats
    share: float
    chain: float

    def own(self, traits: Floats) -> Floats:
        """The variance that is each series' own, and not its traits', shape (s, k)."""
        found: Floats = np.tile(self.spread**2, (len(traits), 1))
        found[:, 0] *= 1 - self.share * (traits**2).sum(axis=1)
        return found

    def effects(self, traits: Floats) -> Floats:
        """The traits in units of their effects, shape (s, f)."""
        found: Floats = traits * self.spread[0] * np.sqrt(self.share)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """A guess, how likely it is, and given it the mean coefficients and the traits' effects: ``mean`` (k + f,) and
    ``cov`` (k + f, k + f)."""

    guess: Guess
    score: float
    mean: Floats
    cov: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """What all series say together.

    Attributes:
        mean, cov: of the mean coefficients, shape (k,) and (k, k).
        usual: how series differ, in the mean over the posterior (root mean square for spreads).
        rows, weight: the likely guesses, and the posterior weight of each, shape (g,).
    """

    mean: Floats
    cov: Floats
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


@dataclass(frozen=True, slots=True, eq=False)
class _Parts:
    """What series say under a guess, and what products do.

    Attributes:
        own: the variance of what is each store's own, D, shape (s, k).
        shrink: (I + H D)^-1, shape (s, k, k).
        common: that of what is a product's own, in all its stores, shape (p, k, k).
        both: that and of the error that they have alike, shape (p, k, k).
        known: what a product's stores say together, were both nothing, shape (p, k, k).
        lone: what is left of that as both are not, (I + known both)^-1, shape (p, k, k).
    """

    own: Floats
    shrink: Floats
    common: Floats
    both: Floats
    known: Floats
    lone: Floats

    @classmethod
    def of(cls, data: Data, alike: Floats, guess: Guess) -> _Parts:
        whole, size = guess.own(data.traits), data.pulled.shape[1]
        own = (1 - guess.chain) * whole
        shrink = _left(data.information, own[:, :, None] * np.eye(size))
        common = guess.chain * whole[first(data.product), :, None] * np.eye(size)
        both, known = common + alike, sums(shrink @ data.information, data.product)
        return cls(own, shrink, common, both, known, _left(known, both))


def fit(data: Data, belief: Belief) -> Pool:
    """Pool series."""
    told, size = data.take(data.told), data.pulled.shape[1]
    settle = partial(_settle, told, told.alike(), belief)
    rows = _likely(_explored(settle, size, stores=len(first(told.product)) < len(told.product)))
    if told.traits.shape[1]:
        near, further = (_around(np.array([row.guess.spread[at] for row in rows])) for at in (0, size - 1))
        chains = sorted({row.guess.chain for row in rows})
        shared = product(_spreads(near, further, size), SHARES, chains)
        rows = _likely([*rows, *(settle(Guess(*one)) for one in shared)])
    weight = _weight(rows)
    means, covs = (np.array([getattr(row, name) for row in rows]) for name in ("mean", "cov"))
    mean, cov = mixed(means[:, :size], covs[:, :size, :size], weight)
    spread = np.sqrt(weight @ np.array([row.guess.spread for row in rows]) ** 2)
    share, chain = (float(weight @ [getattr(row.guess, name) for row in rows]) for name in ("share", "chain"))
    return Pool(mean, cov, Guess(spread, share, chain), tuple(rows), weight)


def given(pool: Pool, data: Data) -> Slopes:
    """The coefficients of series, be they of the pool or not, given what their own data and the pool say."""
    total, square = np.zeros_like(data.pulled), np.zeros_like(data.information)
    alike = data.alike()
    for row, weight in zip(pool.rows, pool.weight, strict=True):
        found, spreading = _told(row, data, alike)
        total += weight * found
        square += weight * (spreading + found[:, :, None] * found[:, None, :])
    return Slopes(total, square - total[:, :, None] * total[:, None, :])


def _told(row: Row, data: Data, alike: Floats) -> tuple[Floats, Floats]:
    """Mean and covariance of the coefficients of series, given a row.

    A store's coefficients are its prior's, what is its product's own, g, and what is its own; the product's stores tell
    the sum of g and of the error that they have alike, and each tells what is its own once that sum is known.
    """
    size, product = data.pulled.shape[1], place(data.product)
    effects, parts = row.guess.effects(data.traits), _Parts.of(data, alike, row.guess)
    prior = np.tile(row.mean[:size], (len(product), 1))
    prior[:, 0] += effects @ row.mean[size:]
    left = data.pulled - _times(data.information, prior)
    said = _times(parts.lone, sums(_times(parts.shrink, left), data.product))
    gain = parts.own[:, :, None] * parts.shrink
    heard, common = gain @ data.information, _times(parts.common, said)[product]
    found = prior + common + _times(gain, left - _times(data.information, _times(parts.both, said)[product]))
    sure, unsure = parts.lone @ parts.known, (parts.both @ parts.lone)[product]
    across = heard @ (parts.common @ parts.lone).transpose(0, 2, 1)[product]
    spreading = gain + (parts.common - parts.common @ sure @ parts.common)[product]
    spreading += heard @ unsure @ heard.transpose(0, 2, 1) - across - across.transpose(0, 2, 1)
    moved = parts.common[product] - heard @ parts.both[product]
    keep = np.eye(size) - heard - moved @ sure[product]
    spreading += keep @ _carried(row.cov, effects, size) @ keep.transpose(0, 2, 1)
    return found, spreading


def robust(pool: Pool, data: Data) -> Floats:
    """The covariance of the pool's mean, by how far the series' own scores really scatter where that is more.

    A sandwich with the products as clusters (Liang and Zeger, 1986), at the spread of the posterior.
    """
    told = data.take(data.told)
    parts = _Parts.of(told, told.alike(), replace(pool.usual, share=0.0))
    bread = np.linalg.pinv((parts.lone @ parts.known).sum(axis=0), hermitian=True)
    left = _times(parts.shrink, told.pulled - told.information @ pool.mean)
    scores = _times(parts.lone, sums(left, told.product))
    meat = scores.T @ scores * len(scores) / max(len(scores) - 1, 1)
    found = bread @ meat @ bread
    ratio = np.sqrt(np.maximum(np.diag(found) / np.maximum(np.diag(bread), LEAST**4), 1.0))
    wider: Floats = pool.cov * np.outer(ratio, ratio)
    return wider


def own_error(pool: Pool, data: Data) -> Floats:
    """The standard error of each series' own first coefficient, shape (s,), the others being as the pool has them."""
    alike = data.alike()[place(data.product)]
    information = _left(data.information, alike) @ data.information
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


def _settle(told: Data, alike: Floats, belief: Belief, guess: Guess) -> Row:
    """The restricted likelihood of a guess, and the mean coefficients and the traits' effects given it."""
    size, many = told.pulled.shape[1], told.traits.shape[1]
    parts = _Parts.of(told, alike, guess)
    each = _times(parts.shrink, told.pulled)
    told_by = sums(each, told.product)
    known, score = parts.lone @ parts.known, _times(parts.lone, told_by)
    used = guess.effects(told.traits)[first(told.product)] if guess.share else np.zeros((len(score), 0))
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
    fitted = float((told.pulled * parts.own * each).sum() + pulled @ mean[: len(pulled)])
    fitted += float((told_by * _times(parts.both, score)).sum())
    spent = float(sum(np.linalg.slogdet(part)[1].sum() for part in (parts.shrink, parts.lone)))
    spent -= float(np.linalg.slogdet(precision)[1])
    beforehand = _prior(guess.spread, belief.usual) - np.log(len(SHARES) + 1)
    return Row(guess, (fitted + spent) / 2 + beforehand, mean, cov)


def _left(known: Floats, unsure: Floats) -> Floats:
    """What is left of what is known where so much varies: (I + known unsure)^-1, shape (n, k, k)."""
    found: Floats = np.linalg.inv(np.eye(known.shape[2]) + known @ unsure).astype(np.float64)
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
