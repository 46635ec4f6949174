import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricetrail.demand import explanation
from pricetrail.demand.explanation import TOLERANCE, Explanation, Inputs, mean_abs, sample, summary, typical

NAMES = ("price", "age", "age", "stockcode")
WEIGHTS = np.array([0.1, 2.0, -1.0])
EFFECTS = np.array([0.0, 3.0, -3.0])


def linear(numeric, categories):
    return numeric @ WEIGHTS + EFFECTS[categories[:, 0].astype(int)]


def tangled(numeric, categories):
    return np.tanh(linear(numeric, categories)) + numeric[:, 0] * numeric[:, 1] * categories[:, 0]


def inputs(rows, seed=0):
    rng = np.random.default_rng(seed)
    return Inputs(rng.normal(size=(rows, 3)), rng.integers(0, 3, (rows, 1)))


def explain(predict, lines=30, seed=7):
    return explanation.explain(
        predict, inputs(lines), inputs(12, seed=1), NAMES, seed=seed, progress=lambda share: None
    )


def test_linear_model_is_explained_exactly():
    found, lines, background = explain(linear), inputs(30), inputs(12, seed=1)
    moved = (lines.numeric - background.numeric.mean(axis=0)) * WEIGHTS
    assert found.names == ("price", "age", "stockcode")
    assert found.values[:, 0] == pytest.approx(moved[:, 0])
    assert found.values[:, 1] == pytest.approx(moved[:, 1] + moved[:, 2])


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=5, deadline=None)
def test_sums_are_the_forecasts(seed):
    found, lines = explain(tangled, seed=seed), inputs(30)
    sums = found.base + found.values.sum(axis=1)
    assert np.abs(sums - tangled(lines.numeric, lines.categories)).max() < TOLERANCE


def test_base_is_the_mean_forecast_of_the_background():
    background = inputs(12, seed=1)
    assert explain(tangled).base == pytest.approx(tangled(background.numeric, background.categories).mean())


def test_same_seed_same_values():
    assert np.array_equal(explain(tangled).values, explain(tangled).values)


def test_progress_ends_at_one():
    shares = []
    explanation.explain(linear, inputs(60), inputs(5, 1), NAMES, seed=1, progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_bar_and_label_belong_together():
    records = mean_abs(explain(linear))
    assert [record["feature_name"] for record in records] == ["stockcode", "age", "price"]
    weights = [record["mean_abs_shap"] for record in records]
    assert weights == sorted(weights, reverse=True)
    assert weights[2] == pytest.approx(np.abs(explain(linear).values[:, 0]).mean())


def test_beeswarm_pairs_values_with_points():
    values = np.array([[1.0, -5.0], [2.0, 6.0], [3.0, 7.0]])
    raw = {"weak": np.array([10.0, np.nan, 30.0]), "strong": np.array(["A", "B", "C"], object)}
    points = summary(Explanation(("weak", "strong"), 0.0, values), raw)
    assert [tuple(point.values()) for point in points] == [
        ("strong", -5.0, "A", None),
        ("strong", 6.0, "B", None),
        ("strong", 7.0, "C", None),
        ("weak", 1.0, 10.0, 0.0),
        ("weak", 2.0, None, None),
        ("weak", 3.0, 30.0, 1.0),
    ]
    json.dumps(points, allow_nan=False)


def test_beeswarm_is_bounded():
    names = tuple(f"f{at}" for at in range(30))
    raw = {name: np.zeros(500) for name in names}
    points = summary(Explanation(names, 0.0, np.ones((500, 30))), raw, features=5, rows=40)
    assert len(points) == 5 * 40


@pytest.mark.parametrize(("rows", "number", "drawn"), [(100, 10, 10), (7, 10, 7)])
def test_sample_is_seeded_and_without_repeats(rows, number, drawn):
    found = sample(rows, number, seed=3)
    assert len(set(found)) == len(found) == drawn
    assert found.tolist() == sorted(sample(rows, number, seed=3))


def test_typical_lines_stand_for_all():
    forecasts = np.random.default_rng(0).exponential(size=5000)
    assert forecasts[typical(forecasts, 50, seed=1)].mean() == pytest.approx(forecasts.mean(), rel=0.05)
    assert len(typical(forecasts[:3], 50, seed=1)) == 3
