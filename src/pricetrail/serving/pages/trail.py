"""The trail behind a price: from its receipt to raw bytes and code, and whether it is answered today as it was then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template
from markupsafe import Markup

from pricetrail.lineage.drawing.page import fragment
from pricetrail.lineage.trace import trace
from pricetrail.serving import again
from pricetrail.serving.service import Service


@dataclass(frozen=True, slots=True)
class Replayed:
    """Equal, or the first field that is not, with both values as text."""

    equal: bool
    field: str = ""
    then: str = ""
    now: str = ""


def add(site: Blueprint, service: Service) -> None:
    """``/trail/<id>``, and its receipt replayed."""

    def shown(id: str, replayed: Replayed | None) -> str:
        trail = trace(service.ledger, id)
        told: dict[str, Any] = {"id": id, "root": trail.root, "steps": len(trail.steps), "replayed": replayed}
        return render_template("trail.html", **told, drawing=Markup(fragment(trail)))

    @site.get("/trail/<path:id>")
    def trail(id: str) -> str:
        return shown(id, None)

    @site.post("/trail/<path:id>/replay")
    def replay_receipt(id: str) -> str:
        _, found = again.replayed(service.ledger, id, service.shelf.of)
        if found is None:
            return shown(id, Replayed(equal=True))
        return shown(id, Replayed(False, found.field, repr(found.then), repr(found.now)))
