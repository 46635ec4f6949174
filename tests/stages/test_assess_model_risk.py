import json

import numpy as np
import onnx.parser
import pandas as pd
import pytest

from pricetrail.demand.encode import Encoder
from pricetrail.errors import DataError, ParamsInvalid
from pricetrail.files import write_json
from pricetrail.params import Params
from pricetrail.stages.assess_model_risk import work
from pricetrail.stages.stage import Context

GRAPH = """
<ir_version: 8, opset_import: ["" : 17]>
order (float[n, 1] numeric, int64[n, 1] categories) => (float[n] forecast)
<float[1, 1] weights = {%s}, int64[1] one = {1}>
{
  slope = MatMul(numeric, weights)
  forecast = Squeeze(slope, one)
}
"""


def make(root, *, registered=0.7, bias=0.0, invoices=150):
    """A shop whose truth is near ``hint``: forecasts stray a little, the heuristic more."""
    rng = np.random.default_rng(6)
    invoice = np.repeat(np.arange(invoices), 4)
    group = (invoice < registered * invoices).astype(np.int8)
    hint = rng.normal(0, 0.5, len(invoice))
    true, rows = hint + rng.normal(0, 0.2, len(invoice)), np.arange(len(invoice))
    ids = {"line": rows, "invoiceno": invoice.astype(str), "stockcode": "A1", "is_registered": group}
    guesses = {"y_pred_log": hint + bias * (group == 0), "naive_log": true + 0.6}
    known = {"line": rows, "hint": hint, "country": np.where(rows % 3, "UK", "FR")}
    (root / "data").mkdir()
    results = pd.DataFrame({**ids, "y_true_log": true, **guesses})
    results.to_parquet(root / "data/dfn_inference_results.parquet", index=False)
    lines = pd.DataFrame(known).sample(frac=1, random_state=1)
    lines.to_parquet(root / "data/x_test_df.parquet", index=False)
    write_json(root / "metrics/dfn_inf.json", {"stockcode": None, "model_version": "abc"})
    return root


def release(root, slope, feature="hint"):
    """A production release that forecasts ``slope`` times the encoded feature."""
    values = np.linspace(-3, 3, 1001)
    encoder = Encoder.fit({feature: values, "country": np.full(1001, "UK", object)}, [feature], ["country"])
    write_json(root / "production/release.json", {})
    write_json(root / "production/encoder.json", encoder.to_json())
    (root / "production/model.onnx").write_bytes(onnx.parser.parse_model(GRAPH % slope).SerializeToString())


def run(root, **settings):
    values = {"assess_model_risk": {"resamples": 200, **settings}}
    work(Context(root, Params.model_validate(values), lambda share, note: None))
    text = (root / "metrics/dfn_risk_fairness.json").read_text()
    assert "NaN" not in text
    return json.loads(text)


def verdicts(found):
    return {rule["rule"]: rule["verdict"] for rule in found["rules"]}


@pytest.mark.parametrize(("bias", "verdict", "mark"), [(0.0, "passed", 1), (0.3, "blocked", 0)])
def test_groups_are_judged(tmp_path, bias, verdict, mark):
    found = run(make(tmp_path, bias=bias))
    assert (found["verdict"], found["is_mod_acceptable"]) == (verdict, mark)
    assert found["mean_error_difference"] == pytest.approx(
        found["mean_error_unprivileged"] - found["mean_error_privileged"]
    )
    interval = found["intervals"]["mean_error_difference"]
    assert interval["low"] < found["mean_error_difference"] < interval["high"]
    assert (found["rows_privileged"], found["invoices_unprivileged"]) == (420, 45)


@pytest.mark.parametrize("registered", [0.0, 1.0])
def test_shop_with_one_group_is_inconclusive(tmp_path, registered):
    found = run(make(tmp_path, registered=registered))
    assert (found["verdict"], found["is_mod_acceptable"]) == ("inconclusive", None)
    assert found["mean_error_difference"] is None
    assert verdicts(found) == {"fairness": "inconclusive", "naive": "passed", "production": "passed"}


def test_one_invoice_is_inconclusive(tmp_path):
    found = run(make(tmp_path, registered=1.0, invoices=1))
    assert verdicts(found) == {"fairness": "inconclusive", "naive": "inconclusive", "production": "passed"}


def test_group_may_be_any_column(tmp_path):
    found = run(make(tmp_path), sensitive_feature="country", privileged_group="UK")
    assert (found["rows_unprivileged"], found["rows_privileged"]) == (200, 400)
    assert "country" in found["rules"][0]["words"]


def test_nobody_asked_for_groups(tmp_path):
    found = run(make(tmp_path), sensitive_feature=None)
    assert (found["verdict"], verdicts(found)) == (None, {"naive": "passed", "production": "passed"})


def test_unknown_column_is_named(tmp_path):
    with pytest.raises(ParamsInvalid, match=r"'age'.*Choose one of: country"):
        run(make(tmp_path), sensitive_feature="age")


@pytest.mark.parametrize(("slope", "verdict"), [("0.5", "blocked"), ("-1.0", "passed")])
def test_production_release_forecasts_the_same_lines(tmp_path, slope, verdict):
    shop = make(tmp_path, bias=0.8)
    release(shop, slope)
    rule = run(shop)["rules"][2]
    assert rule["verdict"] == verdict
    assert rule["figures"]["mse_production"] != rule["figures"]["mse_model"]


def test_release_that_needs_what_the_lines_lack_is_inconclusive(tmp_path):
    release(make(tmp_path), "1.0", feature="weather")
    rule = run(tmp_path)["rules"][2]
    assert (rule["verdict"], "weather" in rule["words"]) == ("inconclusive", True)


def test_release_without_its_model_is_a_fault(tmp_path):
    release(make(tmp_path), "1.0")
    (tmp_path / "production/model.onnx").unlink()
    with pytest.raises(DataError, match="no model to go with it"):
        run(tmp_path)


def test_lines_that_do_not_match_are_a_fault(tmp_path):
    path = make(tmp_path) / "data/x_test_df.parquet"
    pd.read_parquet(path).iloc[:-3].to_parquet(path, index=False)
    with pytest.raises(DataError, match="3 of 600 lines are not among them"):
        run(tmp_path)


def test_same_bytes_again(tmp_path):
    assert run(make(tmp_path)) == run(tmp_path)
