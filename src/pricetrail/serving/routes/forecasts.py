"""Order quantities."""

from __future__ import annotations

from flask import Blueprint, Response

from pricetrail.serving import answers, web
from pricetrail.serving.asking import ForecastAsked
from pricetrail.serving.openapi import Operation
from pricetrail.serving.service import Service

OPERATIONS = (
    Operation(
        "post",
        "/v1/forecast",
        "forecast",
        "The quantity that is typical of order lines, and which model said so.",
        answers.Forecast,
        body=ForecastAsked,
        fails=(404, 503),
    ),
)


def routes(service: Service) -> Blueprint:
    """``/v1/forecast``."""
    found = Blueprint("forecasts", __name__)

    @found.post("/v1/forecast")
    def forecast() -> Response:
        asked, release = ForecastAsked.parse(web.body()), service.shelf.release()
        lines = [each.line() for each in asked.lines]
        quantities, model, failed = release.forecaster.forecast(lines)
        told = [
            {"stockcode": line.stockcode, "unitprice": line.unitprice, "quantity": quantity}
            for line, quantity in zip(lines, quantities.tolist(), strict=True)
        ]
        return web.answer({"release": release.id, "model": model, "failed": failed, "lines": told})

    return found
