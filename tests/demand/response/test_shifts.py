import numpy as np
import pytest

from pricetrail.demand.response import shifts
from pricetrail.demand.response.noise import Noise
from pricetrail.demand.response.shifts import Series, Shifts

SERIES, WEEKS = 4, 9
TIMES = np.arange(WEEKS)
NOISE = Noise(week=0.05, lasting=0.1, decay=0.8)


@pytest.fixture
def weeks():
    """Slopes, what strayed, and the variance of counting; one week does not count in the first series."""
    dice = np.random.default_rng(0)
    counting = dice.uniform(0.01, 0.2, (SERIES, WEEKS))
    counting[0, 3] = np.inf
    return dice.normal(0, 1, (SERIES, WEEKS, 2)), dice.normal(0, 1, (SERIES, WEEKS)), counting


def precision(counting, noise):
    apart = np.abs(TIMES[:, None] - TIMES)
    live = np.isfinite(counting)
    cov = noise.lasting * noise.decay**apart + noise.week * np.eye(WEEKS)
    found = np.zeros((WEEKS, WEEKS))
    found[np.ix_(live, live)] = np.linalg.inv(cov[np.ix_(live, live)] + np.diag(counting[live]))
    return found


def series(weeks, noise=NOISE, left=1.0, stores=1):
    """What series tell, with the level taken from their columns, as ``local`` does."""
    said = []
    for design, strayed, counting in zip(*weeks, strict=True):
        known, ones = precision(counting, noise.own), np.isfinite(counting).astype(float)
        parts = np.column_stack([design, strayed])
        parts = ones[:, None] * (parts - ones @ known @ parts / (ones @ known @ ones))
        columns, plain = parts[:, :2], parts[:, 2]
        said.append((columns.T @ known @ columns, columns.T @ known @ plain, columns, plain, counting))
    product, parts = np.arange(len(said)) // stores, map(np.array, zip(*said, strict=True))
    return Series(*parts, np.full((len(said), WEEKS), left), product)


def told(weeks, noise=NOISE, **other):
    return shifts.heard(series(weeks, noise, **other), noise, TIMES)


def marginal(weeks, noise=NOISE):
    """The information on the weeks of one regression with levels, slopes and weeks at once, and its solution."""
    normal, pulled = np.zeros((3 * SERIES + WEEKS,) * 2), np.zeros(3 * SERIES + WEEKS)
    for at, (design, strayed, counting) in enumerate(zip(*weeks, strict=True)):
        columns = np.zeros((WEEKS, len(pulled)))
        columns[:, 3 * at : 3 * at + 3] = np.column_stack([np.ones(WEEKS), design])
        columns[:, 3 * SERIES :] = np.eye(WEEKS)
        known = precision(counting, noise)
        normal, pulled = normal + columns.T @ known @ columns, pulled + columns.T @ known @ strayed
    own, across = normal[: 3 * SERIES, : 3 * SERIES], normal[3 * SERIES :, : 3 * SERIES]
    return (
        normal[3 * SERIES :, 3 * SERIES :] - across @ np.linalg.solve(own, across.T),
        pulled[3 * SERIES :] - across @ np.linalg.solve(own, pulled[: 3 * SERIES]),
    )


def test_what_is_said_of_weeks_is_that_of_one_regression_of_all(weeks):
    information, pulled = marginal(weeks)
    found = told(weeks)[2]
    assert found.information == pytest.approx(information, abs=1e-9)
    assert found.pulled == pytest.approx(pulled, abs=1e-9)


def test_shift_moves_what_is_pulled_as_told(weeks):
    shift = np.random.default_rng(1).normal(0, 1, WEEKS)
    swayed = told(weeks)[0]
    design, strayed, counting = weeks
    before, after = (
        series((design, each, counting)).pulled
        for each in (strayed, strayed + np.where(np.isfinite(counting), shift, 0))
    )
    assert after - before == pytest.approx(swayed @ shift)


def test_stores_that_stray_alike_say_less_of_a_week(weeks):
    alike = Noise(0.05, 0.1, 0.8, alike=0.5)
    lone, tied = (told(weeks, noise, stores=SERIES)[2] for noise in (NOISE, alike))
    assert np.trace(tied.information) < 0.7 * np.trace(lone.information)
    none = told(weeks, alike, left=0.0, stores=SERIES)
    assert none[2].information == pytest.approx(np.zeros((WEEKS, WEEKS)))
    assert none[0] == pytest.approx(np.zeros((SERIES, 2, WEEKS)))


def test_products_together_say_what_they_say_apart(weeks):
    parts = [told([each[some] for each in weeks])[2] for some in (slice(2), slice(2, 4))]
    both, whole = Shifts.total(parts), told(weeks)[2]
    assert both.information == pytest.approx(whole.information)
    assert both.pulled == pytest.approx(whole.pulled)


@pytest.mark.parametrize("levels", [(50.0, 50.0), (90.0, 10.0), (400.0, 100.0, 50.0)])
def test_noise_is_restored_that_weeks_of_few_series_took(levels):
    dice, level = np.random.default_rng(2), np.array(levels)[:, None]
    strayed = dice.normal(0, np.sqrt(0.04 + 1 / level), (len(level), 4000))
    weeks = (level * strayed).sum(axis=0) / level.sum()
    ones = np.ones_like(strayed)
    found, counting, _ = shifts.restored(
        strayed - weeks, ones / level, ones[:, 0], np.arange(len(level)), ones
    )
    assert (found**2 - counting).mean(axis=1) == pytest.approx(0.04, rel=0.15)


def test_single_series_leaves_nothing_to_judge_noise_by():
    ones = np.ones((1, 5))
    found = shifts.restored(0 * ones, ones, ones[:, 0], np.zeros(1, np.int64), ones)
    assert np.isnan(found[0]).all()
    assert np.isnan(found[1]).all()
