"""Between HTTP and plain data: queries and bodies in, JSON out."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from werkzeug.exceptions import UnsupportedMediaType

from pricetrail.errors import RequestInvalid
from pricetrail.lineage import canonical

CSV = "text/csv"


def query(**fixed: str) -> dict[str, Any]:
    """The query's fields, with those that the path gave.

    Raises:
        RequestInvalid: one was given twice.
    """
    found: dict[str, Any] = {}
    for name, values in request.args.lists():
        if len(values) > 1 or name in fixed:
            raise RequestInvalid(f"The field {name[:80]!r} was given twice. Give it once.")
        found[name] = values[0]
    return {**found, **fixed}


def body() -> bytes:
    """The bytes of a body that is said to be JSON."""
    if not request.is_json:
        raise UnsupportedMediaType("Send JSON, with Content-Type: application/json.")
    return request.get_data()


def answer(value: object) -> Response:
    """JSON."""
    return written(canonical.dumps(value))


def sheet(text: str) -> Response:
    """CSV, to be kept as a file."""
    name = {"Content-Disposition": 'attachment; filename="prices.csv"'}
    return Response(text, mimetype=CSV, headers=name)


def written(content: bytes) -> Response:
    """JSON that is written already."""
    return Response(content, mimetype="application/json")
