import doctest

import numpy as np
import pytest
import statsmodels.api as sm

from pricetrail.demand.response import local
from pricetrail.demand.response.local import Weeks
from pricetrail.demand.response.noise import Noise

SERIES, WEEKS = 30, 40
VAGUE = 1e-8 * np.eye(1)
NONE = Noise(week=0.0, lasting=0.0, decay=0.9)


def weeks(counts, design, **other):
    ones = np.ones(counts.shape)
    plain = {
        "baseline": ones,
        "live": ones > 0,
        "bounded": ones < 0,
        "asked": ones[:, 0],
        "exposure": ones,
        "scale": ones[:, 0],
        "product": np.arange(len(counts)),
        "left": ones,
    }
    return Weeks(counts=counts, design=design, **(plain | other))


@pytest.fixture(scope="module")
def drawn():
    rng = np.random.default_rng(0)
    design = rng.normal(0, 0.4, (SERIES, WEEKS, 1))
    return rng.poisson(20 * np.exp(-1.5 * design[..., 0])).astype(float), design


def solved(drawn, noise=NONE, mean=0.0, precision=VAGUE, **other):
    counts, design = drawn
    return local.solve(weeks(counts, design, **other), noise, np.arange(WEEKS), np.array([mean]), precision)


def test_without_noise_it_is_poisson_regression(drawn):
    found = solved(drawn)
    for at in (0, 7):
        design = sm.add_constant(drawn[1][at])
        told = sm.GLM(drawn[0][at], design, family=sm.families.Poisson()).fit()
        assert found.coefficients[at, 0] == pytest.approx(told.params[1], abs=1e-4)
        assert found.information[at, 0, 0] ** -0.5 == pytest.approx(told.bse[1], rel=1e-3)


def test_pulled_is_information_times_own_estimate_whatever_the_prior(drawn):
    free, held = solved(drawn), solved(drawn, mean=-1.5, precision=np.array([[30.0]]))
    own = [each.pulled[:, 0] / each.information[:, 0, 0] for each in (free, held)]
    assert own[0] == pytest.approx(free.coefficients[:, 0], abs=1e-3)
    assert own[1] == pytest.approx(own[0], abs=0.1)


def test_noise_that_lasts_takes_information_away(drawn):
    step = np.where(np.arange(WEEKS) < WEEKS // 2, 0.0, -0.3)[None, :, None] * np.ones((SERIES, 1, 1))
    memory = Noise(week=0.0, lasting=0.2, decay=0.9)
    sure, unsure = solved((drawn[0], step)), solved((drawn[0], step), noise=memory)
    assert (unsure.information < 0.3 * sure.information).all()


def test_stores_whose_weeks_stray_alike_say_less_together():
    rng, stores = np.random.default_rng(6), 4
    product = np.repeat(np.arange(400), stores)
    design = np.repeat(rng.normal(0, 0.3, (400, WEEKS, 1)), stores, axis=0)
    alike = np.repeat(rng.normal(0, 0.4, (400, WEEKS)), stores, axis=0)
    counts = rng.poisson(50 * np.exp(-1.5 * design[..., 0] + alike)).astype(float)
    found = solved(
        (counts, design), noise=Noise(0.16, 0.0, 0.9, alike=1.0, alone=0.05), mean=-1.5, product=product
    )
    strayed = (found.pulled - found.information[..., 0] * -1.5).reshape(400, stores).sum(axis=1)
    told = (found.information + found.tied)[:, 0, 0].reshape(400, stores).sum(axis=1)
    assert np.mean(strayed**2 / told) == pytest.approx(1.0, abs=0.2)
    assert (found.information > 3 * solved((counts, design), noise=Noise(0.16, 0.0, 0.9)).information).all()


def test_price_that_never_changed_says_nothing(drawn):
    found = solved((drawn[0], np.zeros((SERIES, WEEKS, 1))), mean=-1.0, precision=np.array([[4.0]]))
    assert found.information == pytest.approx(np.zeros((SERIES, 1, 1)))
    assert found.coefficients == pytest.approx(np.full((SERIES, 1), -1.0))


def test_weeks_that_do_not_count_say_nothing(drawn):
    live = np.ones((SERIES, WEEKS), bool)
    live[:, ::2] = False
    spoilt = np.where(live, drawn[0], 1e6)
    assert solved((spoilt, drawn[1]), live=live).coefficients == pytest.approx(
        solved((drawn[0], drawn[1]), live=live).coefficients
    )


def test_weeks_chosen_because_somebody_bought_do_not_raise_the_level():
    rng = np.random.default_rng(5)
    counts = rng.poisson(0.5, (4_000, 6)).astype(float)
    counts[:, [0, -1]] = np.maximum(counts[:, [0, -1]], 0)
    kept = counts[(counts[:, 0] > 0) & (counts[:, -1] > 0)]
    ends = np.zeros(kept.shape, bool)
    ends[:, [0, -1]] = True
    mean, _ = local.truncated(np.full(kept.shape, 0.5), np.ones((len(kept), 1)))
    assert np.where(ends, mean, 0.5).mean() == pytest.approx(kept.mean(), rel=0.05)


def test_examples_hold():
    assert doctest.testmod(local, extraglobs={"np": np}).failed == 0
