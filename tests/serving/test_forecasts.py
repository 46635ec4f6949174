"""Failover between models that are there, missing, broken, or saying what is no number."""

import io
import json
from datetime import datetime

import numpy as np
import onnx.parser
import pytest

from pricetrail.demand.encode import Encoder
from pricetrail.demand.prospect import Product, Prospects

PATH = "/v1/forecast"
LINE = {"stockcode": "85123A", "unitprice": 2.95}
NAMES = (
    "unitprice", "is_registered", "product_days", "log_price", "vs_last", "vs_most", "vs_least",
    "weekday", "minute_of_day", "week_of_year", "day_of_month",
)  # fmt: skip
HEAD = '<ir_version: 8, opset_import: ["" : 15]>'
NETWORK = """
order (float[n, 10] numeric, int32[n, 1] categories) => (float[n] forecast)
<int64[1] one = {{1}}, float said = {{{0}}}>
{{
  sum = ReduceMean <axes = [1], keepdims = 0> (numeric)
  none = Sub(sum, sum)
  forecast = Add(none, said)
}}
"""
BACKUP = NETWORK.replace(", int32[n, 1] categories", "").replace("numeric", "features")


def model(text, said):
    return onnx.parser.parse_model(HEAD + text.format(said)).SerializeToString()


def snapshot():
    """One product, sold to both kinds of customer at one price."""
    values = np.array([[2.95, kind, 3.0, 1.08, 0, 0, 0, 2, 600, 40, 9] for kind in (0, 1)], np.float32)
    moment = datetime(2011, 12, 9, 12)
    prospects = Prospects(moment, NAMES, {"85123A": Product(0, 2, "United Kingdom")}, values)
    columns = {name: values[:, at].astype(float) for at, name in enumerate(NAMES)}
    encoder = Encoder.fit(
        {**columns, "country": np.array(["France"] * 4, object)[:2]}, NAMES[1:], ["country"]
    )
    array = io.BytesIO()
    np.save(array, values)
    return {
        "models/snapshot/products.json": json.dumps(prospects.to_json()).encode(),
        "models/snapshot/features.npy": array.getvalue(),
        "preprocessors/encoder.json": json.dumps(encoder.to_json()).encode(),
    }


MODELS = {
    "models/production/dfn_best.onnx": model(NETWORK, 1.0),
    "models/backup/lightgbm.onnx": model(BACKUP, 2.0),
    "models/backup/elastic_net.onnx": model(BACKUP, 3.0),
}


@pytest.fixture
def ask(shop):
    """The answer to lines, of a service whose models were changed."""

    def asked(changes=(), lines=(LINE,), status=200):
        files = {**snapshot(), **MODELS, **dict(changes)}
        shop.promote(files={path: content for path, content in files.items() if content is not None})
        found = shop.client().post(PATH, json={"lines": list(lines)})
        assert found.status_code == status
        return found.json

    return asked


def test_network_speaks_first(ask):
    found = ask(lines=[LINE, {**LINE, "is_registered": False, "unitprice": 99, "country": "Narnia"}])
    assert (found["model"], found["failed"]) == ("network", {})
    assert [line["quantity"] for line in found["lines"]] == pytest.approx([np.expm1(1.0)] * 2)


@pytest.mark.parametrize(
    "fault", [b"no model", None, model(NETWORK, "nan"), model(NETWORK, 1000.0), model(BACKUP, 1)]
)
def test_lightgbm_stands_in(ask, fault):
    found = ask({"models/production/dfn_best.onnx": fault})
    assert (found["model"], [*found["failed"]]) == ("lightgbm", ["network"])
    assert found["lines"][0]["quantity"] == pytest.approx(np.expm1(2.0))


def test_elastic_net_speaks_last(ask):
    found = ask(dict.fromkeys([*MODELS][:2], b"no model"))
    assert (found["model"], {*found["failed"]}) == ("elastic_net", {"network", "lightgbm"})


def test_no_model_speaks(ask):
    found = ask(dict.fromkeys(MODELS, b"no model"), status=503)
    assert found["title"] == "ModelUnavailable"


def test_quantity_is_never_negative(ask):
    found = ask({"models/production/dfn_best.onnx": model(NETWORK, -3.0)})
    assert found["lines"][0]["quantity"] == 0.0


def test_unknown_product(ask):
    assert ask(lines=[{**LINE, "stockcode": "85123"}], status=404)["near"] == ["85123A"]


@pytest.mark.parametrize(
    "change",
    [{"unitprice": 0}, {"unitprice": "nan"}, {"at": "soon"}, {"is_registered": 7}, {"customerid": "17850"}],
)
def test_line_that_cannot_be_forecast(ask, change):
    ask(lines=[{**LINE, **change}], status=422)


@pytest.mark.parametrize("path", ["models/snapshot/features.npy", "preprocessors/encoder.json"])
@pytest.mark.parametrize("content", [b"[1]", b"", None])
def test_release_that_cannot_forecast_still_prices(ask, shop, path, content):
    assert ask({path: content}, status=503)["title"] == "ModelUnavailable"
    assert shop.client().get("/v1/predict-price/85123A").status_code == 200
