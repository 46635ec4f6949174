import numpy as np
import pytest

from pricetrail.demand.response import estimate, level
from pricetrail.demand.response.local import Weeks
from pricetrail.demand.response.noise import Noise

WEEKS = 40
STEADY, WANDERING = Noise(0.0, 0.0, 0.5), Noise(0.0, 0.5, 0.95)


def filtered(counts, noise, last=WEEKS - 1):
    ones = np.ones(counts.shape)
    weeks = Weeks(counts, 10 * ones, ones[..., None], ones > 0, ones < 0, ones[:, 0], ones, ones[:, 0])
    return level.filtered(weeks, noise, ones, np.array([last]))


def stepped(before, after):
    return np.concatenate([np.full(WEEKS - 10, before), np.full(10, after)])[None] * 1.0


def test_steady_level_is_the_mean_of_all_weeks():
    assert filtered(stepped(10, 20), STEADY).factor[0] == pytest.approx(1.25, abs=0.1)


def test_wandering_level_follows_the_newest_weeks():
    assert filtered(stepped(10, 20), WANDERING).factor[0] == pytest.approx(2.0, abs=0.1)


def test_weeks_after_the_last_one_known_are_not_looked_at():
    assert filtered(stepped(10, 20), WANDERING, last=WEEKS - 11).factor[0] == pytest.approx(1.0, abs=0.02)


def test_less_is_known_of_what_sells_less():
    some, many = (filtered(np.full((1, WEEKS), count), WANDERING).unknown[0] for count in (1.0, 50.0))
    assert some > 2 * many


def foretold(*weeks, factor=1.0):
    mean = np.zeros((1, WEEKS))
    mean[0, list(weeks)] = 1.0
    newest = level.Filtered(*(np.array([each]) for each in (factor, 0.0, 1.0)))
    return level.ahead(newest, WANDERING, np.arange(WEEKS), np.array([20]), mean)


def test_drift_adds_up_week_by_week():
    def ahead(*weeks):
        return foretold(*weeks)[1]

    assert ahead(21) == 0
    assert 0 < ahead(22) < ahead(29)
    assert ahead(29) > ahead(*range(22, 30)) > ahead(22)


def test_level_comes_back_to_its_centre():
    factor = foretold(21, 29, factor=2.0)[0][0]
    assert factor[21] == 2.0
    assert factor[35] == pytest.approx(1 + 0.95**14)


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
