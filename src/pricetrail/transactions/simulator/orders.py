"""The sales of a week as they happened, before anything is spoilt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pricetrail.transactions.simulator import customers
from pricetrail.transactions.simulator.catalogue import snapped
from pricetrail.transactions.simulator.chance import Floats, Ints, trait, weighted
from pricetrail.transactions.simulator.lines import DAY, NOBODY, WEEK, Lines, blank
from pricetrail.transactions.simulator.settings import Change
from pricetrail.transactions.simulator.world import World

STREAM = 10
CANDIDATES = 6
TASTE = 1.0
FAITHFUL = 0.62
HABIT, WHIM = 0.45, 0.75
ANONYMOUS_MEAN, ANONYMOUS_SPREAD = 0.0, 1.3
LINES_A_COLLECTION = 80
RETRIES = 3
SECOND_TIER = 3
WEEKDAYS = np.array([0.18, 0.187, 0.175, 0.191, 0.149, 0.0, 0.118])
HOURS = np.array([0.0] * 8 + [2, 6, 9, 11, 14, 14, 13, 14, 10, 5, 1.5, 0.5] + [0.0] * 4)


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """Clean sales by week and product: arrays of shape (weeks, products).

    Attributes:
        prices: list price in pounds.
        orders, units: order lines, and units on them.
    """

    prices: Floats
    orders: Ints
    units: Ints


def panel(world: World) -> Panel:
    """Count the clean sales, for whoever tests an estimator without the way through raw lines."""
    count = len(world.catalogue.base)
    orders, units = np.zeros((2, world.settings.weeks, count), np.int64)
    for week in range(world.settings.weeks):
        lines = sales(world, week)
        orders[week] = np.bincount(lines["product"], minlength=count)
        units[week] = np.bincount(lines["product"], lines["quantity"], minlength=count)
    return Panel(world.law.prices / 100, orders, units)


def sales(world: World, week: int) -> Lines:
    """Draw one week's sales, in no order of time; ``invoice`` is a number within the week.

    The counts come first, from the demand law alone; then who bought, how much, at what paid price, and when.
    Nobody has a product twice on one invoice: a second order of it goes to a second visit.
    """
    rng = world.settings.stream(STREAM, week)
    product = _ordered(rng, world, week)
    lines = blank(len(product))
    lines["product"] = product
    registered = rng.random(len(product)) >= _anonymous(world, week)
    who = _customers(rng, world, product[registered])
    lines["customer"][registered] = who
    lines["quantity"] = _quantities(rng, world, week, lines)
    lines["pence"] = paid(world, week, lines)
    _invoice(rng, world, lines)
    lines["minute"] += week * WEEK
    return lines


def paid(world: World, week: int, lines: Lines) -> Ints:
    """The price paid in pence: list, less the discount tier's; without a customer, list and the markup."""
    listed = world.law.prices[week, lines["product"]]
    tier = world.catalogue.tier[lines["product"]]
    first, second = lines["quantity"] >= tier, lines["quantity"] >= SECOND_TIER * tier
    factor = 1 - world.settings.bulk * (first + 0.75 * second)
    factor = np.where(lines["customer"] == NOBODY, 1 + world.settings.markup, factor)
    rounded: Ints = np.maximum(1, np.rint(listed * factor)).astype(np.int64)
    return rounded


def _ordered(rng: np.random.Generator, world: World, week: int) -> Ints:
    """The product of each line: as many lines as a Poisson or negative binomial count says."""
    onsale = int(np.searchsorted(world.catalogue.since, week, side="right"))
    mean, dispersion = world.law.orders[week, :onsale], world.settings.dispersion
    if dispersion:
        mean = mean * rng.gamma(1 / dispersion, dispersion, onsale)
    return np.repeat(np.arange(onsale), rng.poisson(mean))


def _anonymous(world: World, week: int) -> float:
    return float(world.settings.anonymous + world.settings.strength(Change.MIX)[week])


