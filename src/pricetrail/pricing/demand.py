"""Demand at a price, and how sure it is: all that a decision asks of a demand model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
import numpy.typing as npt

from pricetrail.pricing.response import Product, Slope

Floats = npt.NDArray[np.float64]


class Demand(Protocol):
    """Expected units a week by price. Log units at a price are normal: level and effect are independent.

    Attributes:
        price: the price now.
        units: expected a week at that price (the median of what is believed).
        log_sd: what is not known of that level, on the log scale.
    """

    @property
    def price(self) -> float: ...

    @property
    def units(self) -> float: ...

    @property
    def log_sd(self) -> float: ...

    def effect(self, prices: Floats) -> tuple[Floats, Floats]:
        """Mean and standard deviation of log units at ``prices`` (n,) over units at the price now."""
        ...


@dataclass(frozen=True, slots=True)
class Elastic:
    """Constant elasticity, with others below the ``deep`` mark and the clearance mark; the curve is continuous.

    The errors of the slopes hang together: what a sale that was seen has brought is known better than either of the
    slopes that lead there. ``together`` holds their correlations, slope and deep, slope and clear, deep and clear.
    """

    price: float
    units: float
    log_sd: float
    slope: Slope
    deep: Slope
    mark: float = 0.0
    clear: Slope | None = None
    clear_mark: float = 0.0
    together: tuple[float, float, float] = (1.0, 1.0, 1.0)

    @classmethod
    def of(cls, product: Product, deep_from: float) -> Self:
        """The demand for a product, as it was estimated."""
        mark = product.usual(deep_from) * (1 - deep_from)
        return cls(
            product.price,
            product.units,
            product.units_log_sd,
            product.slope,
            product.deep,
            mark,
            product.clear,
            mark * (1 - deep_from) if product.clear else 0.0,
            product.together,
        )

    def slope_at(self, price: float) -> Slope:
        """The slope that holds at a price."""
        if price >= self.mark:
            return self.slope
        return self.clear if self.clear and price < self.clear_mark else self.deep

    def effect(self, prices: Floats) -> tuple[Floats, Floats]:
        """Mean and standard deviation of log units at ``prices`` (n,) over units at the price now."""
        slopes = (self.slope, self.deep, self.clear or self.deep)
        parts = self._parts(prices)
        mean = np.array([slope.mean for slope in slopes]) @ parts
        variance = np.einsum("in,ij,jn->n", parts, self._covariance(*(slope.sd for slope in slopes)), parts)
        return mean, np.sqrt(np.maximum(variance, 0))

    def _parts(self, prices: Floats) -> Floats:
        """How far log prices are from the price now: as far as each of the three slopes holds, shape (3, n)."""
        marks = np.array([[self.mark], [self.clear_mark], [0.0]])
        found: Floats = np.log(np.maximum(prices, marks) / np.maximum(self.price, marks))
        found[1:] -= found[:-1]
        return found

    def _covariance(self, slope: float, deep: float, clear: float) -> Floats:
        one, two, three = np.multiply(self.together, (slope * deep, slope * clear, deep * clear))
        return np.array([[slope * slope, one, two], [one, deep * deep, three], [two, three, clear * clear]])
