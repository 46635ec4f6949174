import numpy as np
import pytest

from pricetrail.demand.response import estimate, holdout

NAN = float("nan")
PRICE = np.array([[2.0] * 8 + [NAN] * 2 + [1.5] * 12 + [2.0] * 2, [3.0] * 24])


def checked(panel):
    found = holdout.check(estimate.fit(panel, deep_from=0.3))
    return {(each.outcome, each.change): each for each in found}


def test_each_change_is_a_case_of_its_own(paneled):
    found = holdout.changes(paneled(PRICE, np.ones(PRICE.shape)))
    assert found.series.tolist() == [0, 0]
    assert found.last.tolist() == [7, 21]
    assert np.exp(found.change) == pytest.approx([0.75, 4 / 3])
    assert [np.flatnonzero(each).tolist() for each in found.after] == [list(range(10, 18)), [22, 23]]
    assert not (found.before & found.after).any()


def test_of_many_changes_some_are_drawn(paneled):
    whole = holdout.changes(paneled(PRICE, np.ones(PRICE.shape)))
    found = holdout.changes(paneled(PRICE, np.ones(PRICE.shape)), most=1)
    assert found.series.tolist() == [0]
    assert found.change[0] in whole.change


def test_steady_cases_are_those_whose_price_stood(paneled):
    found = holdout.steady(paneled(PRICE, np.ones(PRICE.shape)))
    assert found.series.tolist() == [0, 1]
    assert [np.flatnonzero(each).tolist() for each in found.after] == [
        list(range(16, 22)),
        list(range(16, 24)),
    ]


def test_true_response_foretells(shop):
    found = checked(shop(series=80, slope=-2.0, level=20.0, wander=0.001)[0])
    every = found["orders", "all changes"]
    assert every.cases == 80
    assert every.low <= every.ratio <= every.high < 0.7
    assert every.covered == pytest.approx(0.8, abs=0.1)


def test_price_that_does_nothing_foretells_nothing(shop):
    every = checked(shop(series=80, slope=0.0, level=20.0)[0])["orders", "all changes"]
    assert every.ratio == pytest.approx(1.0, abs=0.05)


def test_level_that_wanders_is_known_to(shop):
    found = checked(shop(series=80, level=40.0, wander=0.01, size=3.0)[0])
    assert found["orders", "no change"].covered == pytest.approx(0.8, abs=0.12)
    assert found["units", "no change"].ratio is None


def test_where_nothing_moved_only_quiet_weeks_are_held_out(shop):
    assert set(checked(shop(series=20, moved=0.0)[0])) == {("orders", "no change")}
