import json
import math

import pytest

from pricetrail.demand.interval import Interval
from pricetrail.demand.verdict import BELOW_ZERO, Rule, Verdict, at_most, overall, within

PASSED, BLOCKED, INCONCLUSIVE = Verdict.PASSED, Verdict.BLOCKED, Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("interval", "verdict"),
    [
        (Interval(0.02, -0.03, 0.07), PASSED),
        (Interval(-0.02, -0.07, 0.03), PASSED),
        (Interval(0.1, 0.1, 0.1), PASSED),
        (Interval(0.08, 0.04, 0.12), INCONCLUSIVE),
        (Interval(-0.08, -0.12, -0.04), INCONCLUSIVE),
        (Interval(0.01, None, None), INCONCLUSIVE),
        (Interval(0.12, 0.08, 0.16), BLOCKED),
        (Interval(-0.3, -0.4, -0.2), BLOCKED),
        (Interval(0.3, None, None), BLOCKED),
    ],
)
def test_only_a_whole_interval_within_passes(interval, verdict):
    assert within(interval, 0.1) is verdict


@pytest.mark.parametrize(
    ("interval", "limit", "verdict"),
    [
        (Interval(-0.2, -0.3, -0.1), BELOW_ZERO, PASSED),
        (Interval(-0.2, -0.4, 0.0), BELOW_ZERO, INCONCLUSIVE),
        (Interval(0.0, 0.0, 0.0), BELOW_ZERO, BLOCKED),
        (Interval(0.0, 0.0, 0.0), 0.0, PASSED),
        (Interval(0.1, -0.1, 0.3), 0.0, BLOCKED),
    ],
)
def test_one_sided_limit(interval, limit, verdict):
    assert at_most(interval, limit) is verdict


@pytest.mark.parametrize(
    ("verdicts", "whole"),
    [
        ([PASSED, PASSED], PASSED),
        ([PASSED, INCONCLUSIVE], INCONCLUSIVE),
        ([INCONCLUSIVE, BLOCKED, PASSED], BLOCKED),
        ([], INCONCLUSIVE),
    ],
)
def test_worst_rule_decides(verdicts, whole):
    assert overall(Rule("r", verdict, "w") for verdict in verdicts) is whole


def test_rule_survives_json():
    rule = Rule("naive", BLOCKED, "worse", {"excess": 0.1, "high": None})
    assert Rule.from_dict(json.loads(json.dumps(rule.to_dict(), allow_nan=False))) == rule


def test_below_zero_is_the_next_number():
    assert math.nextafter(BELOW_ZERO, 1) == 0
