"""Units, revenue and margin a week at many prices, with 50 % and 90 % bands in closed form.

Expected units at a price are log-normal, and revenue and margin are those times a known number; so every
quantile of theirs is that number times a quantile of the units.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from pricetrail.pricing.demand import Demand, Floats

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
Z = np.array([NormalDist().inv_cdf(share) for share in QUANTILES])


@dataclass(frozen=True, slots=True, eq=False)
class Bands:
    """A figure at each price: its middle, and the bounds of its 50 % and 90 % intervals, each of shape (n,)."""

    low90: Floats
    low50: Floats
    middle: Floats
    high50: Floats
    high90: Floats

    def to_dict(self) -> dict[str, list[float]]:
        """Plain values for JSON."""
        return {
            "low90": self.low90.tolist(),
            "low50": self.low50.tolist(),
            "middle": self.middle.tolist(),
            "high50": self.high50.tolist(),
            "high90": self.high90.tolist(),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Expected units, revenue and margin a week at ``prices`` (n,); margin is null without a cost."""

    prices: Floats
    units: Bands
    revenue: Bands
    margin: Bands | None

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return {
            "prices": self.prices.tolist(),
            "units": self.units.to_dict(),
            "revenue": self.revenue.to_dict(),
            "margin": self.margin.to_dict() if self.margin else None,
        }


def draw(demand: Demand, prices: Floats, *, cost: float | None = None) -> Curve:
    """The curve at ``prices`` (n,), each above zero, for a unit ``cost`` where it is known."""
    mean, sd = demand.effect(prices)
    spread = np.hypot(sd, demand.log_sd)
    units = demand.units * np.exp(mean + Z[:, None] * spread)
    margin = None if cost is None else Bands(*_margin(prices - cost, units))
    return Curve(prices, Bands(*units), Bands(*(prices * units)), margin)


def _margin(each: Floats, units: Floats) -> Floats:
    """Quantiles of margin, (5, n), by what ``each`` unit brings: at a loss, the more are sold the less it is."""
    found: Floats = each * units
    loss = each < 0
    found[:, loss] = found[::-1, loss]
    return found
