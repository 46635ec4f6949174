import numpy as np
import pytest

from pricetrail.demand.response import baseline

LEVEL, WEEK = np.array([3.0, 8.0, 1.0]), np.array([1.0, 2.0, 0.5, 1.5])
MEANS = np.outer(LEVEL, WEEK)
EVERY = np.ones(MEANS.shape, bool)


def test_product_of_levels_and_weeks_is_found_again():
    assert baseline.expected(MEANS[None], np.ones(MEANS.shape), EVERY)[0] == pytest.approx(MEANS)


def test_what_multiplies_the_mean_is_taken_out():
    exposure = np.where(np.arange(4) < 2, 1.0, 3.0) * np.ones(MEANS.shape)
    found = baseline.expected((MEANS * exposure)[None], exposure, EVERY)
    assert found[0] == pytest.approx(MEANS)


def test_weeks_that_do_not_count_say_nothing():
    live = EVERY.copy()
    live[0, 1] = False
    spoilt = np.where(live, MEANS, 1e6)
    assert baseline.expected(spoilt[None], np.ones(MEANS.shape), live)[0] == pytest.approx(MEANS)


def test_channels_have_weeks_of_their_own():
    both = np.stack([MEANS, MEANS[:, ::-1]])
    assert baseline.expected(both, np.ones(MEANS.shape), EVERY) == pytest.approx(both)


def test_sums_by_series_and_week_are_kept():
    counts = np.random.default_rng(0).poisson(MEANS).astype(float)
    found = baseline.expected(counts[None], np.ones(MEANS.shape), EVERY)[0]
    assert found.sum(axis=0) == pytest.approx(counts.sum(axis=0))
    assert found.sum(axis=1) == pytest.approx(counts.sum(axis=1))


def test_nothing_sold_is_nothing_expected():
    assert not baseline.expected(np.zeros((1, 2, 3)), np.ones((2, 3)), np.ones((2, 3), bool)).any()
