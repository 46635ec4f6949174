"""The proof: receipts, the trail behind them, and whether they are answered today as they were then."""

from __future__ import annotations

from flask import Blueprint, Response

from pricetrail.lineage.receipts import find
from pricetrail.lineage.receipts.proof import shown
from pricetrail.lineage.trace import trace
from pricetrail.serving import again, answers, web
from pricetrail.serving.openapi import Operation
from pricetrail.serving.service import Service

OPERATIONS = (
    Operation(
        "get",
        "/v1/receipts/{number}",
        "getReceipt",
        "A receipt, with the proof of its place once it is sealed.",
        answers.Receipt,
        fails=(404, 409, 503),
    ),
    Operation(
        "get",
        "/v1/lineage/{id}",
        "trace",
        "The trail of a receipt, a release, a run or a file, down to code and raw bytes.",
        answers.Trail,
        fails=(404, 409, 503),
    ),
    Operation(
        "post",
        "/v1/replay/{number}",
        "replay",
        "Answer a receipt's question again with the release that answered it, and compare to the last bit.",
        answers.Replay,
        fails=(404, 409, 503),
    ),
)


def routes(service: Service) -> Blueprint:
    """``/v1/receipts``, ``/v1/lineage`` and ``/v1/replay``."""
    found = Blueprint("records", __name__)

    @found.get("/v1/receipts/<path:number>")
    def receipt(number: str) -> Response:
        return web.answer(shown(service.ledger, find(service.ledger.store, number)))

    @found.get("/v1/lineage/<path:id>")
    def lineage(id: str) -> Response:
        return web.answer(trace(service.ledger, id).to_dict())

    @found.post("/v1/replay/<path:number>")
    def replayed(number: str) -> Response:
        kept, difference = again.replayed(service.ledger, number, service.shelf.of)
        return web.answer(
            {
                "receipt": str(kept.number),
                "release": kept.receipt.release,
                "equal": difference is None,
                "difference": difference and difference.to_dict(),
            }
        )

    return found
