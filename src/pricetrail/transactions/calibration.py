"""How far a window may lie from the reference with no drift: thresholds from the reference's own windows.

Drawing single rows would understate it: lines of an order go together, and weeks of a healthy shop differ by
more than chance. So whole windows of the reference are compared with the rest of it, each cut down, by orders
and without replacement, to the size of the window under test. What they show is chance and the shop's natural
change together.

A run is called drifted when any column passes its threshold, so it is the largest distance of a run that is
calibrated (a max-statistic), each column's measured from its median in units of its mean excess over that
median. A run in a hundred lies far beyond the few dozen windows that a year holds. Its largest distance is
smoothed by an exponential tail over the median (peaks over a threshold; J. Pickands, 1975), and because the
tail's mean is known from k excesses only, by its prediction limit: a new excess over the mean of k is
F-distributed with 2 and 2k degrees of freedom (J. F. Lawless, 1971). The fewer the windows, the wider the
thresholds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pricetrail.transactions.distance import Column
from pricetrail.transactions.observations import Bools, Floats, Ints

FEWEST_WINDOWS = 6
"""With fewer windows to compare, what is natural for the shop is unknown."""
SMALLEST_THRESHOLD = 0.05
"""No threshold is set below half of Evidently's own default: a smaller change would not matter."""
SMALLEST_SCALE = 0.001
"""Distances that differ by less are alike."""
LARGER = 1.5
"""Windows with up to so many times the current one's orders are of its size; larger ones are cut down to it."""
FEWEST_VALUES = 20
"""A column is not looked at in a window that holds fewer known values than this."""


@dataclass(frozen=True, slots=True, eq=False)
class Null:
    """Distances where nothing changed: ``draws`` (draws x columns), of ``windows`` different windows.

    A distance is NaN where a draw knows too little of the column.
    """

    draws: Floats
    windows: int

    @property
    def centre(self) -> Floats:
        """Each column's median."""
        return _median(self.draws)

    @property
    def scale(self) -> Floats:
        """Each column's mean excess over its median."""
        return _mean_excess(self.draws)

    def largest(self, distances: Floats) -> Floats:
        """The largest of each run's distances (runs x columns), in scales over the column's centre."""
        furthest: Floats = np.nanmax((distances - self.centre) / self.scale, axis=1)
        return furthest

    def limit(self, false_alarms: float) -> float:
        """What a share ``false_alarms`` of runs without drift passes with the largest of their distances.

        It is never above what so many columns need that have nothing to do with each other (Bonferroni), lest one
        unruly column widens the thresholds of all.
        """
        runs, columns = self.largest(self.draws), self.draws.shape[1]
        together = float(_median(runs) + self.tail(false_alarms) * _mean_excess(runs))
        return min(together, self.tail(false_alarms / columns))

    def tail(self, share: float) -> float:
        """How many mean excesses over the median a share of all values passes, as far as the windows can tell."""
        k = self.windows / 2
        return float(k * ((0.5 / share) ** (1 / k) - 1))

    def thresholds(self, false_alarms: float) -> Floats:
        """One threshold per column; a share ``false_alarms`` of runs without drift reaches any of them."""
        thresholds: Floats = np.maximum(
            self.centre + self.limit(false_alarms) * self.scale, SMALLEST_THRESHOLD
        )
        return thresholds

    def rarity(self, distances: Floats, thresholds: Floats, false_alarms: float) -> float:
        """The share of runs without drift that would come as close to their thresholds as this one, or closer."""
        runs, k = self.largest(self.draws), self.windows / 2
        shown = self.limit(false_alarms) * float(
            np.max((distances - self.centre) / (thresholds - self.centre))
        )
        beyond = (shown - float(_median(runs))) / float(_mean_excess(runs))
        return float(0.5 * (1 + beyond / k) ** -k) if beyond > 0 else float(np.mean(runs >= shown))


def natural(columns: Sequence[Column], rows: pd.DataFrame, *, resamples: int, seed: int) -> Null:
    """Compare windows of the reference, drawn at the current window's size, with the rest of the reference.

    Args:
        columns: what is compared.
        rows: the ``order`` and the ``window`` of each observation; the highest window is under test.
        resamples: how many draws; every comparable window gives its part, and at least one.
        seed: of the draws.
    """
    rng = np.random.default_rng(seed)
    windows, orders = rows["window"].to_numpy(), rows["order"].to_numpy()
    current = int(windows.max())
    before, now = (
        [column.counts(np.flatnonzero(side)) for column in columns]
        for side in (windows < current, windows == current)
    )
    compared = [
        (*pair, max(FEWEST_VALUES, counts.sum() / 2))
        for *pair, counts in zip(columns, before, now, strict=True)
    ]
    size, usable = len(np.unique(orders[windows == current])), comparable(rows)
    draws = []
    for number, window in enumerate(usable):
        inside = np.flatnonzero(windows == window)
        parts = max(1, -((number - resamples) // len(usable)))
        chosen = [inside[picked] for picked in _picked(orders[inside], size, parts, rng)]
        apart = _apart(compared, inside, chosen)
        draws.append(np.resize(apart, (parts, len(columns))))
    apart = np.concatenate(draws)
    return Null(apart[~np.isnan(apart).all(axis=1)], len(usable))


def comparable(rows: pd.DataFrame) -> list[int]:
    """The windows of the reference that are of the current one's size: not half as few orders.

    Windows with a number below 0 are too old, or only taught what is usual.
    """
    counts = rows.groupby("window")["order"].nunique()
    now, before = counts.index.max(), counts[(counts.index >= 0) & (counts.index < counts.index.max())]
    least = min(before.median(), counts[now]) / 2
    return [int(window) for window in before.index[before > least]]


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


def _mean_excess(draws: Floats) -> Floats:
    beyond = draws - _median(draws)
    above = beyond > 0
    excess: Floats = np.where(above, beyond, 0.0).sum(axis=0) / np.maximum(above.sum(axis=0), 1)
    return np.maximum(excess, SMALLEST_SCALE)


def _median(draws: Floats) -> Floats:
    middle: Floats = np.nanmedian(draws, axis=0)
    return middle
