"""Panels drawn from a demand that is known."""

import numpy as np
import pytest

from pricetrail.demand.response.panel import Panel

WEEKS = 60


def drawn(
    *, series=60, slope=-1.5, spread=0.0, level=8.0, wander=0.0, size=1.0, season=None, moved=1.0, seed=0
):
    rng = np.random.default_rng(seed)
    slopes = slope + spread * rng.standard_normal(series)
    price = np.full((series, WEEKS), 2.0)
    for at in range(round(series * moved)):
        change = int(rng.integers(15, 45))
        price[at, change:] = 2.0 * np.exp(rng.choice([-0.25, 0.2]))
    rate = np.log(level) + slopes[:, None] * np.log(price / 2.0)
    rate += np.sqrt(wander) * np.cumsum(rng.standard_normal((series, WEEKS)), axis=1)
    rate += 0 if season is None else season
    orders = rng.poisson(np.exp(rate)).astype(float)
    each = 1 + rng.poisson(size - 1, (series, WEEKS)) if size > 1 else 1
    units = orders * each
    return panel(price, orders, units), slopes


def panel(price, orders, units=None, *, names=None, covariates=None):
    units = orders if units is None else units
    nobody = np.zeros_like(orders)
    return Panel(
        names=names or tuple((f"{at:03}", None) for at in range(len(price))),
        weeks=np.arange(price.shape[1]),
        orders=np.stack([nobody, orders]),
        units=np.stack([nobody, units]),
        squares=units**2,
        price=price,
        bounded=np.zeros(price.shape, bool),
        asked=np.ones(len(price)),
        covariates=covariates or {},
    )


@pytest.fixture(scope="session")
def shop():
    """A panel by what it has, and its true slopes."""
    return drawn


@pytest.fixture(scope="session")
def paneled():
    """A panel of prices and orders as they are."""
    return panel
