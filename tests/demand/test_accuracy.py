import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricetrail.demand.accuracy import accuracy

logs = st.lists(st.floats(0, 8), min_size=1, max_size=50).map(np.array)


def test_figures_by_hand():
    found = accuracy(np.log1p([1.0, 3.0]), np.log1p([3.0, 3.0]))
    assert found.mse_log == pytest.approx(np.log(2) ** 2 / 2)
    assert found.rmsle == pytest.approx(found.mse_log**0.5)
    assert found.mae == pytest.approx(1.0)


@given(logs)
def test_perfect_forecast_has_no_error(values):
    assert accuracy(values, values) == accuracy(values, values.copy())
    assert accuracy(values, values).mse_log == 0
