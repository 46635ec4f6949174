import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricetrail.errors import LimitsInvalid
from pricetrail.pricing.bounds import Limits
from pricetrail.pricing.experiment import propose
from pricetrail.pricing.objective import Aim


def proposed(product, *, limits=None, cost=1.0, **changes):
    shaped = product(**changes)
    return propose(shaped, 0.3, Aim.of(shaped, cost=cost), limits or Limits())


def test_detects_at_the_power_it_states(product):
    found = proposed(product, units_week_sd=0.2)
    rng = np.random.default_rng(4)
    half = found.weeks // 2
    tried, other = (rng.normal(0, 0.2, (20_000, half)).mean(axis=1) for _ in range(2))
    differences = np.log(1 - found.detects) + tried - other
    detected = np.abs(differences) > 1.96 * 0.2 * np.sqrt(2 / half)
    assert detected.mean() == pytest.approx(0.8, abs=0.01)


def test_price_never_changed_is_tried_elsewhere(product):
    found = proposed(product, low=2.95, high=2.95, prices=[[2.95, 40]], identification="unknown")
    assert found.price in {2.66, 3.24}


@given(st.floats(0.01, 2), st.floats(1, 3))
def test_noisier_weeks_take_longer(product, sd, factor):
    quiet, noisy = (proposed(product, units_week_sd=each) for each in (sd, sd * factor))
    assert (quiet.needed or np.inf) <= (noisy.needed or np.inf)
    assert quiet.weeks <= 26
    assert quiet.needed is None or quiet.stores >= 1


def test_nothing_to_tell_where_both_bring_the_same(product):
    found = proposed(product, cost=None, slope={"mean": -1.0, "sd": 0.1})
    assert (found.needed, found.stores, found.weeks) == (None, None, 26)


def test_what_no_trial_would_tell_is_said_to_be_the_same(product):
    found = proposed(product, cost=None, slope={"mean": -1.01, "sd": 0.3}, units_week_sd=0.8)
    assert (found.needed, found.stores) == (None, None)


def test_price_is_tried_only_where_a_rule_ends(product):
    assert proposed(product, limits=Limits(change=None, floor=2.0)).price == 2.0
    assert proposed(product, limits=Limits(change=None, ceiling=4.0)).price == 4.0
    assert proposed(product, limits=Limits(change=None, endings=(0.99,))) is None


def test_rules_but_the_observed_prices_hold(product):
    assert proposed(product, limits=Limits(change=None, floor=2.0, ceiling=3.0), cost=0.0).price in {2.0, 3.0}
    assert proposed(product, limits=Limits(floor=2.95, ceiling=2.95)) is None
    with pytest.raises(LimitsInvalid, match="largest change"):
        proposed(product, limits=Limits(change=None))
