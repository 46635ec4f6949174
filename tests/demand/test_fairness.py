import json
import re
from dataclasses import asdict

import numpy as np
import pytest

from pricetrail.demand.fairness import Limits, Sides, counts, differences, fair, figures
from pricetrail.demand.inference import Forecasts
from pricetrail.demand.interval import Resamples
from pricetrail.demand.verdict import Verdict

LIMITS = Limits("error", threshold=0.1, rows=50, invoices=20)


def lines(invoices=200, anonymous=60, bias=0.0, per_invoice=5):
    """Lines of two groups; forecasts for the anonymous one are ``bias`` too high on average."""
    rng = np.random.default_rng(11)
    invoice = np.repeat(np.arange(invoices), per_invoice)
    group = (invoice >= anonymous).astype(int)
    true = rng.normal(1.5, 0.8, len(invoice))
    predicted = true + rng.normal(0, 0.2, len(invoice)) + bias * (group == 0)
    return Forecasts(invoice.astype(str).astype(object), true, predicted, true), group


def judged(found, group, limits=LIMITS, privileged=1):
    sides = Sides.of(group, feature="is_registered", privileged=privileged)
    resamples = Resamples(found.invoices, number=300, seed=7)
    return fair(sides, counts(sides, resamples), differences(found, sides, resamples), limits)


@pytest.mark.parametrize(
    ("bias", "verdict"),
    [(0.0, Verdict.PASSED), (0.09, Verdict.INCONCLUSIVE), (0.2, Verdict.BLOCKED), (-0.2, Verdict.BLOCKED)],
)
def test_difference_in_mean_error_decides(bias, verdict):
    rule = judged(*lines(bias=bias))
    assert rule.verdict is verdict
    assert "is_registered != 1" in rule.words
    assert rule.figures["estimate"] == pytest.approx(bias, abs=0.03)


def test_undecided_rule_names_a_limit_that_these_lines_decide():
    found, group = lines(bias=0.09)
    words = judged(found, group).words
    limit = float(re.search(r"a limit of (\d\.\d\d)", words)[1])
    assert judged(found, group, Limits("error", limit, rows=50, invoices=20)).verdict is Verdict.PASSED


def test_difference_in_outcome_may_decide_instead():
    found, group = lines()
    shifted = Forecasts(found.invoices, found.true + group, found.predicted + group, found.naive)
    outcome = Limits("outcome", threshold=0.1, rows=50, invoices=20)
    assert judged(shifted, group).verdict is Verdict.PASSED
    assert judged(shifted, group, outcome).verdict is Verdict.BLOCKED


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ({"anonymous": 0}, "No test line has is_registered != 1"),
        ({"anonymous": 200}, "No test line has is_registered = 1"),
        ({"anonymous": 1, "per_invoice": 60}, "only 60 test lines of 1 invoices have is_registered != 1"),
        ({"anonymous": 3}, "only 15 test lines of 3 invoices"),
        ({"invoices": 1, "anonymous": 0, "per_invoice": 500}, "No test line has is_registered != 1"),
        ({"invoices": 0}, "No test line has is_registered = 1"),
    ],
)
def test_empty_or_small_group_is_never_passed(case, said):
    for bias in (0.0, 5.0):
        rule = judged(*lines(**case, bias=bias))
        assert rule.verdict is Verdict.INCONCLUSIVE
        assert said.lower() in rule.words.lower()


def test_figures_by_group():
    found = Forecasts(
        np.array(["a", "a", "b"], object), np.log1p([1.0, 3.0, 5.0]), np.log1p([2.0, 3.0, 4.0]), np.zeros(3)
    )
    both = figures(found, Sides.of(np.array([0, 0, 1]), feature="is_registered", privileged=1))
    assert both["mae_unprivileged"] == pytest.approx(0.5)
    assert both["mean_error_units_privileged"] == pytest.approx(-1.0)
    assert both["mean_error_privileged"] == pytest.approx(np.log(5 / 6))
    assert both["mse_unprivileged"] == pytest.approx(np.log(3 / 2) ** 2 / 2)
    assert both["rmsle_privileged"] == pytest.approx(np.log(6 / 5))
    assert both["mean_prediction_unprivileged"] == pytest.approx(np.log([3, 4]).mean())


def test_empty_group_has_null_figures():
    found, group = lines(anonymous=0)
    sides = Sides.of(group, feature="is_registered", privileged=1)
    both = {**figures(found, sides), **differences(found, sides, Resamples(found.invoices, number=9, seed=1))}
    assert both["mse_unprivileged"] is None
    assert both["mean_error_difference"] is None
    json.dumps(both, allow_nan=False)


def test_unknown_group_is_of_neither_side():
    sides = Sides.of(np.array(["UK", None, "FR", float("nan")], object), feature="country", privileged="UK")
    assert sides.privileged.tolist() == [True, False, False, False]
    assert sides.unprivileged.tolist() == [False, False, True, False]


def test_differences_are_of_the_unprivileged_from_the_privileged():
    found, group = lines(bias=0.3)
    sides = Sides.of(group, feature="is_registered", privileged=1)
    both = figures(found, sides)
    apart = differences(found, sides, Resamples(found.invoices, number=50, seed=1))
    for name, of in {"mean_error_difference": "mean_error", "mse_diff": "mse", "mae_diff": "mae"}.items():
        expected = both[f"{of}_unprivileged"] - both[f"{of}_privileged"]
        assert apart[name].estimate == pytest.approx(expected)
    json.dumps({name: asdict(each) for name, each in apart.items()}, allow_nan=False)
