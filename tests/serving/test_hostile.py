"""Ten thousand requests that nobody should send: by the description of the API, against it, and plain noise.

Nothing may answer with a fault of the service or show its inside, and every receipt that was promised must be there.
"""

import re

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import CHECKS

from pricetrail.lineage.receipts import find
from pricetrail.serving.app import create_app

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
EACH, NOISE = 800, 2000
# What no schema says: that one field must not be above another, or needs a third.
UNSAID = "positive_data_acceptance"
RECEIPT = re.compile(rb'"receipt":"([0-9a-z-]+)"')


class Watch:
    """Sees every answer of an application, and calls off what must never be in one."""

    def __init__(self, app):
        self.app, self.count, self.receipts = app, 0, set()

    def __call__(self, environ, start):
        told = []
        body = b"".join(self.app(environ, lambda status, headers, *_: told.append((status, headers))))
        self.count += 1
        assert told[0][0] < "500", body
        assert b"Traceback" not in body
        if environ["REQUEST_METHOD"] != "HEAD" and environ["PATH_INFO"].startswith(
            ("/v1/pre", "/v1/rec", "/v1/pro", "/inv")
        ):
            self.receipts |= {*RECEIPT.findall(body)}
        start(*told[0])
        return [body]


def limited(examples):
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


def test_nothing_breaks_it(served, forecasting):
    served.promote(files=forecasting)
    app = create_app(served.settings(rate=0.0, key="open sesame", body=10_000_000))
    watch = app.wsgi_app = Watch(app.wsgi_app)
    for found in schemathesis.openapi.from_wsgi("/openapi.json", app).get_all_operations():

        @given(
            found.ok().as_strategy()
            | found.ok().as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE)
        )
        @limited(EACH)
        def ask(case):
            case.call_and_validate(excluded_checks=[CHECKS.get_one(UNSAID)])

        ask()
    noise(app.test_client())
    assert watch.count >= 10_000
    assert watch.receipts
    for number in watch.receipts:
        assert str(find(served.ledger.store, number.decode()).number) == number.decode()


def noise(client):
    """Any bytes, at any path, by any method."""
    paths = st.sampled_from(
        ["/v1/predict-price/", "/v1/receipts/", "/v1/products", "/v1/replay/", "/", "/v1/forecast"]
    )
    kinds = st.sampled_from(["application/json", "text/plain", "application/json; charset=utf-7", ""])

    @given(
        paths,
        st.text(max_size=60),
        st.binary(max_size=200),
        kinds,
        st.sampled_from(["GET", "POST", "PUT", "PATCH", "TRACE"]),
    )
    @limited(NOISE)
    def ask(path, more, body, kind, method):
        client.open(path + more.replace("\x00", "%00"), method=method, data=body, content_type=kind)

    ask()
