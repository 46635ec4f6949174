"""What all series have in common in a week, and how little of it is known where they are few or move together.

The baseline's weeks are found from the very series whose slopes are asked for. Of two series each is half of the weeks
that it is held against; and where prices move in all of them at once, a week cannot be told from its price. So each
week has a shift beside the baseline, the same for all series, and shifts are estimated together with the slopes:
what series say of their slopes is known given the shifts, what they say of the shifts beside their slopes is
added up here, and ``pool`` puts the two together (the two-way model with its weeks as effects among the others;
Wansbeek and Kapteyn, 1989). Of many series whose prices move when they please, most shifts are known whatever the
slopes: those that are not are few, and found by what slopes take of them (``guess.Data.basis``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from pricetrail.demand.response import stores
from pricetrail.demand.response.noise import Noise
from pricetrail.demand.response.panel import Floats, Ints

SINGULAR = 1e-9
TINY = 1e-9
# Of a week that is nearly all one series' own, its residuals hold nothing to judge noise by.
LEAST = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Shifts:
    """What series say of t shifts, whatever their slopes: ``information`` (t, t) and ``pulled`` (t,)."""

    information: Floats
    pulled: Floats

    @classmethod
    def total(cls, parts: Iterable[Shifts]) -> Shifts:
        """What different products say together."""
        known = [(part.information, part.pulled) for part in parts]
        information, pulled = (np.sum(each, axis=0) for each in zip(*known, strict=True))
        return cls(information, pulled)

    def along(self, basis: Floats) -> Shifts:
        """The same of sums of weeks, the columns of ``basis`` (t, q)."""
        return Shifts(basis.T @ self.information @ basis, basis.T @ self.pulled)


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """What series tell, with k coefficients: their own ``information`` H (s, k, k) and ``pulled`` h (s, k) given the
    shifts; the ``columns`` of their design less what a level takes, (s, t, k), and what they ``strayed`` by less the
    same at coefficients of zero, (s, t), both zero where no week counts; the variance of each week's ``counting``,
    infinite there (s, t); what is ``left`` of a shift in each series, (s, t), and which ``product`` it is of."""

    information: Floats
    pulled: Floats
    columns: Floats
    strayed: Floats
    counting: Floats
    left: Floats
    product: Ints


def heard(series: Series, noise: Noise, times: Ints) -> tuple[Floats, Floats, Shifts]:
    """How far a shift of each week moves the h of each series, shape (s, k, t); the covariance that what a product's
    stores stray by in common gives the sum of their h, told at the first of them, (s, k, k); and what is said of the
    shifts."""
    own, inverse = noise.own, inverted(series.information)
    level = np.isfinite(series.counting)[..., None].astype(np.float64)
    columns = np.concatenate([level, series.columns, series.strayed[..., None]], axis=2)
    weighed = own.weighed(columns, series.counting, times)
    sure = np.maximum((weighed * level)[..., 0].sum(axis=1), TINY)
    felt = weighed * series.left[..., None]
    swayed = felt[..., 1:-1].transpose(0, 2, 1)
    pulled = felt[..., -1] - np.einsum("skt,skl,sl->st", swayed, inverse, series.pulled)
    spent = np.concatenate(
        [felt[..., :1] / np.sqrt(sure)[:, None, None], felt[..., 1:-1] @ _root(inverse)], axis=2
    )
    shared, together = noise.shared(times), stores.sums(swayed, series.product)
    tied = np.zeros_like(series.information)
    tied[stores.first(series.product)] = together @ shared @ together.transpose(0, 2, 1)
    alone = series.product if noise.alike else np.zeros_like(series.product)
    known = own.informed(series.left, series.counting, times, alone) - _squares(spent, alone)
    part = np.linalg.inv(np.eye(len(times)) + known @ shared)
    whole = part @ stores.sums(pulled, alone)[..., None]
    return swayed, tied, Shifts((part @ known).sum(axis=0), whole.sum(axis=0)[:, 0])


def inverted(information: Floats) -> Floats:
    """The inverse of what is known, of directions in which anything is: shape (n, k, k)."""
    found: Floats = np.linalg.pinv(information, rcond=SINGULAR, hermitian=True).astype(np.float64)
    return found


def restored(
    strayed: Floats, counting: Floats, scale: Floats, product: Ints, left: Floats
) -> tuple[Floats, Floats, Floats]:
    """What series strayed by, and the variance of counting, as if the weeks had been known, and not found from the
    same counts: what is less in them for that is put back. And ``left``, where products' part differs from series'.

    Args:
        strayed, counting: as ``noise.fit`` takes them, NaN where no week counts; shape (s, t).
        scale: variance of counting beside the mean, shape (s,).
        product, left: as ``noise.fit`` takes them.
    """
    mean = np.nan_to_num(scale[:, None] / counting)
    share = mean / np.maximum(mean.sum(axis=0), TINY)
    squares = (share**2).sum(axis=0)
    kept = 1 - 2 * share + squares
    whole = stores.sums(share, product)
    common = (1 - 2 * whole + (whole**2).sum(axis=0))[stores.place(product)]
    others = (1 - 2 * share) * counting + np.nansum(share**2 * counting, axis=0)
    known = kept > LEAST
    kept = np.where(known, kept, 1.0)
    gone = np.where(known, 1.0, np.nan)
    return gone * strayed / np.sqrt(kept), gone * others / kept, left * np.sqrt(np.maximum(common, 0) / kept)


def _squares(rows: Floats, product: Ints) -> Floats:
    """The sum over each product's series of R R', for R of shape (s, t, n)."""
    edges = [*stores.first(product).tolist(), len(product)]
    parts = [rows[a:b].transpose(1, 0, 2).reshape(rows.shape[1], -1) for a, b in pairwise(edges)]
    return np.array([each @ each.T for each in parts]).reshape(-1, rows.shape[1], rows.shape[1])


def _root(matrices: Floats) -> Floats:
    """R with R R' = M, of matrices that may be singular, shape (n, k, k)."""
    values, vectors = np.linalg.eigh(matrices)
    found: Floats = vectors * np.sqrt(np.maximum(values, 0))[:, None]
    return found
