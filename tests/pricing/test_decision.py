import json
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pricetrail.pricing.bounds import Limits, Name, Rule, allow
from pricetrail.pricing.decision import Cause, Status, decide, weigh
from pricetrail.pricing.demand import Elastic
from pricetrail.pricing.objective import Aim, Objective
from pricetrail.pricing.response import Slope

WIDE = Limits(change=None)


@dataclass(frozen=True)
class Linear:
    """q = a - b p."""

    a: float
    b: float
    price: float
    log_sd: float = 0.0

    @property
    def units(self):
        return self.a - self.b * self.price

    def effect(self, prices):
        return np.log((self.a - self.b * prices) / self.units), np.zeros(len(prices))


def best(demand, aim, low, high):
    return weigh(demand, aim, allow([Rule(Name.OBSERVED, low, high)], demand.price, step=0.01)).best


@given(st.floats(-6, -1.3), st.floats(1, 5))
def test_constant_elasticity_has_its_closed_form(slope, cost):
    known = Slope(mean=slope, sd=0.0)
    found = best(Elastic(2 * cost, 100.0, 0.0, known, known), Aim(Objective.MARGIN, cost), 0.5, 25.0)
    assert found == pytest.approx(min(cost * slope / (1 + slope), 25), abs=0.0101)


@given(st.floats(50, 200), st.floats(5, 10), st.floats(0, 4))
def test_linear_demand_has_its_closed_form(a, b, cost):
    found = best(Linear(a, b, 4.5), Aim(Objective.MARGIN, cost), 0.5, a / b - 0.01)
    assert found == pytest.approx((a / b + cost) / 2, abs=0.0051)


def made(product, *, cost=1.0, limits=WIDE, objective=None, **changes):
    shaped = product(**changes)
    return decide(shaped, 0.3, Aim.of(shaped, objective, cost=cost), limits)


def test_how_sure_a_gain_has_to_be_can_be_asked(product):
    """The same gain is sure enough at 50 % and not at 90 %."""
    slope = Slope(mean=-2.0, sd=0.55)
    kept, changed = (
        made(product, cost=1.0, slope=slope, limits=Limits(change=None, sure=rate)) for rate in (0.9, 0.5)
    )
    assert (kept.status, kept.cause) == (Status.KEEP, Cause.UNSURE)
    assert changed.status is Status.CHANGE
    assert 0.75 <= changed.gained.probability < 0.95


def test_a_sure_gain_changes_the_price(product):
    found = made(product, cost=2.5)
    assert (found.status, found.price, found.binding) == (Status.CHANGE, 3.45, Name.OBSERVED)
    assert found.gained.amount.low90 > 0
    assert found.gained.probability > 0.95
    assert found.expected.margin.middle - found.expected_now.margin.middle == pytest.approx(
        found.gained.amount.middle
    )


def test_orange_juice_stays_where_it_was_sold(product):
    tropicana = {"price": 2.99, "low": 1.29, "high": 3.87, "prices": [[1.29, 5], [2.99, 80], [3.87, 3]]}
    found = made(product, cost=2.08, slope={"mean": -2.0, "sd": 0.1}, **tropicana)
    unbound = best(
        Elastic(2.99, 1.0, 0.0, Slope(mean=-2.0, sd=0.0), Slope(mean=-2.0, sd=0.0)), found.aim, 1, 9
    )
    assert unbound > 3.87
    assert (found.status, found.price, found.binding) == (Status.CHANGE, 3.87, Name.OBSERVED)


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"identification": "unknown"}, Cause.UNKNOWN),
        ({"slope": {"mean": -0.8, "sd": 0.1}}, Cause.AT_BOUND),
        ({"slope": {"mean": -1.5, "sd": 1.5}}, Cause.UNSURE),
        ({"slope": {"mean": -1.0, "sd": 0.1}}, Cause.AT_BOUND),
        ({"low": 2.95, "high": 2.95, "prices": [[2.95, 9]]}, Cause.BEST),
    ],
)
def test_keep_says_why(product, changes, cause):
    found = made(product, **changes)
    assert (found.status, found.cause, found.price) == (Status.KEEP, cause, 2.95)
    assert found.gained.amount.low90 == found.gained.amount.high90 == 0


def test_unknown_response_makes_no_promise(product):
    assert made(product, identification="unknown").prospect is None


def test_hard_rule_against_the_price_now_forces_the_nearest(product):
    found = made(product, limits=Limits(floor=3.1), identification="unknown")
    assert (found.status, found.price) == (Status.FORCED, 3.1)


def test_soft_rule_against_the_price_now_is_named(product):
    found = made(product, limits=Limits(competitor=(3.1, 3.2)), identification="unknown")
    assert (found.status, found.price, found.unmet) == (Status.KEEP, 2.95, (Name.COMPETITOR,))


