"""What series say of their coefficients, and what of it is heard if they differ as a guess has it.

Stores of a product share some of what is its own, and err alike in what strayed in all of them; how far is in the
algebra here, so that ``pool`` need not ask whether a series is a product or one of its stores.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pricetrail.demand.response.panel import Bools, Floats, Ints
from pricetrail.demand.response.shifts import SINGULAR, Shifts, inverted
from pricetrail.demand.response.stores import first, place, sums

# A shift of which slopes take less than such a share of what is known of it is as good as known.
SHARE = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """What s series' own weeks say of k coefficients: ``information`` H (s, k, k) and ``pulled`` h = H b (s, k), which
    t ``shifts`` move by ``swayed`` (s, k, t); the ``traits`` that they have in common, (s, f), rows of length at most
    one; and which ``product`` each is of, numbers that ascend, with how far the h of its stores are ``tied`` together
    (s, k, k), as ``local.Known`` has it."""

    information: Floats
    pulled: Floats
    swayed: Floats
    traits: Floats
    product: Ints
    tied: Floats
    shifts: Shifts

    def take(self, chosen: Bools | slice) -> Data:
        """Some of the series."""
        names = ("information", "pulled", "swayed", "traits", "product", "tied")
        return replace(self, **{name: getattr(self, name)[chosen] for name in names})

    def basis(self) -> Floats:
        """The sums of shifts that slopes take much of, (t, q), in units of how well they were known if slopes were."""
        taken = np.tensordot(inverted(self.information) @ self.swayed, self.swayed, ((0, 1), (0, 1)))
        alike, swayed = self.alike(), sums(self.swayed, self.product)
        lost = alike @ remaining(sums(self.information, self.product), alike)
        taken -= np.tensordot(swayed, lost @ swayed, ((0, 1), (0, 1)))
        values, vectors = np.linalg.eigh(self.shifts.information + taken)
        sure = values > SINGULAR * values.max(initial=SINGULAR)
        unit = vectors[:, sure] / np.sqrt(values[sure])
        share, turned = np.linalg.eigh(unit.T @ taken @ unit)
        found: Floats = unit @ turned[:, share > SHARE]
        return found

    def along(self, basis: Floats) -> Data:
        """What is said of sums of the shifts alone, the columns of a ``basis`` (t, q)."""
        return replace(self, swayed=self.swayed @ basis, shifts=self.shifts.along(basis))

    @property
    def told(self) -> Bools:
        """Which series' weeks say anything."""
        return np.asarray(self.information.any(axis=(1, 2)))

    def alike(self, unsure: Floats | None = None) -> Floats:
        """The covariance of the error that a product's stores have alike in their b, shape (p, k, k): given the shifts,
        or where theirs is ``unsure`` (t, t)."""
        tied, part = sums(self.tied, self.product), inverted(sums(self.information, self.product))
        if unsure is not None:
            swayed = sums(self.swayed, self.product)
            tied = tied + swayed @ unsure @ swayed.transpose(0, 2, 1)
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
class Parts:
    """What series say under a guess, and what products do.

    Attributes:
        data: what they say.
        own: the variance of what is each store's own, D, shape (s, k).
        shrink: (I + H D)^-1, shape (s, k, k).
        common: that of what is a product's own, in all its stores, shape (p, k, k).
        both: that and of the error that they have alike, shape (p, k, k).
        known: what a product's stores say together, were both nothing, shape (p, k, k).
        lone: what is left of that as both are not, (I + known both)^-1, shape (p, k, k).
    """

    data: Data
    own: Floats
    shrink: Floats
    common: Floats
    both: Floats
    known: Floats
    lone: Floats

    @classmethod
    def of(cls, data: Data, alike: Floats, guess: Guess) -> Parts:
        whole, size = guess.own(data.traits), data.pulled.shape[1]
        own = (1 - guess.chain) * whole
        shrink = remaining(data.information, own[:, :, None] * np.eye(size))
        common = guess.chain * whole[first(data.product), :, None] * np.eye(size)
        both, known = common + alike, sums(shrink @ data.information, data.product)
        return cls(data, own, shrink, common, both, known, remaining(known, both))

    def heard(self, columns: Floats) -> tuple[Floats, Floats]:
        """What is heard of columns (s, k, c) of the h as series differ and err: (I + H S)^-1 times them, where S is the
        covariance of all that; and its sums by product."""
        each, product = self.shrink @ columns, self.data.product
        whole = self.lone @ sums(each, product)
        return each - self.shrink @ self.data.information @ (self.both @ whole)[place(product)], whole

    def moved(self, columns: Floats) -> Floats:
        """How far the columns move what is believed of the coefficients, shape (s, k, c)."""
        each, whole = self.heard(columns)
        found: Floats = (self.common @ whole)[place(self.data.product)] + self.own[..., None] * each
        return found


def remaining(known: Floats, unsure: Floats) -> Floats:
    """What is left of what is known where so much varies: (I + known unsure)^-1, shape (n, k, k)."""
    found: Floats = np.linalg.inv(np.eye(known.shape[2]) + known @ unsure).astype(np.float64)
    return found


def times(matrices: Floats, vectors: Floats) -> Floats:
    """Each matrix (s, k, k) times its vector (s, k)."""
    found: Floats = np.einsum("sij,sj->si", matrices, vectors)
    return found