def _customers(rng: np.random.Generator, world: World, product: Ints) -> Ints:
    """Among a few of the week's visitors, drawn by basket, each product goes to one with a taste for it.

    Exponential clocks race at rates that grow with the taste of the pair, which persists: so customers come
    back for the same products.
    """
    visiting = np.flatnonzero(rng.random(world.settings.customers) < world.customers.visits)
    if not len(visiting):
        visiting = np.arange(world.settings.customers)
    baskets = world.customers.basket[visiting]

    def draw(some: Ints) -> Ints:
        candidates = visiting[weighted(rng, baskets, (len(some), CANDIDATES))]
        rate = np.exp(TASTE * trait(candidates, some[:, None], 2 * world.settings.seed))
        first = (rng.standard_exponential(candidates.shape) / rate).argmin(axis=1)
        chosen: Ints = candidates[np.arange(len(some)), first]
        return chosen

    return _apart(product, draw)


def _quantities(rng: np.random.Generator, world: World, week: int, lines: Lines) -> Ints:
    """Registered customers keep to a habit of their own for each product, most of the time exactly."""
    product, customer = lines["product"], lines["customer"]
    pack = world.catalogue.pack[product]
    pair = HABIT * trait(customer, product, 2 * world.settings.seed + 1)
    strays = rng.random(len(lines)) >= FAITHFUL
    noise = rng.standard_normal(len(lines))
    habit = pack + world.customers.size[customer] + pair + WHIM * strays * noise
    casual = ANONYMOUS_MEAN + 0.5 * (pack - 1.75) + ANONYMOUS_SPREAD * noise
    quantity = snapped(np.where(customer == NOBODY, casual, habit))
    growth = 1 + world.settings.strength(Change.QUANTITY)[week]
    # Rounded up or down by chance, so that small quantities too grow by the share on average.
    rounded: Ints = np.maximum(1, (quantity * growth + rng.random(len(lines))).astype(np.int64))
    return rounded


def _invoice(rng: np.random.Generator, world: World, lines: Lines) -> None:
    """Put the lines on invoices, and those at times of the week; set the country of anonymous lines."""
    anonymous = lines["customer"] == NOBODY
    buyer = lines["customer"].astype(np.int64)
    buyer[anonymous] = world.settings.customers + _collected(rng, lines["product"][anonymous])
    visit = _repeats(buyer, lines["product"])
    _, invoice = np.unique(visit * (buyer.max(initial=0) + 1) + buyer, return_inverse=True)
    count = int(invoice.max(initial=-1)) + 1
    lines["invoice"] = invoice
    lines["minute"] = _times(rng, count)[invoice]
    elsewhere = customers.countries(rng, count)[invoice]
    lines["country"] = np.where(anonymous, elsewhere, world.customers.country[lines["customer"]])


def _collected(rng: np.random.Generator, product: Ints) -> Ints:
    """The number of the invoice that each order goes on: the anonymous channel writes many on one."""
    weights = rng.standard_exponential(max(1, round(len(product) / LINES_A_COLLECTION)))
    return _apart(product, lambda some: weighted(rng, weights, len(some)))


def _apart(product: Ints, draw: Callable[[Ints], Ints]) -> Ints:
    """Draw who takes each order of a product; those who would take one twice are drawn anew, a few times."""
    taken = draw(product)
    for _ in range(RETRIES):
        again = _repeats(taken, product) > 0
        taken[again] = draw(product[again])
    return taken


def _repeats(buyer: Ints, product: Ints) -> Ints:
    """How many lines before this one have the same buyer and product."""
    order = np.lexsort((product, buyer))
    fresh = np.ones(len(order), bool)
    fresh[1:] = (np.diff(buyer[order]) != 0) | (np.diff(product[order]) != 0)
    position = np.arange(len(order))
    repeats = np.empty(len(order), np.int64)
    repeats[order] = position - np.maximum.accumulate(np.where(fresh, position, 0))
    return repeats


def _times(rng: np.random.Generator, count: int) -> Ints:
    """Minutes of the week at which a shop gets orders."""
    day, hour = (weighted(rng, weights, count) for weights in (WEEKDAYS, HOURS))
    return day * DAY + hour * 60 + rng.integers(60, size=count)
