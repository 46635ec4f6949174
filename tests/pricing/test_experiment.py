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


def counted(rng, weeks, effect, rate=20.0, week=0.2, times=4_000):
    """Orders a week, and units, of which a few orders are large; shape (times,)."""
    rates = rate * np.exp(effect + rng.normal(0, week, (times, weeks)))
    orders = rng.poisson(rates)
    large = rng.binomial(orders, 0.05)
    units = rng.poisson(4.0 * (orders - large) + 60.0 * large)
    return orders.sum(axis=1), units.sum(axis=1)


def test_orders_tell_as_soon_as_is_said_and_units_later(product):
    mean = 0.95 * 4 + 0.05 * 60
    squares = 0.95 * (4 + 16) + 0.05 * (60 + 3600)
    noise = {
        "orders_week_sd": (1 / 20 + 0.04) ** 0.5,
        "units_week_sd": (squares / mean**2 / 20 + 0.04) ** 0.5,
    }
    found = proposed(product, size={"mean": 0.0, "sd": 0.0}, **noise, slope={"mean": -2.0, "sd": 0.1})
    assert (found.measure, found.other.measure) == ("orders", "units")
    assert found.needed < found.other.needed / 2
    effect, even = -2.0 * np.log(found.price / found.now), np.log(1.95 / (found.price - 1.0))
    rng = np.random.default_rng(11)
    for weeks, at, sd in (
        (found.needed // 2, 0, noise["orders_week_sd"]),
        (found.other.needed // 2, 1, noise["units_week_sd"]),
    ):
        tried, other = (counted(rng, weeks, each)[at] for each in (effect, 0.0))
        told = np.abs(np.log(tried / other) - even) > 1.96 * sd * np.sqrt(2 / weeks)
        assert told.mean() == pytest.approx(0.8, abs=0.03)


def test_what_orders_do_not_tell_is_added_to_their_noise(product):
    noise = {"orders_week_sd": 0.2, "units_week_sd": 0.6}
    needed = [
        proposed(product, **noise, size={"mean": 0.0, "sd": sd}, slope={"mean": -2.5, "sd": 0.1}).needed
        for sd in (0.0, 0.1, 0.2)
    ]
    assert needed == sorted(set(needed))
    assert proposed(product, **noise, size={"mean": -2.0, "sd": 5.0}).measure == "units"


def test_release_that_knows_no_orders_answers_as_before(product):
    assert not {"measure", "other"} & proposed(product).to_dict().keys()


def test_sale_below_the_deep_mark_is_told_by_units(product):
    known = {"orders_week_sd": 0.1, "size": {"mean": 0.0, "sd": 0.0}}
    assert proposed(product, **known, price=2.55, limits=Limits(change=0.3, ceiling=2.55)).other is None


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
