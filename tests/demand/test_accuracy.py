import numpy as np
import pytest

from pricetrail.demand.accuracy import accuracy


def test_perfect_forecast_has_no_error():
    logs = np.log1p(np.array([1.0, 6.0, 144.0]))
    found = accuracy(logs, logs)
    assert (found.mse_log, found.rmsle, found.mae) == (0.0, 0.0, 0.0)


def test_rmsle_is_on_true_quantities():
    true, forecast = np.array([1.0, 12.0]), np.array([3.0, 6.0])
    found = accuracy(np.log1p(true), np.log1p(forecast))
    expected = np.mean((np.log(forecast + 1) - np.log(true + 1)) ** 2)
    assert found.mse_log == pytest.approx(expected)
    assert found.rmsle == pytest.approx(expected**0.5)
    assert found.mae == pytest.approx(4.0)


def test_single_precision_does_not_add_up_errors():
    true = np.full(1_000_000, np.log1p(7), np.float32)
    assert accuracy(true, true + np.float32(0.5)).mse_log == pytest.approx(0.25, rel=1e-6)
