import numpy as np
import pytest

from pricetrail.errors import CostMissing, UsageError
from pricetrail.pricing.objective import Aim, Objective


def test_margin_where_a_cost_is_known_else_revenue(product):
    assert Aim.of(product()) == Aim(Objective.REVENUE)
    assert Aim.of(product(cost=1.0)) == Aim(Objective.MARGIN, 1.0)
    assert Aim.of(product(cost=1.0), cost=1.2) == Aim(Objective.MARGIN, 1.2)
    assert Aim.of(product(), default_margin=0.4).cost == pytest.approx(1.77)
    assert Aim.of(product(cost=1.0), Objective.UNITS) == Aim(Objective.UNITS, 1.0)


def test_margin_without_a_cost_is_refused(product):
    with pytest.raises(CostMissing, match="--cost"):
        Aim.of(product(), Objective.MARGIN)


@pytest.mark.parametrize(
    "given", [{"cost": -1.0}, {"cost": float("nan")}, {"cost": float("inf")}, {"default_margin": 1.5}]
)
def test_impossible_costs_are_refused(product, given):
    with pytest.raises(UsageError, match=r"cost of a unit|default margin"):
        Aim.of(product(), **given)


def test_worth_of_a_unit():
    prices = np.array([1.0, 3.0])
    assert Aim(Objective.MARGIN, 2.0).worth(prices).tolist() == [-1, 1]
    assert Aim(Objective.REVENUE, 2.0).worth(prices).tolist() == [1, 3]
    assert Aim(Objective.UNITS).worth(prices).tolist() == [1, 1]
