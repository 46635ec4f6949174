"""Failover between models that are there, missing, broken, or saying what is no number."""

import numpy as np
import pytest

PATH = "/v1/forecast"
NETWORK = "models/production/dfn_best.onnx"
MODELS = (NETWORK, "models/backup/lightgbm.onnx", "models/backup/elastic_net.onnx")
LINE = {"stockcode": "85123A", "unitprice": 2.95}


@pytest.fixture
def ask(shop, forecasting, network):
    """The answer to lines, of a service whose files were changed: a number is what the network then says."""

    def asked(changes=(), lines=(LINE,), status=200):
        files = {**forecasting, **dict(changes)}
        told = {path: network(file) if isinstance(file, float) else file for path, file in files.items()}
        shop.promote(files={path: file for path, file in told.items() if file is not None})
        found = shop.client().post(PATH, json={"lines": list(lines)})
        assert found.status_code == status
        return found.json

    return asked


def test_network_speaks_first(ask):
    found = ask(lines=[LINE, {**LINE, "is_registered": False, "unitprice": 99, "country": "Narnia"}])
    assert (found["model"], found["failed"]) == ("network", {})
    assert [line["quantity"] for line in found["lines"]] == pytest.approx([np.expm1(1.0)] * 2)


@pytest.mark.parametrize("fault", [b"no model", None, float("nan"), 1000.0])
def test_lightgbm_stands_in(ask, fault):
    found = ask({NETWORK: fault})
    assert (found["model"], [*found["failed"]]) == ("lightgbm", ["network"])
    assert found["lines"][0]["quantity"] == pytest.approx(np.expm1(2.0))


def test_elastic_net_speaks_last(ask):
    found = ask(dict.fromkeys(MODELS[:2], b"no model"))
    assert (found["model"], {*found["failed"]}) == ("elastic_net", {"network", "lightgbm"})


def test_no_model_speaks(ask):
    found = ask(dict.fromkeys(MODELS, b"no model"), status=503)
    assert found["title"] == "ModelUnavailable"


def test_quantity_is_never_negative(ask):
    found = ask({NETWORK: -3.0})
    assert found["lines"][0]["quantity"] == 0.0


def test_unknown_product(ask):
    assert ask(lines=[{**LINE, "stockcode": "85123"}], status=404)["near"] == ["85123A"]


def test_code_in_lower_case_is_understood(ask):
    as_kept, lower = ask(lines=[LINE, {**LINE, "stockcode": "85123a"}])["lines"]
    assert lower["quantity"] == as_kept["quantity"]


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
