import numpy as np
import pytest

from pricetrail.demand.response import pool

SERIES = 300


def known(rng, mean, spread, error):
    """What series say of coefficients that differ by ``spread``, each known to ``error``."""
    true = mean + np.array(spread) * rng.standard_normal((SERIES, len(mean)))
    seen = true + error[:, None] * rng.standard_normal(true.shape)
    information = np.eye(len(mean)) / error[:, None, None] ** 2
    return true, information, np.einsum("sij,sj->si", information, seen)


@pytest.fixture(scope="module")
def drawn():
    rng = np.random.default_rng(0)
    error = rng.choice([0.2, 0.5, 1.5], SERIES)
    true, information, pulled = known(rng, [-1.2, -0.8, 0.5], [0.4, 0.2, 0.2], error)
    return true, error, *pool.fit(information, pulled)


def test_mean_and_spread_are_found_again(drawn):
    found = drawn[2]
    assert np.abs(found.mean - [-1.2, -0.8, 0.5]).max() < 3 * np.sqrt(np.diag(found.cov)).max()
    assert found.spread[0] == pytest.approx(0.4, abs=0.1)
    assert found.spread[1] == found.spread[2] == pytest.approx(0.2, abs=0.1)


def test_intervals_hold_the_truth_at_their_rate(drawn):
    true, _, _, slopes = drawn
    strayed = np.abs(true - slopes.mean) / np.sqrt(np.einsum("sii->si", slopes.cov))
    assert (strayed <= 1.645).mean() == pytest.approx(0.9, abs=0.03)


def test_who_knows_less_is_drawn_closer_to_the_others(drawn):
    true, error, found, slopes = drawn
    apart = [np.std(slopes.mean[error == one, 0]) for one in (0.2, 0.5, 1.5)]
    assert apart[0] > apart[1] > apart[2]
    assert np.mean((slopes.mean - true) ** 2) < np.mean((found.mean - true) ** 2)


def test_series_that_says_nothing_is_as_the_pool(drawn):
    found = drawn[2]
    silent = pool.given(found, np.zeros((1, 3, 3)), np.zeros((1, 3)))
    assert silent.mean[0] == pytest.approx(found.mean)
    assert np.sqrt(silent.cov[0, 0, 0]) == pytest.approx(np.hypot(found.spread[0], found.cov[0, 0] ** 0.5))


def test_given_the_pool_series_are_as_when_they_were_in_it():
    information, pulled = known(np.random.default_rng(1), [-1.0], [0.3], np.full(SERIES, 0.4))[1:]
    found, slopes = pool.fit(information, pulled)
    assert pool.given(found, information[:5], pulled[:5]).mean == pytest.approx(slopes.mean[:5])


def test_nobody_says_anything():
    found, slopes = pool.fit(np.zeros((4, 3, 3)), np.zeros((4, 3)))
    assert found.mean == pytest.approx(np.zeros(3))
    assert (slopes.cov[:, 0, 0] > 1).all()


def test_scores_that_scatter_more_than_told_widen_the_interval():
    rng = np.random.default_rng(2)
    _, information, pulled = known(rng, [-1.0], [0.3], np.full(SERIES, 0.4))
    found = pool.fit(information, pulled)[0]
    wider = pool.robust(found, information, pulled * rng.choice([0.2, 1.8], SERIES)[:, None])
    assert wider[0, 0] > 1.5 * found.cov[0, 0]
    assert pool.robust(found, information, pulled)[0, 0] == pytest.approx(found.cov[0, 0], rel=0.3)


def test_own_error_is_that_of_the_first_coefficient_alone():
    found = pool.fit(*known(np.random.default_rng(3), [-1.0, 0.0], [0.3, 0.1], np.full(SERIES, 0.4))[1:])[0]
    apart = np.array([[[16.0, 0.0], [0.0, 16.0]]])
    mixed = np.array([[[16.0, 15.9], [15.9, 16.0]]])
    assert pool.own_error(found, apart)[0] == pytest.approx(0.25)
    assert pool.own_error(found, mixed)[0] > 0.25
