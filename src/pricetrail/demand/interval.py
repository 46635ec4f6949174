"""Intervals for averages over order lines whose errors are alike within an invoice.

Whole invoices are drawn, with replacement (Efron, 1979; by cluster: Field and Welsh, 2007), and each
resample's deviation is measured in its own standard error; the interval is symmetric (Hall, 1988). With
the few and very unequal invoices of anonymous customers this covers at about its stated rate. Drawing
lines, or taking percentiles of resampled invoices, would read as too sure.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Chosen = npt.NDArray[np.bool_]

LEVEL = 0.95
MOST = 10_000
NEGLIGIBLE = 1e-12


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with the bounds of its 95 % interval; the bounds are null where none can be given."""

    estimate: float
    low: float | None
    high: float | None


class Resamples:
    """The same draws of whole invoices for every figure, so that figures can be compared.

    The order of the lines makes no difference. Beyond 10,000 invoices, bundles of invoices are drawn in their
    place: as honest, and bounded in memory.
    """

    def __init__(self, invoices: npt.NDArray[np.object_], *, number: int, seed: int) -> None:
        """``invoices`` names each line's invoice, shape (n,); ``number`` is how many resamples are drawn."""
        self._invoice = np.unique(invoices.astype(str), return_inverse=True)[1]
        self._unit = self._invoice % MOST
        units = len(np.unique(self._unit))
        rng = np.random.default_rng(seed)
        draws = [np.bincount(rng.integers(0, units, units), minlength=units) for _ in range(number)]
        self._times: Numbers = np.array(draws, dtype=np.float64)

    def invoices(self, chosen: Chosen) -> int:
        """How many invoices the chosen lines belong to."""
        return len(np.unique(self._invoice[chosen]))

    def mean(self, values: Numbers, chosen: Chosen | None = None) -> Interval:
        """The mean of ``values`` (n,) over the chosen lines, or all; some must be chosen."""
        return self._combined(values, [np.ones(len(values), bool) if chosen is None else chosen])

    def difference(self, values: Numbers, first: Chosen, second: Chosen) -> Interval:
        """The mean of ``values`` (n,) over ``first`` minus that over ``second``; neither may be empty."""
        return self._combined(values, [first, second])

    def _combined(self, values: Numbers, groups: list[Chosen]) -> Interval:
        """The first group's mean, minus the second's if there is one."""
        means = [float(values[chosen].mean()) for chosen in groups]
        estimate = means[0] - means[1] if len(means) == 2 else means[0]
        sums = np.hstack(
            [self._sums(values - mean, chosen) for mean, chosen in zip(means, groups, strict=True)]
        )
        spread = float(_standard_error(sums.sum(0), _products(sums).sum(0)))
        if self._times.shape[1] < 2:
            return Interval(estimate, None, None)
        if spread <= NEGLIGIBLE * max(map(abs, means)):
            return Interval(estimate, estimate, estimate)
        reach = spread * self._critical(sums)
        return (
            Interval(estimate, estimate - reach, estimate + reach)
            if np.isfinite(reach)
            else Interval(estimate, None, None)
        )

    def _sums(self, values: Numbers, chosen: Chosen) -> Numbers:
        """Per drawn unit the sum over the chosen lines and their number, shape (units, 2)."""
        units = self._times.shape[1]
        unit = self._unit[chosen]
        sums, rows = np.bincount(unit, values[chosen], units), np.bincount(unit, minlength=units)
        return np.stack([sums, rows], axis=1)

    def _critical(self, sums: Numbers) -> float:
        """How many standard errors the resamples stray at the level; infinite where too many cannot say."""
        totals = np.einsum("bu,uk->bk", self._times, sums)
        products = np.einsum("bu,uk->bk", self._times, _products(sums))
        with np.errstate(divide="ignore", invalid="ignore"):
            strayed = np.abs(_contrast(totals)) / _standard_error(totals, products)
        strayed[np.isnan(strayed)] = np.inf
        return float(np.quantile(strayed, LEVEL, method="higher"))


def _contrast(totals: Numbers) -> Numbers:
    """Of totals (..., 2 or 4): the first mean, minus the second if there is one."""
    first: Numbers = totals[..., 0] / totals[..., 1]
    return first if totals.shape[-1] == 2 else first - totals[..., 2] / totals[..., 3]


def _products(sums: Numbers) -> Numbers:
    """Every product of two columns, shape (units, k * k)."""
    return (sums[:, :, None] * sums[:, None, :]).reshape(len(sums), -1)


def _standard_error(totals: Numbers, products: Numbers) -> Numbers:
    """The linearised standard error of the contrast, from totals (..., k) and products (..., k * k)."""
    size = totals.shape[-1]
    slopes = []
    for at in range(0, size, 2):
        weight = (-1) ** (at // 2) / totals[..., at + 1]
        slopes += [weight, -weight * totals[..., at] / totals[..., at + 1]]
    slope = np.stack(slopes, axis=-1)
    square = products.reshape(*products.shape[:-1], size, size)
    variance = np.einsum("...i,...ij,...j->...", slope, square, slope)
    error: Numbers = np.sqrt(np.maximum(variance, 0))
    return error