def test_rules_that_clash_recommend_nothing(product):
    found = made(product, limits=Limits(floor=3.4))
    assert (found.status, found.price, found.cause) == (Status.CONFLICT, 2.95, Cause.CONFLICT)
    assert found.conflicts[0].rule == Name.CHANGE


def test_between_two_endings_the_endings_bind(product):
    limits = Limits(change=None, endings=(0.99,), hard=frozenset(Name))
    assert made(product, limits=limits, cost=1.5, slope={"mean": -2.0, "sd": 0.1}).binding == Name.ENDINGS


def test_of_equal_prices_the_closest(product):
    flat = {"mean": -1.0, "sd": 0.0}
    found = made(product, cost=None, objective=Objective.REVENUE, slope=flat, deep=flat)
    assert (found.status, found.prospect.price) == (Status.KEEP, 2.95)


shapes = st.fixed_dictionaries(
    {
        "slope": st.fixed_dictionaries({"mean": st.floats(-5, 0.5), "sd": st.floats(0, 1)}),
        "deep": st.fixed_dictionaries({"mean": st.floats(-6, 0.5), "sd": st.floats(0, 1)}),
        "identification": st.sampled_from(["identified", "borrowed", "unknown"]),
    }
)
limits = st.builds(
    Limits,
    change=st.one_of(st.none(), st.floats(0.01, 0.5)),
    floor=st.one_of(st.none(), st.floats(2, 3.5)),
    ceiling=st.one_of(st.none(), st.floats(2.5, 4)),
    margin=st.one_of(st.none(), st.floats(0, 0.6)),
    competitor=st.one_of(st.none(), st.just((2.7, 3.0)), st.just((3.1, 3.3))),
    endings=st.sampled_from([(), (0.99,), (0.95, 0.5)]),
    hard=st.sets(st.sampled_from(list(Name))).map(frozenset),
)
costs = st.floats(0, 3.4)
modest = settings(max_examples=60, deadline=None)


@given(shapes, limits, costs, st.sampled_from(list(Objective)))
@modest
def test_every_hard_rule_holds(product, shape, limits, cost, objective):
    found = made(product, cost=cost, limits=limits, objective=objective, **shape)
    rules = [rule for rule in limits.rules(2.95, (2.55, 3.45), cost) if rule.hard]
    if found.status is Status.CONFLICT:
        assert any(conflict.hard for conflict in found.conflicts)
    else:
        assert all(rule.admits(found.price) for rule in rules)
    if found.status is Status.CHANGE:
        assert found.gained.amount.low90 > 0


@given(shapes, st.sampled_from([4.0, 0.5, 128.0]), costs)
@modest
def test_currency_makes_no_difference(product, shape, rate, cost):
    foreign = {
        "price": 2.95 * rate,
        "low": 2.55 * rate,
        "high": 3.45 * rate,
        "prices": [[2.55 * rate, 8], [2.95 * rate, 37], [3.45 * rate, 4]],
    }
    home = made(product, cost=cost, **shape)
    away = made(product, cost=cost * rate, limits=Limits(change=None, step=0.01 * rate), **shape, **foreign)
    assert (away.status, away.cause, away.binding) == (home.status, home.cause, home.binding)
    assert away.price == pytest.approx(home.price * rate)
    assert away.gained.amount.middle == pytest.approx(home.gained.amount.middle * rate, abs=1e-6)


@given(shapes, costs, costs)
@modest
def test_higher_cost_never_lowers_the_best_price(product, shape, one, other):
    allowed = allow([Rule(Name.OBSERVED, 1.0, 6.0)], 2.95, step=0.01)
    demand = Elastic.of(product(**shape), 0.3)
    low, high = (weigh(demand, Aim(Objective.MARGIN, cost), allowed).best for cost in sorted([one, other]))
    assert low <= high + 1e-9


@given(shapes, costs, st.floats(0.01, 0.3), st.floats(0, 0.3))
@modest
def test_wider_limits_never_bring_less(product, shape, cost, change, more):
    narrow = made(product, cost=cost, limits=Limits(change=change), **shape)
    wide = made(product, cost=cost, limits=Limits(change=change + more), **shape)
    assert wide.gained.amount.middle >= narrow.gained.amount.middle - 1e-6


@given(shapes, costs)
@modest
def test_rule_that_does_not_bind_changes_nothing(product, shape, cost):
    free = made(product, cost=cost, **shape)
    ruled = made(
        product, cost=cost, limits=Limits(change=None, floor=0.5, ceiling=9.0, ladder=(0.2, 9.5)), **shape
    )
    assert ruled == free


@given(shapes, costs)
@modest
def test_best_lies_in_its_zone(product, shape, cost):
    assume(shape["identification"] != "unknown")
    found = made(product, cost=cost, **shape).prospect
    assert found.zone[0] <= found.price <= found.zone[1]


def test_plain_values_for_json(product):
    assert json.loads(json.dumps(made(product).to_dict()))["status"] in list(Status)
