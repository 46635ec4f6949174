import numpy as np
import pytest

from pricetrail.demand.response import estimate, level
from pricetrail.demand.response.local import Weeks
from pricetrail.demand.response.noise import Noise

WEEKS = 40
STEADY, WANDERING = Noise(0.0, 0.0, 0.5), Noise(0.0, 0.5, 0.95)


def filtered(counts, noise, last=WEEKS - 1):
    ones = np.ones(counts.shape)
    each = ones[:, 0]
    weeks = Weeks(
        counts, 10 * ones, ones[..., None], ones > 0, ones < 0, each, ones, each, np.arange(len(counts)), ones
    )
    return level.filtered(weeks, noise, np.arange(WEEKS), ones, np.array([last]))


def stepped(before, after):
    return np.concatenate([np.full(WEEKS - 10, before), np.full(10, after)])[None] * 1.0


def test_steady_level_is_the_mean_of_all_weeks():
    assert filtered(stepped(10, 20), STEADY).factor()[0] == pytest.approx(1.25, abs=0.1)


def test_wandering_level_follows_the_newest_weeks():
    assert filtered(stepped(10, 20), WANDERING).factor()[0] == pytest.approx(2.0, abs=0.1)


def test_weeks_after_the_last_one_known_are_not_looked_at():
    assert filtered(stepped(10, 20), WANDERING, last=WEEKS - 11).factor()[0] == pytest.approx(1.0, abs=0.02)


def test_less_is_known_of_what_sells_less():
    some, many = (
        filtered(np.full((1, WEEKS), count), WANDERING).unknown(WANDERING, 1.0)[0] for count in (1.0, 50.0)
    )
    assert some > 2 * many


def test_what_is_not_known_is_as_a_whole_covariance_has_it():
    """The best linear unbiased prediction of a level, by matrices."""
    noise, known = Noise(0.05, 0.4, 0.9), np.arange(20)
    counts = np.random.default_rng(2).poisson(10, (1, WEEKS)).astype(float)
    newest, ahead = filtered(counts, noise, last=19), np.arange(24, 30)
    mean = np.isin(np.arange(WEEKS), ahead)[None] * 1.0
    factor, unknown = level.ahead(newest, noise, np.arange(WEEKS), np.array([19]), mean)
    covariance = 0.4 * 0.9 ** np.abs(known[:, None] - known) + np.diag(
        0.05 + 1 / (10 * newest.centre[0] * np.ones(20))
    )
    across = 0.4 * (0.9 ** np.abs(known[:, None] - ahead)).mean(axis=1)
    weight, ones = np.linalg.solve(covariance, across), np.linalg.solve(covariance, np.ones(20))
    strayed = counts[0, :20] / (10 * newest.centre[0]) - 1
    sums = 0.4 * (0.9 ** np.abs(ahead[:, None] - ahead)).mean() + 0.05 / len(ahead)
    assert unknown[0] == pytest.approx(
        sums - across @ weight + (1 - weight.sum()) ** 2 / ones.sum(), rel=1e-3
    )
    assert (factor * mean).sum() / 6 == pytest.approx(newest.centre[0] * (1 + weight @ strayed), rel=1e-3)


def test_level_comes_back_to_its_centre():
    newest = filtered(stepped(10, 20), WANDERING)
    later = level.ahead(newest, WANDERING, np.arange(WEEKS), np.array([WEEKS - 10]), np.ones((1, WEEKS)))[0][
        0
    ]
    assert later[-1] - newest.centre[0] == pytest.approx(0.95**9 * (later[WEEKS - 10] - newest.centre[0]))


def test_level_now_is_at_the_newest_price(shop):
    panel, _ = shop(slope=-2.0, level=30.0, size=3.0)
    found = level.now(estimate.fit(panel, deep_from=0.3))
    sold = panel.units.sum(axis=0)[:, -8:].mean(axis=1)
    assert found.price == pytest.approx(panel.price[:, -1])
    assert np.median(found.units / sold) == pytest.approx(1.0, abs=0.05)
    assert (np.abs(np.log(found.units / sold)) < 4 * np.hypot(found.log_sd, found.week_sd / 8**0.5)).all()


def test_what_week_after_week_brings_is_told(shop):
    panel, _ = shop(level=25.0, wander=0.0)
    found = level.now(estimate.fit(panel, deep_from=0.3))
    assert np.median(found.week_sd) == pytest.approx(1 / 5, abs=0.05)
