"""How far a series' weekly demand strays from its mean, and for how long.

Counts vary by themselves (Poisson), and around a rate that itself wanders. The rate's log has a part that lasts,
with a correlation that falls off from week to week, and a part of the week alone (Zeger, 1988). Both are shared by
all series and estimated by moments: half the mean square of the difference between two weeks of a series, less
what counting adds, by the weeks between them (a variogram; Cressie, 1993). Differences do not care about a series'
level, which is estimated too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from pricetrail.demand.response.stores import first, sums

Floats = npt.NDArray[np.float64]

# Up to so large a share of the weeks apart, pairs are many enough to judge by.
REACH = 0.5
DECAYS = np.array([0.3, 0.5, 0.65, 0.75, 0.82, 0.88, 0.92, 0.95, 0.97, 0.985])
# What a week is taken to stray by itself when the weeks are weighted.
GUESS = 0.2
TINY = 1e-9
# So much of the noise at least is a series' own.
LEAST = 0.05


@dataclass(frozen=True, slots=True)
class Noise:
    """Variances of the log rate: of the ``week`` alone, and ``lasting``, of which weeks share what ``decay``
    leaves of it for each week that they are apart. ``alone`` of either is a series' own; ``alike`` times them is what
    all stores of a product stray by in common, where other stores do not show it."""

    week: float
    lasting: float
    decay: float
    alike: float = 0.0
    alone: float = 1.0

    @property
    def own(self) -> Noise:
        """What is a series' own of it."""
        return Noise(self.alone * self.week, self.alone * self.lasting, self.decay)

    def shared(self, weeks: npt.NDArray[np.int64]) -> Floats:
        """The covariance of what all stores of a product stray by in common, shape (t, t)."""
        apart = np.abs(weeks[:, None] - weeks)
        found: Floats = self.alike * (self.lasting * self.decay**apart + self.week * (apart == 0))
        return found

    def whitened(self, columns: Floats, counting: Floats, weeks: npt.NDArray[np.int64]) -> Floats:
        """Columns (s, t, c) less what their weeks before foretell, by the standard error of that.

        Sums over weeks of products of two of them are those of the columns under the inverse of the covariance with
        ``counting``, variances (s, t) of each week's own: found week by week (Kalman, 1960), no matrix is solved. Where
        the variance is infinite, a week does not count.
        """
        found = np.ascontiguousarray(np.moveaxis(columns, 0, 2))
        for at, (left, total, _, _, _) in enumerate(self._passed(found, counting, weeks)):
            found[at] = left / np.sqrt(total)
        return np.moveaxis(found, 2, 0)

    def weighed(self, columns: Floats, counting: Floats, weeks: npt.NDArray[np.int64]) -> Floats:
        """The inverse of the covariance times the columns (s, t, c): what ``whitened`` does to them, and its transpose,
        which goes backwards."""
        found = np.ascontiguousarray(np.moveaxis(columns, 0, 2))
        passed = list(enumerate(self._passed(found, counting, weeks)))
        kept, pull = self._kept(weeks), np.zeros(found.shape[1:])
        for at, (left, total, gain, _, _) in reversed(passed):
            found[at] = left / total + gain * pull
            pull = kept[at] * (pull - found[at])
        return np.moveaxis(found, 2, 0)

    def informed(
        self, left: Floats, counting: Floats, weeks: npt.NDArray[np.int64], product: npt.NDArray[np.int64]
    ) -> Floats:
        """The sum over each product's series of the inverse of their covariance, where so much of each week is ``left``
        (s, t): shape (p, t, t).

        A unit in one week moves what is foretold of all later ones by a factor a week, so a row of an inverse follows
        from the one above it, and no matrix is inverted or kept by series.
        """
        found, lasts = np.zeros((len(first(product)), len(weeks), len(weeks))), np.zeros_like(counting.T)
        for at, (own, across, gain, kept) in enumerate(self._factors(counting, weeks)):
            felt = np.ascontiguousarray(left[:, at])
            found[:, at, :at] = -sums((lasts[:at] * (across * felt)).T, product)
            found[:, at, at] = sums(own * felt**2, product)
            lasts[:at] *= (1 - gain) * kept
            lasts[at] = gain * felt
        below = np.tril(found, -1)
        return found + below.transpose(0, 2, 1)

    def _factors(
        self, counting: Floats, weeks: npt.NDArray[np.int64]
    ) -> list[tuple[Floats, Floats, Floats, float]]:
        """Week by week, shape (s,) each: what the inverse has in its diagonal, and left of it beside what lasts of a
        unit in the weeks before; how much of a week lasts, and of what lasted in the one before is kept."""
        nothing = np.zeros((len(weeks), 0, len(counting)))
        steps = [(total, gain) for _, total, gain, _, _ in self._passed(nothing, counting, weeks)]
        found, ahead = [], np.zeros(len(counting))
        for (total, gain), still in zip(reversed(steps), reversed(self._kept(weeks)), strict=True):
            own, across = 1 / total + gain**2 * ahead, still * (1 / total - gain * (1 - gain) * ahead)
            found.append((own, across, gain, still))
            ahead = still**2 * (1 / total + (1 - gain) ** 2 * ahead)
        return found[::-1]

    def filtered(
        self, columns: Floats, counting: Floats, weeks: npt.NDArray[np.int64], last: npt.NDArray[np.int64]
    ) -> tuple[Floats, Floats, Floats]:
        """The columns whitened, shape (s, t, c), and what lasts of each at week ``last`` (s,), as all weeks up to it
        tell: its mean (s, c), and the variance of what they do not tell (s,)."""
        white = np.ascontiguousarray(np.moveaxis(columns, 0, 2))
        lasts, unsure = np.zeros(white.shape[1:]), np.zeros(white.shape[2])
        for at, (left, total, _, known, unknown) in enumerate(self._passed(white, counting, weeks)):
            white[at] = left / np.sqrt(total)
            lasts, unsure = np.where(last == at, known, lasts), np.where(last == at, unknown, unsure)
        return np.moveaxis(white, 2, 0), lasts.T, unsure

    def _kept(self, weeks: npt.NDArray[np.int64]) -> list[float]:
        """What of each week's lasting part is left from the week before; nothing before the first."""
        return [0.0, *(self.decay**apart for apart in np.diff(weeks).tolist())][: len(weeks)]

    def _passed(
        self, columns: Floats, counting: Floats, weeks: npt.NDArray[np.int64]
    ) -> Iterator[tuple[Floats, Floats, Floats, Floats, Floats]]:
        """Week by week: what of the columns (t, c, s) was not foretold and the variance of that, how much of it lasts,
        and what lasts of all and the variance of that."""
        own = np.ascontiguousarray(counting.T) + self.week
        known, unsure = np.zeros(columns.shape[1:]), np.zeros(columns.shape[2])
        for at, kept in enumerate(self._kept(weeks)):
            before = self.lasting + kept**2 * (unsure - self.lasting)
            known *= kept
            left, total = columns[at] - known, before + own[at]
            gain = before / total
            known += gain * left
            unsure = before * (1 - gain)
            yield left, total, gain, known, unsure


