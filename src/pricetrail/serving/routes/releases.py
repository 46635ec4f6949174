"""Releases: what may serve, what does, and moving the channel."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, Response

from pricetrail.lineage import channel, ids
from pricetrail.lineage.catalogue import releases
from pricetrail.serving import answers, web
from pricetrail.serving.admission import writer
from pricetrail.serving.asking import Move
from pricetrail.serving.openapi import Operation
from pricetrail.serving.release import Release
from pricetrail.serving.service import Service

OPERATIONS = (
    Operation(
        "get", "/v1/releases", "listReleases", "Every release, newest first.", answers.Releases, fails=(503,)
    ),
    Operation(
        "post",
        "/v1/releases/{id}/promote",
        "promote",
        "Let a release serve.",
        answers.Moved,
        body=Move,
        fails=(403, 404, 409, 503),
        write=True,
    ),
    Operation(
        "post",
        "/v1/releases/rollback",
        "rollback",
        "Let the release serve that stood before.",
        answers.Moved,
        body=Move,
        fails=(403, 404, 409, 503),
        write=True,
    ),
)


def routes(service: Service) -> Blueprint:
    """``/v1/releases``."""
    found = Blueprint("releases", __name__)
    name, vault = service.settings.channel, service.shelf.vault
    # Of a ledger that others read too, what only this machine holds does not count.
    reached = replace(vault, blobs=vault.blobs[-1:]) if service.settings.shared else vault

    def moved() -> Response:
        service.shelf.refresh()
        standing = channel.current(service.ledger, name)
        told = standing and {"release": standing.release, "channel": name, "entry": standing.entry.number}
        return web.answer(told)

    @found.get("/v1/releases")
    def listed() -> Response:
        held = service.shelf.held
        told = [each.to_dict() for each in releases(service.ledger)]
        return web.answer({"serving": held.id if held else None, "releases": told})

    @found.post("/v1/releases/<id>/promote")
    def promote(id: str) -> Response:
        writer(service.settings)
        asked = Move.parse(web.body())
        whole = ids.resolve(id, channel.releases(service.ledger), "release")
        if service.settings.reproduced:
            channel.reproduced(service.ledger, whole)
        Release.load(whole, reached)  # what cannot be loaded must not come to stand in the channel
        service.mover.promote(whole, asked.who, asked.why)
        return moved()

    @found.post("/v1/releases/rollback")
    def rollback() -> Response:
        writer(service.settings)
        asked = Move.parse(web.body())
        service.mover.rollback(asked.who, asked.why)
        return moved()

    return found
