import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricetrail.pricing.demand import Elastic
from pricetrail.pricing.gain import gain, sure
from pricetrail.pricing.objective import Aim, Objective
from pricetrail.pricing.response import Slope


def demand(mean=-1.5, sd=0.4, log_sd=0.2):
    return Elastic(10.0, 100.0, log_sd, Slope(mean=mean, sd=sd), Slope(mean=mean, sd=sd))


aims = st.one_of(
    st.just(Aim(Objective.REVENUE)),
    st.just(Aim(Objective.UNITS)),
    st.floats(0, 15).map(lambda cost: Aim(Objective.MARGIN, cost)),
)


@pytest.mark.parametrize("price", [7.0, 9.5, 12.0])
@pytest.mark.parametrize("cost", [4.0, 9.8, 11.0])
def test_agrees_with_draws(price, cost):
    rng = np.random.default_rng(2)
    effect = np.exp(rng.normal(-1.5, 0.4, 300_000) * np.log(price / 10))
    drawn = 100 * np.exp(rng.normal(0, 0.2, 300_000)) * ((price - cost) * effect - (10 - cost))
    found = gain(demand(), Aim(Objective.MARGIN, cost), price)
    assert found.probability == pytest.approx((drawn > 0).mean(), abs=0.005)
    bounds = [found.amount.low90, found.amount.low50, found.amount.high50, found.amount.high90]
    assert bounds == pytest.approx(np.quantile(drawn, [0.05, 0.25, 0.75, 0.95]), rel=0.03, abs=0.5)


@given(aims, st.floats(5, 15), st.floats(0, 1.5))
def test_level_does_not_matter_to_whether_there_is_a_gain(aim, price, log_sd):
    assert gain(demand(log_sd=log_sd), aim, price).probability == gain(demand(), aim, price).probability


@given(aims, st.floats(5, 15), st.floats(-4, 1), st.floats(0, 1))
def test_sure_gain_is_one_whose_interval_lies_above_zero(aim, price, mean, sd):
    made = demand(mean, sd)
    found = gain(made, aim, price)
    prices = np.array([price])
    if sure(aim, made.price, prices, made.effect(prices))[0]:
        assert found.probability >= 0.95
        assert found.amount.low90 >= 0
    else:
        assert found.probability < 0.95


def test_no_gain_in_staying():
    found = gain(demand(), Aim(Objective.REVENUE), 10.0)
    assert (found.probability, found.amount.low90, found.amount.high90) == (0, 0, 0)


def test_leaving_a_loss_is_a_gain():
    assert gain(demand(), Aim(Objective.MARGIN, 11.0), 12.0).probability == 1
    assert gain(demand(), Aim(Objective.MARGIN, 9.0), 8.0).probability == 0
