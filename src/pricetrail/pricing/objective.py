"""What a price is to achieve, and what a unit costs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Self, TypeVar

from pricetrail.errors import CostMissing, UsageError
from pricetrail.pricing.demand import Floats
from pricetrail.pricing.response import Product

Prices = TypeVar("Prices", float, Floats)


class Objective(StrEnum):
    """What is made as large as can be."""

    MARGIN = "margin"
    REVENUE = "revenue"
    UNITS = "units"


@dataclass(frozen=True, slots=True)
class Aim:
    """An objective, with the cost of a unit where it is known."""

    objective: Objective
    cost: float | None = None

    def __post_init__(self) -> None:
        if self.cost is None and self.objective is Objective.MARGIN:
            raise CostMissing(
                "Margin needs the cost of a unit, and none is known. Give --cost, a column of costs, or "
                "--default-margin (the share of the price now that is margin); or aim for revenue."
            )

    @classmethod
    def of(
        cls,
        product: Product,
        objective: Objective | None = None,
        *,
        cost: float | None = None,
        default_margin: float | None = None,
    ) -> Self:
        """The aim for a product: margin where a cost is known and nothing else is asked for, else revenue.

        Args:
            cost: of one unit; comes before the one that the response knows.
            default_margin: the share of the price now that is taken as margin where no cost is known.

        Raises:
            CostMissing: margin is asked for, and no cost is known.
            UsageError: a cost is negative or not finite, or the margin is no share.
        """
        if cost is not None and not 0 <= cost < float("inf"):
            raise UsageError(f"The cost of a unit must be a number from 0 on, found {cost}.")
        if default_margin is not None and not 0 <= default_margin <= 1:
            raise UsageError(f"The default margin must be a share from 0 to 1, found {default_margin}.")
        known = product.cost if cost is None else cost
        if known is None and default_margin is not None:
            known = product.price * (1 - default_margin)
        return cls(objective or (Objective.REVENUE if known is None else Objective.MARGIN), known)

    def worth(self, prices: Prices) -> Prices:
        """What one unit sold at a price, or at each of prices (n,), adds to the objective."""
        if self.objective is Objective.UNITS:
            return prices * 0 + 1
        return prices - (self.cost or 0.0) if self.objective is Objective.MARGIN else prices
