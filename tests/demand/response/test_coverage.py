"""Counts drawn from the forecast's own law lie within its interval as often as it says."""

import numpy as np
import pytest

from pricetrail.demand.response import coverage, local

DRAWN = 4_000
NONE = np.zeros(DRAWN)


@pytest.mark.parametrize("spread", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("mean", [0.3, 2.0, 40.0])
def test_orders_at_their_stated_rate(mean, spread):
    rng = np.random.default_rng(1)
    rate = mean * (rng.gamma(1 / spread, spread, DRAWN) if spread else np.ones(DRAWN))
    found = coverage.orders(
        rng.poisson(rate).astype(float), np.full(DRAWN, mean), np.full(DRAWN, spread), NONE
    )
    assert found.mean() == pytest.approx(coverage.RATE, abs=0.02)


@pytest.mark.parametrize("mean", [2.0, 30.0])
def test_units_at_their_stated_rate(mean):
    rng = np.random.default_rng(2)
    orders = rng.poisson(mean * rng.gamma(1 / 0.4, 0.4, DRAWN))
    units = np.array([np.maximum(1, rng.gamma(2.0, 5.0, count).round()).sum() for count in orders])
    told = [np.full(DRAWN, value) for value in (mean * 10.0, 0.4, 10.0, 5.0, 0.0)]
    assert coverage.units(units, *told).mean() == pytest.approx(coverage.RATE, abs=0.03)


def test_forecast_that_is_too_sure_covers_less():
    counts = (
        np.random.default_rng(3).poisson(20 * np.random.default_rng(4).gamma(2, 0.5, DRAWN)).astype(float)
    )
    sure = coverage.orders(counts, np.full(DRAWN, 20.0), np.zeros(DRAWN), NONE)
    assert sure.mean() < 0.5


def test_what_nobody_expected_is_outside():
    assert coverage.orders(np.array([400.0]), np.array([5.0]), np.array([0.1]), np.zeros(1)) == 0


@pytest.mark.parametrize("rate", [0.2, 1.0, 5.0])
def test_weeks_that_could_not_be_zero_at_their_stated_rate(rate):
    """Four weeks that count because somebody bought: what was drawn in any other is not there to see."""
    rng = np.random.default_rng(5)
    drawn = rng.poisson(rate, (4, 40 * DRAWN)).astype(float)
    counts = np.array([week[week > 0][:DRAWN] for week in drawn]).sum(axis=0)
    told, varying = local.truncated(np.full(DRAWN, rate), np.ones(DRAWN))
    mean, sure = 4 * told, 4 * (told - varying)
    found = coverage.orders(counts, mean, NONE, sure)
    assert found.mean() == pytest.approx(coverage.RATE, abs=0.03)
