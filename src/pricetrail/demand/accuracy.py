"""How far forecasts of order quantities are off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Accuracy:
    """``mse_log``: mean squared error of log1p quantities; ``rmsle``: its root; ``mae``: mean error in units."""

    mse_log: float
    rmsle: float
    mae: float


def accuracy(true_log: Values, forecast_log: Values) -> Accuracy:
    """Score forecasts; both arguments are log1p quantities, shape (n,)."""
    true, forecast = np.asarray(true_log, np.float64), np.asarray(forecast_log, np.float64)
    mse = float(np.mean(np.square(forecast - true)))
    return Accuracy(mse, mse**0.5, float(np.mean(np.abs(np.expm1(forecast) - np.expm1(true)))))
