"""How far a window may lie from the reference without drift: thresholds from the reference's own windows.

Drawing single rows would understate it: lines of an order go together, and weeks of a healthy shop differ by
more than chance. So whole windows of the reference are compared with the rest of it; one with clearly more
orders than the window under test is cut down to its size, by orders and without replacement. What they show
is chance and the shop's natural change together.

A run in a hundred lies beyond the few dozen windows that a year holds. So a column's tail over its median is
smoothed as an exponential (peaks over a threshold; J. Pickands, 1975), and because its mean is known from k
excesses only, by its prediction limit: the ratio of a new excess to the mean of k is F-distributed with 2 and
2k degrees of freedom (J. F. Lawless, 1971). The fewer the windows, the wider the thresholds.

A run has drifted when any column reaches its threshold. Each of them is given an equal part of the false alarms
(C. E. Bonferroni, 1936): one whose natural change is wild must not widen the thresholds of the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from pricetrail.transactions.distance import FEWEST_VALUES, JENSENSHANNON, WASSERSTEIN, Column
from pricetrail.transactions.observations import Bools, Floats, Ints

FEWEST_WINDOWS = 6
"""With fewer windows to compare, what is natural for the shop is unknown."""
SMALLEST_THRESHOLD = 0.05
"""No threshold is set below half of Evidently's own default: a smaller change would not matter."""
SMALLEST_SCALE = 0.00001
"""Distances, or their squares, that differ by less are alike."""
LARGER = 1.5
"""With up to so many times its orders a window is of the current one's size; larger ones are cut to it."""
POWERS = {WASSERSTEIN: 1.0, JENSENSHANNON: 2.0}
"""The square of a Jensen-Shannon distance, a divergence, goes like chi-squared, and so has an exponential tail."""
HEAVY = 0.5
"""One product's offer moves a handful of prices far: then it is the root of their distance that has such a tail."""


@dataclass(frozen=True, slots=True, eq=False)
class Null:
    """Distances where nothing changed: ``draws`` (draws x columns), and the window that each draw is from.

    A distance is NaN where a draw knows too little of the column. ``powers`` says of each column to which power
    the tail of its distances is about exponential.
    """

    draws: Floats
    windows: Ints
    powers: Floats

    @property
    def excesses(self) -> Floats:
        """Of how many excesses over its median each column tells: draws of one window are as good as one."""
        known = [len(np.unique(self.windows[~np.isnan(column)])) for column in self.draws.T]
        return np.array(known) / 2

    def thresholds(self, false_alarms: float) -> Floats:
        """One threshold per column; a share ``false_alarms`` of runs without drift, or less, reaches any of them."""
        (centre, excess), k = _measures(self.draws**self.powers), self.excesses
        part = false_alarms / len(self.powers)
        reach = centre + excess * k * ((0.5 / part) ** (1 / k) - 1)
        thresholds: Floats = np.maximum(reach ** (1 / self.powers), SMALLEST_THRESHOLD)
        return thresholds

    def rarity(self, distances: Floats) -> float:
        """The share of runs without drift, at most, in which a column comes as far as the farthest of these."""
        (centre, excess), k = _measures(self.draws**self.powers), self.excesses
        beyond = np.maximum((distances**self.powers - centre) / excess, 0)
        tail = 0.5 * (1 + beyond / k) ** -k
        return min(1.0, float(len(tail) * tail.min()))


