import numpy as np
import pytest

from pricetrail.demand.response import diagnosis, estimate
from pricetrail.demand.response.panel import DAYS

WEEKS = 60


def lines(panel):
    """A line for each week that sold: larger ones at a lower paid price, as a bulk discount has it."""
    series, week = np.nonzero(panel.orders.sum(axis=0))
    quantity = np.random.default_rng(0).choice([1.0, 12.0], len(series))
    return {
        "stockcode": np.array([panel.names[at][0] for at in series], object),
        "invoicedate": np.datetime64("2024-01-01", "us") + (week * DAYS).astype("m8[D]"),
        "quantity": quantity,
        "unitprice": panel.price[series, week] * np.where(quantity > 1, 0.8, 1.0),
    }


def ways(panel):
    found = diagnosis.slopes(estimate.fit(panel, deep_from=0.3), lines(panel), None)
    return {(each.name, each.outcome): each for each in found}


@pytest.fixture(scope="module")
def found(shop):
    return ways(shop(series=80, slope=-1.0, level=10.0, size=3.0)[0])


@pytest.mark.parametrize("name", ["common", "registered", "pooled", "first half", "second half"])
def test_ways_agree_where_prices_are_set_at_random(found, name):
    way = found[name, "orders"]
    assert way.low < -1.0 < way.high
    assert way.high - way.low < 2.0


def test_naive_slope_is_the_bulk_discount(found):
    assert found["naive", "quantity of a line"].high < -5


def test_price_to_come_does_nothing_today(found):
    placebo = found["placebo", "orders"]
    assert placebo.low < 0 < placebo.high


def test_price_that_follows_demand_shows_in_the_placebo(shop):
    """Demand falls four weeks before every cut, as if it were the reason."""
    panel, _ = shop(series=80, slope=-1.0, level=20.0)
    coming = np.roll(panel.price, -diagnosis.LEAD, axis=1) < 0.9 * panel.price
    coming[:, -diagnosis.LEAD :] = False
    panel.orders[1] = np.where(coming, np.floor(panel.orders[1] * 0.5), panel.orders[1])
    panel.units[1] = panel.orders[1]
    assert ways(panel)["placebo", "orders"].low > 0


def test_nobody_without_a_customer_means_no_such_slope(found):
    assert ("anonymous", "orders") not in found
