"""Whether the service lives, is ready, what it counts, and what it is."""

from __future__ import annotations

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST

from pricetrail import __version__
from pricetrail.serving import answers, metrics, web
from pricetrail.serving.openapi import Operation
from pricetrail.serving.service import Service

OPERATIONS = (
    Operation("get", "/livez", "live", "Whether the process lives.", answers.Health),
    Operation(
        "get",
        "/readyz",
        "ready",
        "Whether it has a release to answer with; stale where the channel points at one that cannot be loaded.",
        answers.Ready,
        fails=(503,),
    ),
    Operation("get", "/version", "version", "What it is, and what it serves.", answers.Version),
    Operation("get", "/metrics", "metrics", "What it counts, for Prometheus.", None, media=("text/plain",)),
)


def routes(service: Service) -> Blueprint:
    """``/livez``, ``/readyz``, ``/version`` and ``/metrics``."""
    found = Blueprint("health", __name__)

    @found.get("/livez")
    def livez() -> Response:
        return web.answer({"status": "alive"})

    @found.get("/readyz")
    def readyz() -> Response:
        shelf = service.shelf
        release = shelf.release()
        status = "stale" if shelf.fault else "ready"
        return web.answer({"status": status, "release": release.id, "fault": shelf.fault or None})

    @found.get("/version")
    def version() -> Response:
        held = service.shelf.held
        return web.answer({"version": __version__, "release": held.id if held else None})

    @found.get("/metrics")
    def counted() -> Response:
        return Response(metrics.written(service.registry), content_type=CONTENT_TYPE_LATEST)

    return found
