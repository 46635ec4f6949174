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

from pricetrail.transactions.distance import Column
from pricetrail.transactions.orders import Floats, Ints, burn_in

FEWEST_WINDOWS = 6
"""With fewer windows to compare, what is natural for the shop is unknown."""
SMALLEST_THRESHOLD = 0.1
"""No threshold is set below Evidently's own default: a smaller change would not matter."""
SMALLEST_SCALE = 0.01
"""Distances that differ by less are alike."""
FEWEST_VALUES = 20
"""A column is not looked at in a window where fewer orders than this have a value in it."""


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

    def thresholds(self, false_alarms: float) -> Floats:
        """One threshold per column; a share ``false_alarms`` of runs without drift passes any of them."""
        runs, k = self.largest(self.draws), self.windows / 2
        tail = k * ((0.5 / false_alarms) ** (1 / k) - 1)
        limit = _median(runs) + tail * _mean_excess(runs)
        thresholds: Floats = np.maximum(self.centre + limit * self.scale, SMALLEST_THRESHOLD)
        return thresholds

    def rarity(self, distances: Floats) -> float:
        """The share of runs without drift that would show as much as this one (columns) does."""
        runs, k = self.largest(self.draws), self.windows / 2
        shown = float(self.largest(distances[None, :])[0])
        beyond = (shown - float(_median(runs))) / float(_mean_excess(runs))
        return float(0.5 * (1 + beyond / k) ** -k) if beyond > 0 else float(np.mean(runs >= shown))


def natural(columns: Sequence[Column], windows: Ints, *, current: int, resamples: int, seed: int) -> Null:
    """Compare windows of the reference, drawn at the current window's size, with the rest of the reference.

    Args:
        columns: what is compared.
        windows: each order's window; ``current`` is under test, those below 0 are too old to be drawn.
        resamples: how many draws; every usable window gives its part, and at least one.
        seed: of the draws.
    """
    rng = np.random.default_rng(seed)
    reference = np.flatnonzero(windows < current)
    totals = [column.counts(reference) for column in columns]
    size, usable = int((windows == current).sum()), comparable(windows, current=current)
    draws = []
    for number, window in enumerate(usable):
        rows = np.flatnonzero(windows == window)
        parts = max(1, -((number - resamples) // len(usable)))
        chosen = [rng.permutation(rows)[:size] for _ in range(parts)]
        draws.append(_apart(columns, totals, rows, chosen=chosen))
    apart = np.concatenate(draws)
    return Null(apart[~np.isnan(apart).all(axis=1)], len(usable))


def comparable(windows: Ints, *, current: int) -> list[int]:
    """The windows of the reference that are of the current one's size: not the oldest, and not half empty."""
    counts = np.bincount(windows[windows >= 0], minlength=current + 1)
    before = counts[burn_in(current) : current]
    least = min(float(np.median(before)) if len(before) else 0.0, float(counts[current])) / 2
    return [burn_in(current) + number for number, count in enumerate(before.tolist()) if count > least]


def _apart(
    columns: Sequence[Column], totals: Sequence[Floats], rows: Ints, *, chosen: Sequence[Ints]
) -> Floats:
    """Distances (draws x columns) of what was ``chosen`` of a window's ``rows`` from all outside of it."""
    distances = np.full((len(chosen), len(columns)), np.nan)
    for number, (column, total) in enumerate(zip(columns, totals, strict=True)):
        counts = np.stack([column.counts(part) for part in chosen])
        told = counts.sum(axis=1) >= FEWEST_VALUES
        if told.any():
            distances[told, number] = column.distances(total - column.counts(rows), counts[told])
    return distances


def _mean_excess(draws: Floats) -> Floats:
    beyond = draws - _median(draws)
    above = beyond > 0
    excess: Floats = np.where(above, beyond, 0.0).sum(axis=0) / np.maximum(above.sum(axis=0), 1)
    return np.maximum(excess, SMALLEST_SCALE)


def _median(draws: Floats) -> Floats:
    middle: Floats = np.nanmedian(draws, axis=0)
    return middle
