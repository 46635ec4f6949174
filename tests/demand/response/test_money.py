import numpy as np
import pytest

from pricetrail.demand.response import money


@pytest.mark.parametrize(
    ("prices", "step"),
    [
        ([0.42, 0.85, 1.25, 2.95], 0.01),
        ([198.0, 1480.0, 25900.0], 1.0),
        ([1500.0, 2500.0, 18000.0], 10.0),
        ([0.0123, 0.0456, 0.1615], 1e-4),
        ([1 / 3, 20 / 7, 50 / 9], 0.01),
        ([1 / 300, 2 / 70, 5 / 90], 1e-4),
        ([5.0, 10.0, 20.0], 0.1),
        ([0.000233, 0.000017, 0.000211], 1e-6),
    ],
)
def test_step_of_money(prices, step):
    assert money.step(np.array(prices)) == pytest.approx(step)


def test_few_odd_prices_make_no_step():
    assert money.step(np.array([*np.arange(0.5, 50, 0.01), 0.333])) == 0.01