def natural(columns: Sequence[Column], rows: pd.DataFrame, *, resamples: int, seed: int) -> Null:
    """Compare windows of the reference, drawn at the current window's size, with the rest of the reference.

    Args:
        columns: what is compared.
        rows: the ``order`` and the ``window`` of each observation; the highest window is under test.
        resamples: how many draws; every comparable window gives its part, and at least one.
        seed: of the draws.
    """
    rng, usable = np.random.default_rng(seed), comparable(rows)
    windows, orders = rows["window"].to_numpy(), rows["order"].to_numpy()
    current = int(windows.max())
    size, reference = len(np.unique(orders[windows == current])), np.flatnonzero(windows < current)
    compared = [(column, column.counts(reference), known(column, rows, usable)[1]) for column in columns]
    draws, sources = [], []
    for number, window in enumerate(usable.windows):
        inside = np.flatnonzero(windows == window)
        parts = max(1, -((number - resamples) // len(usable.windows)))
        chosen = [inside[picked] for picked in _picked(orders[inside], size, parts, rng)]
        apart = _apart(compared, inside, chosen)
        draws.append(np.resize(apart, (parts, len(columns))))
        sources += [window] * parts
    apart = np.concatenate(draws)
    told = ~np.isnan(apart).all(axis=1)
    heavy = [HEAVY if column.fewest < FEWEST_VALUES else 1.0 for column in columns]
    powers = np.array([POWERS[column.method] for column in columns]) * heavy
    return Null(apart[told], np.array(sources)[told], powers)


@dataclass(frozen=True, slots=True)
class Comparable:
    """Windows of the reference to compare, and how many of the current one's orders they usually have (1 at most)."""

    windows: tuple[int, ...]
    share: float


def comparable(rows: pd.DataFrame) -> Comparable:
    """The windows of the reference that are of the current one's size, or of their own usual size: not half empty.

    Windows with a number below 0 are too old, or only taught what is usual.
    """
    counts = rows.groupby("window")["order"].nunique()
    before, now = counts[(counts.index >= 0) & (counts.index < counts.index.max())], counts.iloc[-1]
    share = min(1.0, float(before.median()) / now) if len(before) else 0.0
    return Comparable(tuple(before.index[before > share * now / 2].tolist()), share)


def known(column: Column, rows: pd.DataFrame, usable: Comparable) -> tuple[pd.Series[int], float]:
    """How many values of a column each comparable window knows, and how many it needs to be of size in it too."""
    counts = rows["window"][column.codes >= 0].value_counts()
    now = float(counts.get(rows["window"].max(), 0))
    return counts.reindex(list(usable.windows), fill_value=0), max(column.fewest, usable.share * now / 2)


def whole(column: Column, rows: pd.DataFrame, usable: Comparable) -> Column:
    """A column that asks for no more values than a window usually holds: where these are all that there are, as one
    price of each of a dozen products is, they are no sample that could be too small."""
    usual = int(known(column, rows, usable)[0].median()) if usable.windows else 0
    return replace(column, fewest=max(1, min(column.fewest, usual)))


def _picked(orders: Ints, size: int, parts: int, rng: np.random.Generator) -> list[Bools]:
    """Which rows fall to ``size`` orders, drawn ``parts`` times; all rows, once, where there are hardly more."""
    known = np.unique(orders)
    if len(known) <= LARGER * size:
        return [np.ones(len(orders), dtype=bool)]
    return [np.isin(orders, rng.permutation(known)[:size]) for _ in range(parts)]


def _apart(compared: Sequence[tuple[Column, Floats, float]], inside: Ints, chosen: Sequence[Ints]) -> Floats:
    """Distances (draws x columns) of what was ``chosen`` from ``inside`` a window from all outside of it.

    Each column comes with its counts before the current window, and with how many known values a draw needs
    to be of the current window's size in it.
    """
    distances = np.full((len(chosen), len(compared)), np.nan)
    for number, (column, total, least) in enumerate(compared):
        counts = np.stack([column.counts(part) for part in chosen])
        told = counts.sum(axis=1) >= least
        if told.any():
            distances[told, number] = column.distances(total - column.counts(inside), counts[told])
    return distances


def _measures(draws: Floats) -> tuple[Floats, Floats]:
    """Each column's median, and its mean excess over that."""
    centre: Floats = np.nanmedian(draws, axis=0)
    beyond = draws - centre
    above = beyond > 0
    excess: Floats = np.where(above, beyond, 0.0).sum(axis=0) / np.maximum(above.sum(axis=0), 1)
    return centre, np.maximum(excess, SMALLEST_SCALE)
