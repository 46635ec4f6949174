import numpy as np
import pytest

from pricetrail.pricing.curve import draw
from pricetrail.pricing.demand import Elastic

PRICES = np.linspace(1.5, 4, 100)


def test_bands_are_quantiles_of_what_may_be(product):
    demand = Elastic.of(product(), 0.3)
    curve = draw(demand, np.array([2.95, 3.2]), cost=3.0)
    rng = np.random.default_rng(1)
    slope, level = rng.normal(-2, 0.2, 200_000), rng.normal(0, 0.2, 200_000)
    margin = 0.2 * 310.5 * np.exp(level + slope * np.log(3.2 / 2.95))
    found = [curve.margin.low90[1], curve.margin.low50[1], curve.margin.middle[1], curve.margin.high90[1]]
    assert found == pytest.approx(np.quantile(margin, [0.05, 0.25, 0.5, 0.95]), rel=0.01)


def test_bands_are_in_order_below_cost_too(product):
    curve = draw(Elastic.of(product(), 0.3), PRICES, cost=3.0)
    for bands in (curve.units, curve.revenue, curve.margin):
        rows = np.array([bands.low90, bands.low50, bands.middle, bands.high50, bands.high90])
        assert (np.diff(rows, axis=0) >= 0).all()


def test_no_margin_without_a_cost(product):
    curve = draw(Elastic.of(product(), 0.3), PRICES)
    assert curve.margin is None
    assert curve.to_dict()["margin"] is None
    assert curve.revenue.middle == pytest.approx(PRICES * curve.units.middle)
