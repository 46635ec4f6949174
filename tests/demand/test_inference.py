import hashlib

import numpy as np
import onnx.parser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricetrail.demand import inference
from pricetrail.demand.inference import BATCH, Forecasts, Model, by_channel, by_decile, deciles, errors
from pricetrail.errors import DataError, UnknownProduct

GRAPH = """
<ir_version: 8, opset_import: ["" : 17]>
order (float[n, 2] numeric, {kind}[n, 1] categories) => (float[n] forecast)
<float[2, 1] weights = {{0.5, -0.25}}, float[3] effects = {{0.0, 1.0, 2.0}}, int64[1] one = {{1}}>
{{
  weighted = MatMul(numeric, weights)
  slope = Squeeze(weighted, one)
  code = Squeeze(categories, one)
  effect = Gather(effects, code)
  forecast = Add(slope, effect)
}}
"""


def network(kind="int64"):
    return onnx.parser.parse_model(GRAPH.format(kind=kind)).SerializeToString()


def inputs(rows):
    rng = np.random.default_rng(2)
    return rng.normal(size=(rows, 2)).astype(np.float32), rng.integers(0, 3, (rows, 1)).astype(np.int32)


def forecasts(rows=40):
    rng = np.random.default_rng(9)
    true = rng.normal(1.5, 1, rows)
    return Forecasts(np.arange(rows).astype(str).astype(object), true, true + 0.1, true - 0.3)


@pytest.mark.parametrize("kind", ["int32", "int64"])
@pytest.mark.parametrize("rows", [0, 1, BATCH, BATCH + 7])
def test_every_line_is_forecast(kind, rows):
    numeric, categories = inputs(rows)
    expected = numeric @ np.array([0.5, -0.25], np.float32) + categories[:, 0]
    assert Model(network(kind)).predict(numeric, categories) == pytest.approx(expected, abs=1e-6)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=10, deadline=None)
def test_forecast_depends_on_no_other_line(seed):
    numeric, categories = inputs(BATCH + 100)
    order = np.random.default_rng(seed).permutation(len(numeric))
    model = Model(network())
    shuffled = model.predict(numeric[order], categories[order])
    assert np.array_equal(shuffled, model.predict(numeric, categories)[order])


def test_version_is_the_digest_of_the_bytes():
    assert Model(network()).version == hashlib.sha256(network()).hexdigest()


def test_broken_model_is_named():
    with pytest.raises(DataError, match=r"dfn_best\.onnx is not a model"):
        Model(b"no model", name="dfn_best.onnx")


def test_errors_beside_the_heuristics():
    found = errors(forecasts())
    assert found["rows"] == 40
    assert (found["mse_inf"], found["rmsle_inf"]) == pytest.approx((0.01, 0.1))
    assert (found["mse_naive"], found["rmsle_naive"]) == pytest.approx((0.09, 0.3))


def test_mae_is_in_units():
    found = Forecasts(np.array(["a"], object), np.log1p([4.0]), np.log1p([6.0]), np.log1p([1.0]))
    assert (errors(found)["mae_inf"], errors(found)["mae_naive"]) == pytest.approx((2.0, 3.0))


def test_empty_channel_has_null_errors():
    found = by_channel(forecasts(), np.zeros(40, bool))
    assert (found["registered"]["rows"], found["registered"]["mse_inf"]) == (0, None)
    assert found["unregistered"] == errors(forecasts())


@given(st.lists(st.integers(0, 30), min_size=1, max_size=200))
def test_deciles_follow_the_values(values):
    tenths = deciles(np.array(values, float))
    assert tenths.min() >= 1
    assert tenths.max() <= 10
    order = np.argsort(values, kind="stable")
    assert (np.diff(tenths[order]) >= 0).all()
    assert len({(value, tenth) for value, tenth in zip(values, tenths, strict=True)}) == len(set(values))


def test_deciles_of_distinct_values_are_equal():
    assert (
        np.bincount(deciles(np.random.default_rng(0).permutation(np.arange(200.0))))[1:].tolist() == [20] * 10
    )


def test_decile_is_by_what_the_product_sold_before():
    products = np.array([f"P{at % 20}" for at in range(40)], object)
    found = by_decile(forecasts(), products, {f"P{at}": float(at) for at in range(1, 20)})
    assert [tenth["rows"] for tenth in found.values()] == [4] * 10
    assert (found["1"]["least_sold"], found["1"]["most_sold"], found["1"]["products"]) == (0, 1, 2)
    assert (found["10"]["least_sold"], found["10"]["most_sold"]) == (18, 19)


PRODUCTS = np.array(["85123A"] * 10 + ["22423"] * 30, object)


def test_product_has_its_own_errors():
    found = inference.product(forecasts(), PRODUCTS, "85123A", known=[])
    assert (found["stockcode"], found["verdict"], found["rows"]) == ("85123A", "measured", 10)


def test_product_without_test_lines_is_inconclusive():
    found = inference.product(forecasts(), PRODUCTS, "21730", known=["21730"])
    assert (found["verdict"], found["rows"], found["mse_inf"]) == ("inconclusive", 0, None)


def test_unknown_product_names_the_nearest():
    with pytest.raises(UnknownProduct, match=r"'85123a' among the 2.*nearest are: 85123A"):
        inference.product(forecasts(), PRODUCTS, "85123a", known=[])