def fit(
    strayed: Floats,
    counting: Floats,
    weeks: npt.NDArray[np.int64],
    product: npt.NDArray[np.int64],
    left: Floats,
) -> Noise:
    """Estimate the noise from residuals.

    Args:
        strayed: (count - mean) / mean, shape (s, t); NaN where a week does not count.
        counting: the variance that counting alone gives each of them.
        weeks: which weeks they are, shape (t,).
        product: the number of each series' product, ascending, shape (s,).
        left: how much of what a product's stores stray by in common is left in each week, shape (s, t).
    """
    heights, sizes = _variogram(strayed, counting, weeks)
    lags = np.arange(1, len(sizes) + 1)
    if not (sizes > 0).any():
        return Noise(GUESS, GUESS, 0.9)
    tried = (_fitted(heights, sizes, lags, decay) for decay in DECAYS.tolist())
    alike, alone = _alike(strayed, counting, product, left)
    return replace(min(tried, key=lambda each: each[0])[1], alike=alike, alone=alone)


def _alike(
    strayed: Floats, counting: Floats, product: npt.NDArray[np.int64], left: Floats
) -> tuple[float, float]:
    """What the products of two stores' weeks hold beside the squares, less what counting adds to these; and what of the
    squares that leaves."""
    sure, moved, own = _weighted(strayed, counting)
    squares = (sure * own).sum()
    both, weight = (
        (sums(each, product) ** 2).sum() - (each**2).sum() for each in (left * moved, sure * left**2)
    )
    if weight <= TINY or squares <= TINY or both <= 0:
        return 0.0, 1.0
    alike = float(both / weight / (squares / (sure**2).sum()))
    part = float((sure**2 * left**2).sum() / (sure**2).sum())
    return alike, max(1 - alike * part, LEAST)


def _weighted(strayed: Floats, counting: Floats) -> tuple[Floats, Floats, Floats]:
    """The weight of each week, none where it does not count, and by it what strayed and its square less counting's."""
    known = ~np.isnan(strayed)
    sure = np.where(known, 1 / (GUESS + counting), 0.0)
    return sure, np.where(known, sure * strayed, 0.0), np.where(known, sure * (strayed**2 - counting), 0.0)


def _variogram(strayed: Floats, counting: Floats, weeks: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
    """The height of the variogram at each lag from 1, and the weight behind it.

    The square of a difference is written out, so that all pairs of weeks are products of three matrices.
    """
    reach = max(1, int(REACH * (weeks[-1] - weeks[0]))) if len(weeks) > 1 else 0
    sure, moved, own = _weighted(strayed, counting)
    both = own.T @ sure
    weight, squared = sure.T @ sure, both + both.T - 2 * (moved.T @ moved)
    apart = weeks - weeks[:, None]
    near = (apart > 0) & (apart <= reach)
    sizes = np.bincount(apart[near], weight[near], reach + 1)[1:].astype(np.float64)
    sums = np.bincount(apart[near], squared[near], reach + 1)[1:]
    heights: Floats = np.divide(sums / 2, sizes, out=np.zeros(reach), where=sizes > 0)
    return heights, sizes


def _fitted(heights: Floats, sizes: Floats, lags: npt.NDArray[np.int64], decay: float) -> tuple[float, Noise]:
    """The least squares of week + lasting * (1 - decay^lag), neither negative, and its parameters."""
    design = np.stack([np.ones(len(lags)), 1 - decay**lags], axis=1)
    best = (np.inf, Noise(0.0, 0.0, decay))
    for chosen in ([0, 1], [0], [1]):
        part = design[:, chosen] * np.sqrt(sizes)[:, None]
        values = np.zeros(2)
        values[chosen] = np.linalg.lstsq(part, heights * np.sqrt(sizes), rcond=None)[0]
        values = np.maximum(values, 0)
        loss = float((sizes * (heights - design @ values) ** 2).sum())
        best = min(best, (loss, Noise(float(values[0]), float(values[1]), decay)), key=lambda each: each[0])
    return best
