import numpy as np
import pytest

from pricetrail.demand.inference import Forecasts
from pricetrail.demand.interval import Resamples
from pricetrail.demand.rivals import Trial, beats_naive, incomparable, keeps_up, unrivalled
from pricetrail.demand.verdict import Verdict


def trial(*, own=0.5, naive=0.7, invoices=200, fewest=30):
    """A model and a heuristic whose errors have these spreads, on six lines an invoice."""
    rng = np.random.default_rng(4)
    invoice = np.repeat(np.arange(invoices), 6)
    true = rng.normal(1.5, 0.8, len(invoice))
    noise = rng.normal(0, 1, (2, len(invoice)))
    found = Forecasts(
        invoice.astype(str).astype(object), true, true + own * noise[0], true + naive * noise[1]
    )
    return Trial(found, Resamples(found.invoices, number=300, seed=7), fewest)


@pytest.mark.parametrize(
    ("own", "verdict"), [(0.5, Verdict.PASSED), (0.69, Verdict.INCONCLUSIVE), (0.9, Verdict.BLOCKED)]
)
def test_model_must_beat_the_naive_heuristic(own, verdict):
    rule = beats_naive(trial(own=own))
    assert rule.verdict is verdict
    assert rule.figures["mse_model"] == pytest.approx(own**2, rel=0.1)
    assert f"{rule.figures['mse_naive']:.4f}" in rule.words


def test_being_the_naive_heuristic_does_not_beat_it():
    same = trial()
    found = Forecasts(same.found.invoices, same.found.true, same.found.naive, same.found.naive)
    assert beats_naive(Trial(found, same.resamples, 30)).verdict is Verdict.BLOCKED


def test_nothing_beats_a_heuristic_that_is_never_wrong():
    given = trial()
    ones = Forecasts(given.found.invoices, *3 * [np.full(len(given.found), np.log(2))])
    rule = beats_naive(Trial(ones, given.resamples, 30))
    assert (rule.verdict, "never wrong" in rule.words) == (Verdict.PASSED, True)


def test_few_invoices_decide_nothing():
    rule = beats_naive(trial(invoices=29, own=0.01))
    assert rule.verdict is Verdict.INCONCLUSIVE
    assert "29 invoices are too few" in rule.words


@pytest.mark.parametrize(
    ("worse", "margin", "verdict"),
    [
        (1.0, 0.0, Verdict.PASSED),
        (1.02, 0.05, Verdict.PASSED),
        (1.03, 0.05, Verdict.BLOCKED),
        (0.8, 0.05, Verdict.PASSED),
    ],
)
def test_model_may_be_worse_than_production_by_the_margin(worse, margin, verdict):
    ours = trial()
    production = ours.found.true + (ours.found.predicted - ours.found.true) / worse
    rule = keeps_up(ours, production, margin=margin)
    assert rule.verdict is verdict
    assert rule.figures["mse_model"] / rule.figures["mse_production"] == pytest.approx(worse**2)


def test_difference_that_could_be_chance_is_undecided():
    ours = trial()
    production = ours.found.true + 0.48 * np.random.default_rng(8).normal(size=len(ours.found))
    assert keeps_up(ours, production, margin=0.05).verdict is Verdict.INCONCLUSIVE


def test_without_a_release_there_is_nothing_to_fall_behind():
    assert unrivalled().verdict is Verdict.PASSED
    assert incomparable("no price").verdict is Verdict.INCONCLUSIVE
