"""The demand law: list prices by week, and the orders they are expected to bring."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pricetrail.errors import UsageError
from pricetrail.transactions.simulator.catalogue import Catalogue
from pricetrail.transactions.simulator.chance import Bools, Floats, Ints
from pricetrail.transactions.simulator.settings import Change, Settings

DEEP_CUT = np.log(0.7)
YEAR = 52
PEAK = 47
MOST_CHANGES = 4
MOST_ORDERS = 1e8


@dataclass(frozen=True, slots=True, eq=False)
class Law:
    """What drives the orders; arrays by week and product, shape (weeks, products).

    Attributes:
        prices: list price in pence.
        season: log effect of the week on a family's orders, shape (weeks, families): seasons and growth.
        stocked: false in a week without stock, and before a product is on sale.
        orders: expected order lines.
    """

    prices: Ints
    season: Floats
    stocked: Bools
    orders: Floats


def derive(settings: Settings, catalogue: Catalogue, lines: float) -> Law:
    """Draw prices and stock, and scale the orders so that ``lines`` are expected if no shock comes.

    Raises:
        UsageError: prices and elasticities make for more orders than can be.
    """
    steady = _prices(settings, catalogue)
    stocked = _stocked(settings, catalogue)
    season = _season(settings, int(catalogue.family.max()) + 1)
    calm = _log_orders(replace(settings, shocks=()), catalogue, steady) + season[:, catalogue.family]
    scale = lines / np.exp(calm)[:, : settings.products].sum() / max(1 - settings.stockout, 1e-9)
    growth = 1 + settings.strength(Change.PRICE)[:, None]
    prices = np.maximum(1, np.rint(steady * growth)).astype(np.int64)
    orders = scale * np.exp(_log_orders(settings, catalogue, prices) + season[:, catalogue.family]) * stocked
    if orders.max() > MOST_ORDERS:
        raise UsageError(
            f"The simulator would expect {orders.max():.0e} orders of one product in one week, and at most "
            f"{MOST_ORDERS:.0e} can be: ask for fewer rows, smaller elasticities or smaller shocks."
        )
    return Law(prices, season, stocked, orders)


def response(log_ratio: Floats, elasticity: Floats, deep: float) -> Floats:
    """Log effect of a price on the orders.

    Args:
        log_ratio: log of list price over base price.
        elasticity: slope on the log-log scale.
        deep: added to the slope below the deep-cut mark, 30 % under the base price.
    """
    effect: Floats = elasticity * log_ratio + deep * np.minimum(log_ratio - DEEP_CUT, 0)
    return effect


def _log_orders(settings: Settings, catalogue: Catalogue, prices: Ints) -> Floats:
    elasticity = catalogue.elasticity + settings.strength(Change.ELASTICITY)[:, None]
    return catalogue.popularity + response(np.log(prices / catalogue.base), elasticity, settings.deep)


def _prices(settings: Settings, catalogue: Catalogue) -> Ints:
    """A level now and then for some of the products, and a deep cut of a few weeks for a third of those."""
    count = len(catalogue.base)
    chosen, promoted, number, start, length, cut = settings.stream(2).random((count, 6)).T
    moving = chosen < settings.repriced
    levels = _levels(settings, count, changes=np.where(moving, 1 + (number * MOST_CHANGES).astype(int), 0))
    begin = (start * settings.weeks).astype(int)
    week = np.arange(settings.weeks)[:, None]
    cheap = (week >= begin) & (week < begin + 2 + (length * 3).astype(int)) & moving & (promoted < 1 / 3)
    logs = np.where(cheap, np.log(0.7 - 0.2 * cut), levels)
    return np.maximum(1, np.rint(catalogue.base * np.exp(logs))).astype(np.int64)


def _levels(settings: Settings, count: int, *, changes: Ints) -> Floats:
    starts = settings.stream(3).random((count, MOST_CHANGES))
    values = np.clip(0.16 * settings.stream(7).standard_normal((count, MOST_CHANGES)), -0.3, 0.4)
    starts[np.arange(MOST_CHANGES) >= changes[:, None]] = np.inf
    order = np.argsort(starts, axis=1)
    starts, values = np.take_along_axis(starts, order, 1), np.take_along_axis(values, order, 1)
    week = np.arange(settings.weeks)[:, None, None]
    passed = (week >= starts * settings.weeks).sum(axis=2)
    levels = np.concatenate([np.zeros((count, 1)), values], axis=1)
    reached: Floats = levels[np.arange(count), passed]
    return reached


def _stocked(settings: Settings, catalogue: Catalogue) -> Bools:
    drawn = settings.stream(4).random((len(catalogue.base), settings.weeks)).T
    onsale: Bools = np.arange(settings.weeks)[:, None] >= catalogue.since
    return (drawn >= settings.stockout) & onsale


def _season(settings: Settings, families: int) -> Floats:
    """A yearly wave that all share, highest late in November, and a smaller one of the family's own."""
    week = np.arange(settings.weeks)[:, None]
    own = settings.stream(5).random(families)
    shared = np.cos(2 * np.pi * (week - PEAK) / YEAR)
    waves = 0.7 * shared + 0.3 * np.cos(2 * np.pi * (week / YEAR - own))
    effect: Floats = settings.seasonality * waves + settings.growth * week / YEAR
    return effect
