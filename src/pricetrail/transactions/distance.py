"""How far apart a reference and a window lie in one column: Evidently's statistics, for many windows at once.

Both are computed from counts over a column's distinct values, so that a window drawn from the reference costs
one pass over them. They equal Evidently's ``wasserstein`` and ``jensenshannon`` (a test holds them together).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pricetrail.transactions.observations import Floats, Ints

WASSERSTEIN, JENSENSHANNON = "wasserstein", "jensenshannon"
SMALLEST_SPREAD = 0.001
FEWEST_VALUES = 20
"""A column is not looked at in a window that holds fewer known values than this."""


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One column of observations: ``codes`` point into ``levels``, its distinct values in order; -1 is unknown.

    ``method`` is the name that Evidently gives the statistic, and ``fewest`` how many known values a window must hold.
    """

    name: str
    method: str
    codes: Ints
    levels: Floats
    fewest: int = FEWEST_VALUES

    @classmethod
    def of(cls, values: pd.Series[float] | pd.Series[str]) -> Column:
        """Encode a column: text is categorical, all else numeric."""
        codes, levels = pd.factorize(values, sort=True)
        if pd.api.types.is_numeric_dtype(values):
            return cls(str(values.name), WASSERSTEIN, codes, np.asarray(levels, dtype=np.float64))
        return cls(str(values.name), JENSENSHANNON, codes, np.arange(len(levels), dtype=np.float64))

    def counts(self, rows: Ints) -> Floats:
        """How often each level occurs in ``rows``."""
        codes = self.codes[rows]
        return np.bincount(codes[codes >= 0], minlength=len(self.levels)).astype(np.float64)

    def distances(self, reference: Floats, windows: Floats) -> Floats:
        """The distance of each window (rows x levels, counts) from the reference (levels, counts)."""
        return DISTANCES[self.method](self.levels, reference, windows)


def wasserstein(levels: Floats, reference: Floats, windows: Floats) -> Floats:
    """First Wasserstein distance over the reference's standard deviation (n in the denominator)."""
    share = reference / reference.sum()
    spread = np.sqrt(_dot(share, (levels - _dot(share, levels)) ** 2))
    gaps = np.cumsum(windows, axis=1) / windows.sum(axis=1, keepdims=True) - np.cumsum(share)
    distances: Floats = _dot(np.abs(gaps[:, :-1]), np.diff(levels)) / max(float(spread), SMALLEST_SPREAD)
    return distances


def jensenshannon(levels: Floats, reference: Floats, windows: Floats) -> Floats:
    """Jensen-Shannon distance: the root of the divergence, in natural units."""
    ours, theirs = reference / reference.sum(), windows / windows.sum(axis=1, keepdims=True)
    middle = (ours + theirs) / 2
    divergence = _entropy(ours, middle).sum(axis=1) + _entropy(theirs, middle).sum(axis=1)
    distances: Floats = np.sqrt(np.maximum(divergence, 0) / 2)
    return distances


def _dot(weights: Floats, values: Floats) -> Floats:
    """A product whose last bit does not hang on the number of threads, as that of ``@`` does."""
    total: Floats = (weights * values).sum(axis=-1)
    return total


def _entropy(share: Floats, middle: Floats) -> Floats:
    share = np.broadcast_to(share, middle.shape)
    ratio = np.divide(share, middle, out=np.ones_like(middle), where=share > 0)
    return share * np.log(ratio)


DISTANCES: dict[str, Callable[[Floats, Floats, Floats], Floats]] = {
    WASSERSTEIN: wasserstein,
    JENSENSHANNON: jensenshannon,
}
