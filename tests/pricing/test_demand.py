import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricetrail.pricing.demand import Elastic
from pricetrail.pricing.response import Slope

PLAIN = Elastic(10.0, 100.0, 0.2, Slope(mean=-1.5, sd=0.3), Slope(mean=-3.0, sd=0.6), mark=7.0)


def test_nothing_changes_at_the_price_now():
    mean, sd = PLAIN.effect(np.array([10.0]))
    assert (mean.tolist(), sd.tolist()) == ([0], [0])


@given(st.floats(7, 30))
def test_elasticity_is_constant_above_the_mark(price):
    mean, sd = PLAIN.effect(np.array([price]))
    change = np.log(price / 10)
    assert (mean[0], sd[0]) == pytest.approx((-1.5 * change, 0.3 * abs(change)))


def test_deep_cut_goes_on_where_the_ordinary_one_ends():
    mean, sd = PLAIN.effect(np.array([7.0, 3.5]))
    assert mean[1] - mean[0] == pytest.approx(3 * np.log(2))
    assert sd[1] - sd[0] == pytest.approx(0.6 * np.log(2))


def test_price_now_may_lie_below_the_mark():
    cut = Elastic(5.0, 100.0, 0.2, PLAIN.slope, PLAIN.deep, mark=7.0)
    mean, _ = cut.effect(np.array([5.0, 6.0, 14.0]))
    assert mean == pytest.approx([0, -3 * np.log(1.2), -3 * np.log(1.4) - 1.5 * np.log(2)])


def test_clearance_has_a_slope_of_its_own():
    cleared = Elastic(
        10.0, 100.0, 0.2, PLAIN.slope, PLAIN.deep, 7.0, clear=Slope(mean=-0.5, sd=0.1), clear_mark=4.9
    )
    mean, sd = cleared.effect(np.array([4.9, 2.45]))
    assert mean[1] - mean[0] == pytest.approx(0.5 * np.log(2))
    assert sd[1] - sd[0] == pytest.approx(0.1 * np.log(2))
    assert [cleared.slope_at(price).mean for price in (7.0, 6.9, 4.8)] == [-1.5, -3.0, -0.5]


def test_errors_of_slopes_that_make_up_for_each_other_narrow_the_band():
    apart = Elastic(10.0, 100.0, 0.2, PLAIN.slope, PLAIN.deep, mark=7.0, together=(-0.9, 1.0, 1.0))
    _, widest = PLAIN.effect(np.array([8.0, 5.0]))
    _, found = apart.effect(np.array([8.0, 5.0]))
    assert found[0] == widest[0]
    assert found[1] < 0.7 * widest[1]


def test_mark_is_below_the_usual_price(product):
    assert Elastic.of(product(price=2.55), 0.3).mark == pytest.approx(2.95 * 0.7)
