"""Errors as ``application/problem+json`` (RFC 9457), each of our tree with the status that fits it."""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask, Response
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from pricetrail import errors
from pricetrail.errors import PricetrailError
from pricetrail.lineage import canonical

MEDIA = "application/problem+json"
STATUS: dict[type[PricetrailError], int] = {
    errors.UnknownProduct: 404,
    errors.AmbiguousId: 409,
    errors.UnknownId: 404,
    errors.NotAllowed: 403,
    errors.TooMany: 429,
    errors.UsageError: 422,
    errors.Blocked: 409,
    errors.ShopBusy: 503,
    errors.DigestMismatch: 409,
    errors.LineageError: 503,
    errors.DiskFull: 503,
    errors.NotServing: 503,
    errors.PricetrailError: 500,
}
RETRY = {429: 1, 503: 5}
SAID = {
    404: "There is nothing at this address. /openapi.json lists every route.",
    405: "This address does not take that method; the header Allow names those that it takes.",
    413: "The body is larger than this service takes, which is set by PRICETRAIL_BODY. Ask for less at once.",
}
log = logging.getLogger("pricetrail.serving")


def install(app: Flask) -> None:
    """Let every error of an app leave as a problem."""
    app.register_error_handler(PricetrailError, _ours)
    app.register_error_handler(HTTPException, http)
    app.register_error_handler(Exception, _unforeseen)


def status(error: PricetrailError) -> int:
    """The status for an error: that of the nearest class above it."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def problem(status: int, title: str, detail: str, **more: Any) -> Response:
    """A problem, which says what was expected, what was found, and what to do."""
    value = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    found = Response(canonical.dumps(value), status, mimetype=MEDIA)
    if status in RETRY:
        found.headers["Retry-After"] = str(RETRY[status])
    return found


def _ours(error: PricetrailError) -> Response:
    code = status(error)
    if code >= 500:
        log.warning("%s: %s", type(error).__name__, error)
    more: dict[str, Any] = {}
    if isinstance(error, errors.UnknownProduct):
        more["near"] = error.near
    if isinstance(error, errors.RequestInvalid) and error.faults:
        more["faults"] = error.faults
    return problem(code, type(error).__name__, str(error), **more)


def http(error: HTTPException) -> Response:
    """What HTTP itself refuses, as a problem."""
    code = error.code or 500
    found = problem(code, error.name, SAID.get(code, error.description or error.name))
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        found.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return found


def _unforeseen(error: Exception) -> Response:
    """A fault of ours: the log has the trace, and who asked learns nothing of the inside."""
    log.error("A fault in the service", exc_info=error)
    return problem(500, "Internal Server Error", "The service failed at this request. Its log says why.")
