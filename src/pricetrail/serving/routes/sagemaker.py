"""The two routes that Amazon SageMaker asks of a container."""

from __future__ import annotations

from flask import Blueprint, Response

from pricetrail.serving import answers, web
from pricetrail.serving.asking import PriceAsked
from pricetrail.serving.openapi import Operation
from pricetrail.serving.service import Service

OPERATIONS = (
    Operation(
        "get", "/ping", "ping", "Whether it has a release to answer with.", answers.Health, fails=(503,)
    ),
    Operation(
        "post",
        "/invocations",
        "invoke",
        "What to charge for a product: the same as predict-price, asked in a body.",
        answers.Price,
        body=PriceAsked,
        fails=(404, 503),
    ),
)


def routes(service: Service) -> Blueprint:
    """``/ping`` and ``/invocations``."""
    found = Blueprint("sagemaker", __name__)

    @found.get("/ping")
    def ping() -> Response:
        service.shelf.release()
        return web.answer({"status": "ready"})

    @found.post("/invocations")
    def invocations() -> Response:
        asked = PriceAsked.parse(web.body())
        return web.written(service.desk.price(asked, service.shelf.release()).to_json())

    return found
