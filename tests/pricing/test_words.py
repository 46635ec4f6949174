import re

import pytest

from pricetrail.pricing.bounds import Limits
from pricetrail.pricing.decision import decide
from pricetrail.pricing.experiment import propose
from pricetrail.pricing.objective import Aim
from pricetrail.pricing.words import proposal, reasons, sentence


def decided(product, limits=None, **changes):
    shaped = product(**changes)
    return decide(shaped, 0.3, Aim.of(shaped, cost=2.5), limits or Limits())


@pytest.mark.parametrize(
    ("changes", "limits", "said"),
    [
        (
            {},
            Limits(),
            r"^Charge 3\.24 for 85123A instead of 2\.95: \+\d[^ ]* margin a week \(.*likely to be a gain\)\.$",
        ),
        ({"identification": "unknown"}, Limits(), r"^Keep 85123A at 2\.95: how its demand.*cannot be known"),
        (
            {"slope": {"mean": -0.5, "sd": 0.1}},
            Limits(),
            r"^Keep .*no more than prices rise \(elasticity -0\.50\)",
        ),
        ({"slope": {"mean": -4.0, "sd": 3.0}}, Limits(), r"^Keep .*is not sure"),
        (
            {"slope": {"mean": -6.6, "sd": 0.3}},
            Limits(endings=(0.99,)),
            r"^Keep .*no price that the rules allow is believed",
        ),
        (
            {"store": "North"},
            Limits(floor=3.4),
            r"^No price of 85123A in North meets.*the largest change clashes with the floor",
        ),
        ({"identification": "unknown"}, Limits(floor=3.0), r"^Charge 3\.00 .*No gain is promised"),
    ],
)
def test_answer_is_one_sentence(product, changes, limits, said):
    assert re.search(said, sentence(decided(product, limits, **changes)))


def test_small_prices_are_told_whole(product):
    small = {"price": 0.0516, "low": 0.04, "high": 0.07, "prices": [(0.04, 9), (0.0516, 9), (0.07, 9)]}
    told = sentence(decide(shaped := product(**small), 0.3, Aim.of(shaped, cost=0.04), Limits(step=1e-4)))
    assert re.search(r"^Charge 0\.05\d\d? for 85123A instead of 0\.0516: ", told)


def test_reasons_name_what_bound_and_what_gave_way(product):
    found = " ".join(reasons(decided(product, Limits(competitor=(3.9, 4.0)))))
    assert "largest change in one cycle" in found
    assert "competitors' band clashes with" in found
    assert "Elasticity -2.00" in found


@pytest.mark.parametrize(("sd", "said"), [(0.02, "enough to tell"), (0.5, "would take")])
def test_experiment_says_what_it_would_tell(product, sd, said):
    shaped = product(units_week_sd=sd)
    assert said in proposal(propose(shaped, 0.3, Aim.of(shaped, cost=2.0), Limits()))


@pytest.mark.parametrize(
    ("sd", "slope", "said"),
    [
        (0.2, -2.0, r"count orders: .*blurred by large orders: by them it would take [\d,]+ weeks\."),
        (0.2, -1.98, r"count orders: .*by them only a difference of \d+ %"),
        (5.0, -2.0, r"count units: .*more would take [\d,]+ weeks, [^.]*sooner\.$"),
    ],
)
def test_experiment_says_what_to_count(product, sd, slope, said):
    known = {"orders_week_sd": 0.2, "size": {"mean": 0.0, "sd": sd}, "units_week_sd": 0.5}
    shaped = product(**known, slope={"mean": slope, "sd": 0.1})
    cost = 2.0 if slope == -2.0 else 1.51
    assert re.search(said, proposal(propose(shaped, 0.3, Aim.of(shaped, cost=cost), Limits())))
