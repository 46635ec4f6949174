"""Who buys: registered customers, how often they come, how much they take, and where they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pricetrail.transactions.simulator.chance import Floats, Ints, weighted
from pricetrail.transactions.simulator.settings import Settings

COUNTRIES = {
    "United Kingdom": 0.905,
    "Germany": 0.02,
    "France": 0.018,
    "EIRE": 0.015,
    "Spain": 0.008,
    "Netherlands": 0.007,
    "Belgium": 0.007,
    "Switzerland": 0.006,
    "Portugal": 0.005,
    "Australia": 0.004,
    "Norway": 0.003,
    "Italy": 0.002,
}
LINES_A_VISIT = 16


@dataclass(frozen=True, slots=True, eq=False)
class Customers:
    """The registered customers: arrays of shape (customers,).

    Attributes:
        visits: chance of coming in a week.
        basket: how much is bought at a visit, beside the others.
        size: what is added to the log quantity of every order.
        country: number within ``COUNTRIES``.
    """

    visits: Floats
    basket: Floats
    size: Floats
    country: Ints


def draw(settings: Settings, lines: float) -> Customers:
    """Draw the customers, who come as often as ``lines`` registered lines a week fill baskets."""
    rng, count = settings.stream(6), settings.customers
    eager = np.exp(0.8 * rng.standard_normal(count))
    basket = np.exp(0.6 * rng.standard_normal(count))
    size = 0.8 * rng.standard_normal(count)
    return Customers(
        visits=np.minimum(0.95, eager * lines / LINES_A_VISIT / eager.sum()),
        basket=basket,
        size=size,
        country=countries(rng, count),
    )


def countries(rng: np.random.Generator, count: int) -> Ints:
    """Draw countries by their shares."""
    return weighted(rng, np.array(list(COUNTRIES.values())), count)
