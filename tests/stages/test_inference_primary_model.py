import json

import numpy as np
import onnx.parser
import pandas as pd
import pytest

from pricetrail.demand.encode import Encoder
from pricetrail.errors import DataError, UnknownProduct
from pricetrail.files import write_json
from pricetrail.params import Params
from pricetrail.stages.inference_primary_model import work
from pricetrail.stages.stage import Context

NUMERIC = ["is_registered", "age", "naive_log"]
GRAPH = """
<ir_version: 8, opset_import: ["" : 17]>
order (float[n, 4] numeric, int64[n, 1] categories) => (float[n] forecast)
<float[4, 1] weights = {0.3, 0.2, 0.1, 0.4}, int64[1] one = {1}>
{
  slope = MatMul(numeric, weights)
  code = Cast<to = 1>(categories)
  sum = Add(slope, code)
  forecast = Squeeze(sum, one)
}
"""
FILES = ("data/x_test_df", "data/y_test_df", "data/x_test_processed")


def frame(rows, first):
    """Order lines of 4 products, one without a known age every now and then."""
    rng = np.random.default_rng(rows)
    return pd.DataFrame(
        {
            "line": np.arange(first, first + rows),
            "invoiceno": np.char.add("I", (np.arange(rows) // 3).astype(str)),
            "invoicedate": pd.Timestamp("2011-01-01") + pd.to_timedelta(np.arange(rows), "h"),
            "is_registered": rng.integers(0, 2, rows).astype(np.int8),
            "age": np.where(rng.random(rows) < 0.2, np.nan, rng.random(rows)),
            "naive_log": rng.random(rows).astype(np.float32),
            "stockcode": rng.choice(["A1", "A2", "A3", "A4"], rows),
            "quantity": rng.integers(1, 9, rows).astype(float),
        }
    )


@pytest.fixture
def shop(tmp_path):
    for folder in ("data", "models/production"):
        (tmp_path / folder).mkdir(parents=True)
    past, test = frame(80, first=0), frame(50, first=80)
    past.loc[0, "stockcode"] = "A9"
    encoder = Encoder.fit({name: past[name].to_numpy() for name in past}, NUMERIC, ["stockcode"])
    assert encoder.names == [*NUMERIC, "age_missing"]
    numbers, codes = encoder.transform({name: test[name].to_numpy() for name in test})
    encoded = pd.DataFrame(numbers, columns=encoder.names).assign(stockcode=codes[:, 0])
    write_json(
        tmp_path / "preprocessors/feature_names.json",
        {"numeric": encoder.names, "categorical": ["stockcode"]},
    )
    pd.concat([past, test]).to_parquet(tmp_path / "data/processed_df.parquet")
    for name, table in zip(
        FILES, (test.drop(columns="quantity"), test[["line", "quantity"]], encoded), strict=True
    ):
        table.to_parquet(tmp_path / f"{name}.parquet", index=False)
    (tmp_path / "models/production/dfn_best.onnx").write_bytes(
        onnx.parser.parse_model(GRAPH).SerializeToString()
    )
    fitted = {"hparams": {"layers": 2}, "optimizer": "adamw", "batch_size": 512, "lr": 0.01}
    write_json(tmp_path / "metrics/dfn_val.json", fitted)
    return tmp_path


def run(shop, **settings):
    values = {"shap_rows": 20, "background": 10, **settings}
    work(Context(shop, Params.model_validate({"inference_primary_model": values}), lambda share, note: None))
    return json.loads((shop / "metrics/dfn_inf.json").read_text())


def reordered(shop, names, order):
    for name in names:
        pd.read_parquet(shop / f"{name}.parquet").iloc[order].to_parquet(
            shop / f"{name}.parquet", index=False
        )


def results(shop):
    return pd.read_parquet(shop / "data/dfn_inference_results.parquet").set_index("line").sort_index()


def test_every_test_line_with_its_own_truth(shop):
    found = run(shop)
    lines = results(shop)
    wanted = pd.read_parquet(shop / "data/y_test_df.parquet").set_index("line").quantity
    assert found["rows"] == len(lines) == 50
    assert lines.y_true.to_numpy() == pytest.approx(wanted[lines.index].to_numpy())
    assert found["mse_inf"] == pytest.approx(((lines.y_pred_log - np.log1p(wanted)) ** 2).mean())
    assert found["mae_inf"] == pytest.approx((np.expm1(lines.y_pred_log) - wanted).abs().mean())


@pytest.mark.parametrize("files", [FILES, FILES[1:2]], ids=["all alike", "the truth alone"])
def test_order_of_rows_makes_no_difference(shop, files):
    run(shop)
    before = results(shop)
    reordered(shop, files, np.random.default_rng(1).permutation(50))
    run(shop)
    pd.testing.assert_frame_equal(results(shop), before)


def test_metrics_have_the_known_fields(shop):
    found = run(shop)
    assert (found["hparams"], found["optimizer"], found["batch_size"], found["lr"]) == (
        {"layers": 2},
        "adamw",
        512,
        0.01,
    )
    assert len(found["model_version"]) == 64
    assert (found["stockcode"], found["product"]) == (None, None)
    assert sum(tenth["rows"] for tenth in found["by_decile"].values()) == 50
    assert sum(channel["rows"] for channel in found["by_channel"].values()) == 50


def test_volume_counts_only_earlier_lines(shop):
    found = run(shop)
    known = pd.read_parquet(shop / "data/processed_df.parquet").iloc[:80].groupby("stockcode").quantity.sum()
    assert found["by_decile"]["10"]["most_sold"] in known.to_numpy()


def test_product_is_reported_beside_all(shop):
    found = run(shop, stockcode="A2")
    assert (found["product"]["verdict"], found["product"]["rows"]) == (
        "measured",
        (results(shop).stockcode == "A2").sum(),
    )
    assert found["rows"] == 50


def test_product_without_test_lines_is_inconclusive(shop):
    assert run(shop, stockcode="A9")["product"]["verdict"] == "inconclusive"


def test_unknown_product_is_refused(shop):
    with pytest.raises(UnknownProduct, match="A1"):
        run(shop, stockcode="a11")


def test_shap_values_sum_to_the_forecasts(shop):
    found = run(shop)
    shap = pd.read_parquet(shop / "reports/dfn_raw_shap_values.parquet").set_index("line")
    features = [*NUMERIC, "stockcode"]
    assert list(shap.columns) == ["base_value", "prediction", *features]
    assert (shap.base_value + shap[features].sum(axis=1) - shap.prediction).abs().max() < 1e-5
    assert shap.prediction.to_numpy() == pytest.approx(results(shop).y_pred_log[shap.index].to_numpy())
    assert found["shap"]["largest_gap"] < 1e-5


def test_second_run_writes_the_same_bytes(shop):
    run(shop)
    written = {
        path: path.read_bytes() for name in ("data", "metrics", "reports") for path in (shop / name).iterdir()
    }
    run(shop)
    assert all(path.read_bytes() == content for path, content in written.items())


def test_parts_of_different_length_are_a_fault(shop):
    reordered(shop, FILES[2:], np.arange(49))
    with pytest.raises(DataError, match=r"50 lines and .* 49"):
        run(shop)
