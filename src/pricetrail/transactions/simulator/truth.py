"""What only the simulator knows: the truth that estimates and recommendations are held against."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from pricetrail.transactions.simulator.law import DEEP_CUT, response
from pricetrail.transactions.simulator.settings import START, Settings
from pricetrail.transactions.simulator.world import World


@dataclass(frozen=True, slots=True)
class Product:
    """One product's truth; prices in pounds, weeks counted from 0.

    Attributes:
        elasticity: of the expected orders by list price, down to 30 % below the base price (before shocks).
        deep_elasticity: the slope further down.
        changed: whether its list price ever did; where not, no data can tell its elasticity.
        lowest, highest: list prices observed.
        revenue_price, margin_price: the list prices within those that bring most revenue, and most margin
            over the unit cost, if what is paid is the list price.
        since: first week on sale.
        list_prices: first week and price of each stretch of one price.
        out_of_stock: weeks on sale without stock.
    """

    stockcode: str
    family: int
    elasticity: float
    deep_elasticity: float
    base_price: float
    unit_cost: float
    changed: bool
    lowest: float
    highest: float
    revenue_price: float
    margin_price: float
    since: int
    list_prices: tuple[tuple[int, float], ...]
    out_of_stock: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Truth:
    """The truth of one simulated shop.

    Attributes:
        settings: what was asked for, seed and shocks included.
        start: Monday of week 0, as an ISO date.
        season: log effect on the orders of each family (rows) in each week (columns).
        products: in the order of the catalogue.
        lines: how many raw lines there are of each kind of dirt, and in all; empty before they were written.
    """

    settings: Settings
    start: str
    season: tuple[tuple[float, ...], ...]
    products: tuple[Product, ...]
    lines: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def tell(world: World, lines: dict[str, int] | None = None) -> Truth:
    """Tell the truth about a shop, with the counts of its lines where they are known."""
    season = tuple(tuple(effects) for effects in world.law.season.T.tolist())
    products = tuple(_product(world, number) for number in range(len(world.catalogue.codes)))
    return Truth(world.settings, START.isoformat(), season, products, lines or {})


def optimum(elasticity: float, cost: float, prices: tuple[float, float], bend: tuple[float, float]) -> float:
    """The price within ``prices`` (lowest, highest) that earns most over the unit cost.

    Where the elasticity e is constant and below -1, that is cost * e / (1 + e) if it lies within, as the
    margin (p - c) * p^e has its one peak there; otherwise a bound. ``bend`` gives the price below which the
    slope changes, and by how much: then each side has a candidate of its own.

    >>> optimum(-3.0, 2.0, (1.0, 9.0), bend=(0.0, 0.0))
    3.0
    """
    mark, deep = bend
    low, high = prices
    peaks = [cost * e / (1 + e) for e in (elasticity, elasticity + deep) if e < -1]
    candidates = [low, high, *(price for price in (mark, *peaks) if low < price < high)]

    def margin(price: float) -> float:
        base = mark / np.exp(DEEP_CUT) if mark else 1.0
        return (price - cost) * float(
            np.exp(response(np.log([price / base]), np.array([elasticity]), deep)[0])
        )

    return max(sorted(candidates), key=margin)


def _product(world: World, number: int) -> Product:
    goods = world.catalogue
    prices = world.law.prices[goods.since[number] :, number] / 100
    elasticity, cost = float(goods.elasticity[number]), float(goods.cost[number])
    bounds = (float(prices.min()), float(prices.max()))
    bend = (float(goods.base[number] / 100 * np.exp(DEEP_CUT)), world.settings.deep)
    stretches = [0, *(week for week, (one, next_) in enumerate(pairwise(prices), 1) if one != next_)]
    since = int(goods.since[number])
    empty = np.flatnonzero(~world.law.stocked[since:, number]) + since
    return Product(
        stockcode=goods.codes[number],
        family=int(goods.family[number]),
        elasticity=elasticity,
        deep_elasticity=elasticity + world.settings.deep,
        base_price=float(goods.base[number] / 100),
        unit_cost=cost,
        changed=len(stretches) > 1,
        lowest=bounds[0],
        highest=bounds[1],
        revenue_price=optimum(elasticity, 0.0, bounds, bend),
        margin_price=optimum(elasticity, cost, bounds, bend),
        since=since,
        list_prices=tuple((since + week, float(prices[week])) for week in stretches),
        out_of_stock=tuple(empty.tolist()),
    )
