from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricetrail.errors import LimitsInvalid
from pricetrail.pricing.bounds import Conflict, Limits, Name, Rule, allow

NOW = 2.95
bands = st.tuples(st.floats(0.5, 6), st.floats(0, 3)).map(lambda pair: (pair[0], sum(pair)))
rules = st.lists(
    st.tuples(st.sampled_from(list(Name)), bands, st.booleans()).map(
        lambda drawn: Rule(drawn[0], *drawn[1], hard=drawn[2])
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda rule: rule.name,
).map(lambda drawn: sorted(drawn, key=lambda rule: not rule.hard))


def allowed(observed=(2.0, 4.0), cost=None, **given):
    limits = Limits(**given)
    return allow(limits.rules(NOW, observed, cost), NOW, step=limits.step)


@given(rules)
def test_every_rule_holds_or_is_named(drawn):
    found = allow(drawn, NOW, step=0.01)
    assert {rule.name for rule in found.rules} | {each.rule for each in found.conflicts} == {
        rule.name for rule in drawn
    }
    if found.rules:
        assert all(rule.admits(price) for rule in found.rules for price in found.prices)


@given(rules)
def test_each_rule_of_a_clash_is_needed(drawn):
    for conflict in allow(drawn, NOW, step=0.01).conflicts:
        parties = [rule for rule in drawn if rule.name in {conflict.rule, *conflict.against}]
        for left_out in parties if conflict.against else []:
            others = [rule for rule in parties if rule is not left_out]
            assert not allow(others, NOW, step=0.01).conflicts


def test_change_is_a_tenth_unless_told():
    found = allowed()
    assert (found.prices[0], found.prices[-1]) == (2.66, 3.24)
    assert (found.lowest.name, found.highest.name) == (Name.CHANGE, Name.CHANGE)
    assert allowed(change=None).prices[-1] == 4.0


def test_least_margin_comes_from_the_cost():
    assert allowed(cost=2.0, margin=0.3).prices[0] == 2.86
    with pytest.raises(LimitsInvalid, match="--cost"):
        allowed(margin=0.3)


def test_hard_rules_that_clash_leave_nothing():
    found = allowed(floor=3.5)
    assert found.impossible
    assert found.conflicts == (Conflict(Name.CHANGE, (Name.FLOOR,), hard=True),)


def test_soft_rule_gives_way_and_is_named():
    found = allowed(competitor=(3.5, 3.9), ladder=(1.0, 3.0))
    assert not found.impossible
    assert found.prices[-1] == 3.0
    assert found.conflicts == (Conflict(Name.COMPETITOR, (Name.CHANGE,), hard=False),)


def test_priorities_say_which_soft_rule_gives_way():
    bands = {"competitor": (2.7, 2.8), "ladder": (3.0, 3.1)}
    assert [each.rule for each in allowed(**bands).conflicts] == [Name.LADDER]
    assert [each.rule for each in allowed(**bands, order=(Name.LADDER,)).conflicts] == [Name.COMPETITOR]


def test_endings():
    assert allowed(endings=(0.99, 0.95)).prices.tolist() == [2.95, 2.99]
    assert allowed(endings=(0.5,)).conflicts[0].rule == Name.ENDINGS


def test_price_now_stays_allowed_between_steps():
    found = allow([Rule(Name.OBSERVED, 2.955, 2.955)], 2.955, step=0.01)
    assert found.prices.tolist() == [2.955]


@pytest.mark.parametrize(("price", "step"), [(1e7, 0.01), (0.003, 0.001), (5e4, 5.0)])
def test_prices_of_any_size(price, step):
    found = allow([Rule(Name.CHANGE, price * 0.6, price * 1.4)], price, step=step)
    assert 2 <= len(found.prices) <= 5_003
    assert price in found.prices
    assert (np.diff(found.prices) > 0).all()


@pytest.mark.parametrize(
    "bad",
    [
        {"change": 1.0},
        {"change": -0.1},
        {"margin": 1.0},
        {"floor": 0.0},
        {"ceiling": inf},
        {"floor": float("nan")},
        {"competitor": (3.0, 2.0)},
        {"ladder": (float("nan"), 2.0)},
        {"endings": (1.99,)},
        {"step": 0.0},
    ],
)
def test_limits_that_no_price_can_be_held_against(bad):
    with pytest.raises(LimitsInvalid, match="must be"):
        Limits(**bad)
