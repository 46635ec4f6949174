import numpy as np
import pytest

from pricetrail.demand.response import noise
from pricetrail.demand.response.noise import Noise

WEEKS = np.arange(60)
COUNTING = 0.02


def covariance(one, weeks):
    """Between the log rates of weeks, as the noise is defined."""
    apart = np.abs(weeks[:, None] - weeks)
    return one.lasting * one.decay**apart + one.week * (apart == 0)


def strayed(true, seed=0, series=400):
    rng = np.random.default_rng(seed)
    root = np.linalg.cholesky(covariance(true, WEEKS) + 1e-9 * np.eye(len(WEEKS)))
    rate = rng.standard_normal((series, len(WEEKS))) @ root.T
    return rate + np.sqrt(COUNTING) * rng.standard_normal(rate.shape)


@pytest.mark.parametrize(
    "true", [Noise(0.1, 0.0, 0.5), Noise(0.0, 0.3, 0.82), Noise(0.05, 0.2, 0.95)], ids=str
)
def test_noise_is_found_again(true):
    values = strayed(true)
    found = noise.fit(
        values, np.full_like(values, COUNTING), WEEKS, np.arange(len(values)), np.ones_like(values)
    )
    near = [0, 1, 4, 12]
    assert covariance(found, WEEKS)[0, 0] == pytest.approx(true.week + true.lasting, abs=0.06)
    told, expected = (
        covariance(each, WEEKS)[0, 0] - covariance(each, WEEKS)[0, near] for each in (found, true)
    )
    assert told == pytest.approx(expected, abs=0.03)


def test_level_of_a_series_does_not_matter():
    values = strayed(Noise(0.05, 0.2, 0.9))
    moved = values + np.arange(len(values))[:, None]
    counting = np.full_like(values, COUNTING)
    one, other = (
        noise.fit(each, counting, WEEKS, np.arange(len(each)), np.ones_like(each)) for each in (values, moved)
    )
    assert covariance(one, WEEKS) == pytest.approx(covariance(other, WEEKS))


def test_counting_alone_is_no_noise():
    values = strayed(Noise(0.0, 0.0, 0.5))
    found = noise.fit(
        values, np.full_like(values, COUNTING), WEEKS, np.arange(len(values)), np.ones_like(values)
    )
    assert found.week + found.lasting < 0.01


@pytest.mark.parametrize("alike", [0.0, 0.6])
def test_what_stores_share_is_found_again(alike):
    product = np.repeat(np.arange(50), 8)
    shared = strayed(Noise(0.0, 0.3, 0.8), seed=1, series=50)[product]
    values = np.sqrt(alike) * shared + np.sqrt(1 - alike) * strayed(Noise(0.0, 0.3, 0.8))
    found = noise.fit(values, np.zeros_like(values), WEEKS, product, np.ones_like(values))
    assert found.alike == pytest.approx(alike, abs=0.1)
    assert found.alone == pytest.approx(1 - alike, abs=0.1)


@pytest.mark.parametrize("weeks", [np.arange(1), np.array([0, 30])])
def test_too_few_weeks_give_a_guess(weeks):
    nothing = np.full((5, len(weeks)), np.nan)
    assert noise.fit(nothing, nothing, weeks, np.arange(5), nothing).week == noise.GUESS


def test_weighed_columns_are_multiplied_by_the_inverse_covariance():
    rng, weeks, true = np.random.default_rng(3), np.array([0, 1, 2, 5, 6, 9]), Noise(0.1, 0.3, 0.8)
    columns, counting = rng.normal(size=(2, 6, 3)), rng.uniform(0.1, 2, (2, 6))
    found = true.weighed(columns, counting, weeks)
    whole = covariance(true, weeks) + counting[:, :, None] * np.eye(6)
    assert found == pytest.approx(np.linalg.solve(whole, columns))


def test_whitened_columns_multiply_as_under_the_inverse_covariance():
    rng, weeks, true = np.random.default_rng(3), np.array([0, 1, 2, 5, 6, 9]), Noise(0.1, 0.3, 0.8)
    columns, counting = rng.normal(size=(2, 6, 3)), rng.uniform(0.1, 2, (2, 6))
    counting[1, 2] = np.inf
    found = true.whitened(columns, counting, weeks)
    for at, counted in enumerate(np.isfinite(counting)):
        whole = (covariance(true, weeks) + np.diag(counting[at]))[np.ix_(counted, counted)]
        expected = columns[at, counted].T @ np.linalg.solve(whole, columns[at, counted])
        assert found[at].T @ found[at] == pytest.approx(expected)


def test_inverse_covariances_are_added_up_as_inverted_one_by_one():
    dice, weeks, product = np.random.default_rng(3), np.array([0, 1, 2, 4, 5, 9]), np.array([0, 0, 1])
    left, counting = dice.uniform(0, 1, (2, 3, len(weeks)))
    counting[1, 2] = np.inf
    found, expected = Noise(0.05, 0.3, 0.8).informed(left, counting, weeks, product), np.zeros((2, 6, 6))
    for at, one in enumerate(product):
        live = np.ix_(*[np.isfinite(counting[at])] * 2)
        cov = covariance(Noise(0.05, 0.3, 0.8), weeks)[live] + np.diag(counting[at])[live]
        expected[one][live] += np.outer(left[at], left[at])[live] * np.linalg.inv(cov)
    assert found == pytest.approx(expected)
