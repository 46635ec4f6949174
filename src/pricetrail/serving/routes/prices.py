"""Prices: one, many, and every product's."""

from __future__ import annotations

from flask import Blueprint, Response, request

from pricetrail.serving import answers, web
from pricetrail.serving.asking import PriceAsked, PricesAsked, TableAsked
from pricetrail.serving.openapi import Operation
from pricetrail.serving.service import Service
from pricetrail.serving.tables import counted, fitting, row, written

OPERATIONS = (
    Operation(
        "get",
        "/v1/predict-price/{stockcode}",
        "predictPrice",
        "What to charge for a product, with its curve and a receipt.",
        answers.Price,
        query=PriceAsked,
        fails=(404, 503),
    ),
    Operation(
        "post",
        "/v1/recommendations",
        "recommend",
        "What to charge for many products, each with a receipt; one that fails stops no other.",
        answers.Prices,
        body=PricesAsked,
        fails=(503,),
    ),
    Operation(
        "get",
        "/v1/products",
        "listProducts",
        "Every product with what is recommended for it; also as CSV.",
        answers.Table,
        query=TableAsked,
        fails=(503,),
        media=(web.CSV,),
    ),
    Operation(
        "get",
        "/v1/products/{stockcode}",
        "getProduct",
        "What the release knows of a product.",
        answers.Products,
        fails=(404, 503),
    ),
)


def routes(service: Service) -> Blueprint:
    """``/v1/predict-price``, ``/v1/recommendations`` and ``/v1/products``."""
    prices = Blueprint("prices", __name__)

    @prices.get("/v1/predict-price/<path:stockcode>")
    def predict_price(stockcode: str) -> Response:
        asked = PriceAsked.read(web.query(stockcode=stockcode))
        return web.written(service.desk.price(asked, service.shelf.release()).to_json())

    @prices.post("/v1/recommendations")
    def recommendations() -> Response:
        asked, release = PricesAsked.parse(web.body()), service.shelf.release()
        priced = service.desk.prices(asked.each(), release)
        named = [{"stockcode": each.stockcode} for each in asked.products]
        rows = [row(*each) for each in zip(priced, named, strict=True)]
        return web.answer({"release": release.id, "counts": counted(rows), "products": rows})

    @prices.get("/v1/products")
    def products() -> Response:
        asked, release = TableAsked.read(web.query()), service.shelf.release()
        table = service.tables.of(asked.terms(), release)
        found = fitting(table.rows(), asked)
        rows = table.shown(found[asked.offset :][: asked.limit])
        best = request.accept_mimetypes.best_match(["application/json", web.CSV], "application/json")
        if (asked.format or best) in {"csv", web.CSV}:
            return web.sheet(written(rows))
        told = {"total": len(found), "offset": asked.offset, "counts": counted(found)}
        return web.answer({"release": release.id, **told, "products": rows})

    @prices.get("/v1/products/<path:stockcode>")
    def product(stockcode: str) -> Response:
        release = service.shelf.release()
        told = [each.model_dump(mode="json") for each in release.responses.stores(stockcode)]
        return web.answer({"release": release.id, "stockcode": stockcode, "known": told})

    return prices
