"""What is asked of the simulator: the size of the shop, the law of its demand, its dirt, and its shocks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

import numpy as np

from pricetrail.errors import UsageError
from pricetrail.transactions.simulator.chance import Floats

START = date(2024, 1, 1)
LAST_WEEK = "last-week"
LIMITS = {
    "rows": (1, 10**9),
    "products": (1, 10**5),
    "weeks": (1, 1040),
    "customers": (1, 10**7),
    "elasticity_mean": (-10, 10),
    "elasticity_sd": (0, 5),
    "deep": (-10, 10),
    "repriced": (0, 1),
    "seasonality": (0, 3),
    "growth": (-3, 3),
    "dispersion": (0, 10),
    "stockout": (0, 1),
    "anonymous": (0, 1),
    "markup": (0, 10),
    "bulk": (0, 0.5),
    "dirt": (0, 0.3),
    "seed": (0, 2**63),
}
FORM = "Write a shock as KIND:SIZE@WHEN, such as price:0.2@last-week or mix:0.15@2024-06-03"


class Change(StrEnum):
    """What a shock changes, and the unit of its size."""

    PRICE = "price"
    QUANTITY = "quantity"
    MIX = "mix"
    ELASTICITY = "elasticity"
    PRODUCTS = "products"


SIZES = {
    Change.PRICE: (-0.9, 10),
    Change.QUANTITY: (-0.9, 10),
    Change.MIX: (-1, 1),
    Change.ELASTICITY: (-10, 10),
    Change.PRODUCTS: (0, 10),
}


@dataclass(frozen=True, slots=True)
class Shock:
    """A lasting change from one week on.

    Attributes:
        change: ``price`` and ``quantity`` grow by the share ``size``; ``mix`` adds ``size`` to the share of
            anonymous lines; ``elasticity`` adds ``size`` to every product's; ``products`` adds new ones, as a
            share of the catalogue.
        size: 0.2 is plus 20 %, -0.2 minus 20 %.
        week: the first week that it holds in, from 0.
    """

    change: Change
    size: float
    week: int

    @classmethod
    def parse(cls, text: str, weeks: int) -> Shock:
        """Read ``KIND:SIZE@WHEN``; WHEN is ``last-week`` or a date, and stands for the week that holds it.

        Raises:
            UsageError: the text does not read so, or names a day that is not simulated.

        >>> Shock.parse("price:0.2@last-week", weeks=40)
        Shock(change=<Change.PRICE: 'price'>, size=0.2, week=39)
        """
        what, _, when = text.partition("@")
        name, _, size = what.partition(":")
        try:
            week = weeks - 1 if when == LAST_WEEK else (date.fromisoformat(when) - START).days // 7
            shock = cls(Change(name), float(size), week)
        except ValueError as error:
            kinds = ", ".join(Change)
            raise UsageError(f"'{text}' is not a shock. {FORM}; KIND is one of {kinds}.") from error
        return shock


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A shop to simulate. The defaults are the demo shop.

    Attributes:
        rows: raw order lines expected, dirt included.
        products, weeks, customers: how many there are; the first week begins on ``START``, a Monday.
        elasticity_mean, elasticity_sd: of the normal that the products' elasticities of orders come from;
            half of the variance lies between families of products.
        deep: added to the elasticity where a price is more than 30 % below the product's base price.
        repriced: share of the products whose list price changes at times.
        seasonality: amplitude of the seasons, on the log scale.
        growth: of all orders, per year, on the log scale.
        dispersion: variance of the orders beyond Poisson's: mean + dispersion * mean^2.
        stockout: share of product-weeks without stock.
        anonymous: share of lines sold through the channel without customers.
        markup: what that channel pays above list.
        bulk: discount of the first tier for larger quantities; the second gives 1.75 times as much.
        dirt: cancellations per clean line; every other kind of dirt is in proportion.
        shocks: lasting changes.
        seed: of everything drawn.
    """

    rows: int = 60_000
    products: int = 200
    weeks: int = 48
    customers: int = 1_500
    elasticity_mean: float = -1.2
    elasticity_sd: float = 0.4
    deep: float = -0.8
    repriced: float = 0.5
    seasonality: float = 0.1
    growth: float = 0.0
    dispersion: float = 0.05
    stockout: float = 0.02
    anonymous: float = 0.25
    markup: float = 0.9
    bulk: float = 0.14
    dirt: float = 0.02
    shocks: tuple[Shock, ...] = ()
    seed: int = 7

    def __post_init__(self) -> None:
        for name, (low, high) in LIMITS.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise UsageError(
                    f"The simulator's '{name}' must be between {low:,} and {high:,}, found {value}."
                )
        for shock in self.shocks:
            _check(shock, self.weeks)

    def strength(self, change: Change) -> Floats:
        """The summed size of the shocks of one kind, by week: shape (weeks,)."""
        week = np.arange(self.weeks)
        sizes = [shock.size * (week >= shock.week) for shock in self.shocks if shock.change == change]
        total: Floats = np.sum([np.zeros(self.weeks), *sizes], axis=0)
        return total

    def stream(self, *names: int) -> np.random.Generator:
        """A generator of its own for each thing drawn, so that no draw shifts another."""
        return np.random.default_rng([self.seed, *names])


def _check(shock: Shock, weeks: int) -> None:
    if not 0 <= shock.week < weeks:
        end = START + timedelta(weeks=weeks, days=-1)
        raise UsageError(
            f"The shock '{shock.change}' begins outside the weeks that are simulated: name a day from "
            f"{START} to {end}, or '{LAST_WEEK}'."
        )
    low, high = SIZES[shock.change]
    if not low <= shock.size <= high:
        raise UsageError(
            f"The shock '{shock.change}' must have a size between {low} and {high}, found {shock.size}."
        )
