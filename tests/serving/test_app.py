import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from pricetrail.errors import UsageError
from pricetrail.serving.settings import Settings

DOCS = (Path(__file__).parents[2] / "docs/service.md").read_text(encoding="utf-8")
BLUEPRINTS = {"prices", "forecasts", "records", "releases", "sagemaker", "health"}


def rules(app):
    """Every route of the API as the description writes it."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint.partition(".")[0] in BLUEPRINTS:
            path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
            yield from ((path, method.lower()) for method in rule.methods - {"HEAD", "OPTIONS"})


def test_description_names_every_route(served):
    client = served.client()
    paths = client.get("/openapi.json").json["paths"]
    assert {(path, method) for path, found in paths.items() for method in found} == {
        *rules(client.application)
    }


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/v1/predict-price/{stockcode}", "/v1/predict-price/85123A?cost=1"),
        ("/v1/predict-price/{stockcode}", "/v1/predict-price/22423"),
        ("/v1/products/{stockcode}", "/v1/products/22423"),
        *((path, path) for path in ("/v1/products", "/v1/releases", "/readyz", "/version", "/ping")),
    ],
)
def test_answers_are_as_described(served, path, asked):
    client = served.client()
    described = client.get("/openapi.json").json
    content = described["paths"][path]["get"]["responses"]["200"]["content"]
    schema = {**content["application/json"]["schema"], "components": described["components"]}
    Draft202012Validator(schema).validate(client.get(asked).json)


def test_invocation_is_a_price_asked_in_a_body(served):
    client = served.client()
    body = {"stockcode": "85123A", "cost": 1.1, "endings": [0.99, 0.49]}
    invoked = client.post("/invocations", json=body).json
    asked = client.get("/v1/predict-price/85123A?cost=1.1&endings=0.99,0.49").json
    assert {**invoked, "receipt": None} == {**asked, "receipt": None}


def test_counts_by_route_not_by_product(served):
    client = served.client()
    for code in ("85123A", "22423", "no-such-code"):
        client.get(f"/v1/predict-price/{code}")
    text = client.get("/metrics").text
    route = 'route="/v1/predict-price/<path:stockcode>"'
    assert f'pricetrail_requests_total{{method="GET",{route},status="200"}} 2.0' in text
    assert f'pricetrail_release{{release="{served.id}"}} 1.0' in text
    assert "85123A" not in text


@pytest.mark.parametrize("name", [f"PRICETRAIL_{each.name.upper()}" for each in fields(Settings)])
def test_setting_is_documented(name):
    assert name in DOCS or name == "PRICETRAIL_KEYS"


def test_route_is_documented(served):
    for path, _ in rules(served.client().application):
        assert re.sub(r"{(\w+)}", r"<\1>", path) in DOCS


def test_settings_from_the_environment():
    given = {
        "LEDGER": "s3://bucket/shop",
        "CORS": "http://a, http://b",
        "RATE": "5",
        "WAIT": "yes",
        "KEY": " ",
    }
    found = Settings.from_environment({f"PRICETRAIL_{name}": text for name, text in given.items()})
    assert (found.ledger, found.cors, found.rate, found.wait, found.key) == (
        "s3://bucket/shop", ("http://a", "http://b"), 5.0, True, None,
    )  # fmt: skip
    assert [str(each.store) for each in found.open_blobs()] == ["s3://bucket/shop/dvc"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "PRICETRAIL_LEDGER"),
        ({"PRICETRAIL_LEDGER": "x", "PRICETRAIL_BODY": "big"}, "must be a int, found 'big'"),
    ],
)
def test_settings_that_cannot_be_used(given, said):
    with pytest.raises(UsageError, match=said):
        Settings.from_environment(given)


def test_importing_the_service_loads_nothing_that_trains():
    code = "import sys, pricetrail.serving.app; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {
        "torch",
        "pandas",
        "pyarrow",
        "dvc",
        "duckdb",
        "ibis",
        "sklearn",
        "scipy",
        "onnxruntime",
        "boto3",
    }
    assert heavy & {*done.stdout.split()} == set()
