"""What all pages share: templates, style and scripts, what a browser may load, and errors that a person can read."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, Response, make_response, render_template, request
from werkzeug.exceptions import HTTPException

from pricetrail.errors import NotServing, PricetrailError, UnknownProduct
from pricetrail.lineage.drawing import page as drawing
from pricetrail.pricing import money
from pricetrail.pricing.bounds import Name
from pricetrail.pricing.words import RULES, chance
from pricetrail.serving import problem
from pricetrail.serving.pages import product, products, releases, trail
from pricetrail.serving.service import Service
from pricetrail.standing import BORROWED, IDENTIFIED, UNKNOWN, Standing

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)
SHORT, HTML = 12, "text/html"
# How a response is known, in a word or two.
SOURCES: dict[Standing, str] = {
    IDENTIFIED: "its own prices",
    BORROWED: "other products",
    UNKNOWN: "not known",
}


def install(app: Flask, service: Service) -> None:
    """Add the pages to an app."""
    site = Blueprint(
        "pages", __name__, template_folder="templates", static_folder="static", static_url_path="/static"
    )
    for module in (products, product, trail, releases):
        module.add(site, service)
    site.add_url_rule(
        "/static/trail.css", "trail_style", lambda: Response(drawing.style(), mimetype="text/css")
    )
    site.add_url_rule(
        "/static/trail.js", "trail_script", lambda: Response(drawing.script(), mimetype="text/javascript")
    )
    site.register_error_handler(PricetrailError, _ours)
    site.register_error_handler(HTTPException, _http)
    site.after_request(_guard)
    site.app_template_filter("short")(lambda digest: str(digest)[:SHORT])
    site.app_template_filter("chance")(chance)
    site.app_template_filter("money")(lambda value: "" if value is None else money.amount(value))
    site.app_template_filter("amounts")(lambda values, sign="": money.amounts(*values, sign=sign))
    site.app_template_filter("price")(lambda value: "" if value is None else money.price(value))
    site.context_processor(lambda: _standing(service))
    app.register_blueprint(site)
    app.register_error_handler(404, _nowhere)


def _standing(service: Service) -> dict[str, Any]:
    """What every page tells of the service: the release that serves, and why a newer one does not."""
    shelf = service.shelf
    return {
        "serving": shelf.held and shelf.held.id,
        "fault": shelf.fault if shelf.held else "",
        "binds": _binds,
        "sources": SOURCES,
    }


def _binds(rule: str | None, identification: str) -> str:
    """What keeps the best price from going further, in a word or two; of an unknown response there is none."""
    if identification == "unknown":
        return ""
    return RULES[Name(rule)] if rule else "nothing"


def _guard(answer: Response) -> Response:
    answer.headers.setdefault("Content-Security-Policy", POLICY)
    return answer


def _nowhere(error: HTTPException) -> Response:
    """What is not there: a page for a browser, a problem for everything else."""
    if request.accept_mimetypes.best_match([problem.MEDIA, HTML], problem.MEDIA) == HTML:
        return _guard(make_response(_http(error)))
    return problem.http(error)


def _ours(error: PricetrailError) -> tuple[str, int]:
    near = error.near if isinstance(error, UnknownProduct) else ()
    title = "Nothing serves yet" if isinstance(error, NotServing) else "That cannot be shown"
    return render_template("error.html", title=title, said=str(error), near=near), problem.status(error)


def _http(error: HTTPException) -> tuple[str, int]:
    said = error.description or error.name
    return render_template("error.html", title=error.name, said=said, near=()), error.code or 500
