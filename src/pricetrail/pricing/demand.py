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
    """Constant elasticity, with another below the deep ``mark``; the curve is continuous there.

    How the errors of the two slopes hang together is not told, so they are taken to err together: the band
    of a change that crosses the mark is the widest that the two allow.
    """

    price: float
    units: float
    log_sd: float
    slope: Slope
    deep: Slope
    mark: float = 0.0

    @classmethod
    def of(cls, product: Product, deep_from: float) -> Self:
        """The demand for a product, as it was estimated."""
        return cls(
            product.price,
            product.units,
            product.units_log_sd,
            product.slope,
            product.deep,
            product.usual * (1 - deep_from),
        )

    def effect(self, prices: Floats) -> tuple[Floats, Floats]:
        """Mean and standard deviation of log units at ``prices`` (n,) over units at the price now."""
        change = np.log(prices / self.price)
        shallow = np.log(np.maximum(prices, self.mark) / max(self.price, self.mark))
        below = change - shallow
        mean = self.slope.mean * shallow + self.deep.mean * below
        return mean, self.slope.sd * np.abs(shallow) + self.deep.sd * np.abs(below)
