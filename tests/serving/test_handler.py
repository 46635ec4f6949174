"""The events that AWS sends a function: REST API (v1), HTTP API (v2), function URL and load balancer."""

import json
from urllib.parse import urlencode

import pytest

from pricetrail.serving import handler

PATH = "/v1/predict-price/85123A"
HEADERS = {"host": "prices.example.com", "x-forwarded-proto": "https", "x-forwarded-port": "443"}


def rest(path=PATH, asked=None):
    """As a REST API tells it: the stage is no part of ``path``."""
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": "GET",
        "headers": HEADERS,
        "multiValueHeaders": {name: [value] for name, value in HEADERS.items()},
        "queryStringParameters": asked,
        "multiValueQueryStringParameters": asked and {name: [value] for name, value in asked.items()},
        "requestContext": {"path": f"/v1{path}", "stage": "v1", "identity": {"sourceIp": "192.0.2.1"}},
        "body": None,
        "isBase64Encoded": False,
    }


def http(path=PATH, stage="$default", asked=None):
    """As an HTTP API tells it, and a function URL: the path holds the stage, but for ``$default``."""
    whole = path if stage == "$default" else f"/{stage}{path}"
    how = {"method": "GET", "path": whole, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1"}
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": whole,
        "rawQueryString": urlencode(asked or {}),
        "headers": HEADERS,
        "requestContext": {"stage": stage, "domainName": "prices.example.com", "http": how},
        "isBase64Encoded": False,
    }


def balancer(path=PATH, asked=None):
    target = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/shop/1"
    return {
        "requestContext": {"elb": {"targetGroupArn": target}},
        "httpMethod": "GET",
        "path": path,
        "queryStringParameters": asked,
        "headers": HEADERS,
        "body": "",
        "isBase64Encoded": False,
    }


@pytest.fixture
def asked(served, monkeypatch):
    """Answers an event."""
    monkeypatch.setenv("PRICETRAIL_LEDGER", str(served.root / "ledger"))
    monkeypatch.setenv("PRICETRAIL_BLOBS", str(served.root / "cache"))
    handler.warm.cache_clear()
    yield lambda event: handler.handle(event, None)
    handler.warm.cache_clear()


@pytest.mark.parametrize(
    "event",
    [rest(), http(), http(stage="production"), http(stage="v1"), balancer()],
    ids=["REST API", "function URL", "HTTP API", "HTTP API named as a route", "load balancer"],
)
def test_price_by_each_event(asked, served, event):
    found = asked(event)
    assert (found["statusCode"], json.loads(found["body"])["release"]) == (200, served.id)


@pytest.mark.parametrize("event", [rest, http, balancer])
def test_query_comes_through(asked, event):
    found = asked(event(asked={"cost": "much"}))
    assert (found["statusCode"], "much" in found["body"]) == (422, True)


@pytest.mark.parametrize("event", [rest, http, balancer])
def test_unknown_product_is_a_problem(asked, event):
    found = asked(event("/v1/predict-price/none"))
    assert (found["statusCode"], json.loads(found["body"])["status"]) == (404, 404)


@pytest.mark.parametrize(("stage", "base"), [("$default", ""), ("production", "/production")])
def test_links_of_a_page_lead_to_where_it_is(asked, stage, base):
    page = asked(http("/", stage))
    assert page["statusCode"] == 200
    assert f'href="{base}/static/' in page["body"]


@pytest.mark.parametrize("event", [rest, http, balancer])
def test_style_sheet(asked, event):
    found = asked(event("/static/site.css"))
    assert (found["statusCode"], "{" in found["body"]) == (200, True)
