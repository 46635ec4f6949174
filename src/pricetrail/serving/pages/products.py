"""The first page: every product, and what is recommended for it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, render_template

from pricetrail.pricing.decision import Status
from pricetrail.serving import web
from pricetrail.serving.asking import TableAsked
from pricetrail.serving.service import Service
from pricetrail.serving.tables import counted, fitting, written
from pricetrail.standing import STANDINGS

PAGE = 100
COLUMNS = (
    ("stockcode", "Product"),
    ("price_now", "Price now"),
    ("price", "Recommended"),
    ("gain", "Expected gain a week (90 %)"),
    ("identification", "Known from"),
    ("binding", "What binds it"),
    ("status", "Answer"),
)
# Tells spreadsheets that the text is UTF-8; and what they take for the beginning of a formula.
MARK, FORMULA = "\ufeff", ("=", "+", "-", "@", "\t", "\r")
SAID = {
    "change": "to change",
    "keep": "to keep",
    "forced": "forced by a rule",
    "conflict": "whose rules clash",
    "error": "not priced",
}


def add(site: Blueprint, service: Service) -> None:
    """``/``, and the same for a spreadsheet."""

    @site.get("/")
    def products() -> str:
        given = {name: value for name, value in web.query().items() if value != ""}
        asked, release = TableAsked.read({"sort": "-gain", "limit": PAGE, **given}), service.shelf.release()
        table = service.tables.of(asked.terms(), release)
        found = fitting(table.rows(), asked)
        end = asked.offset + (asked.limit or len(found))
        return render_template(
            "products.html",
            rows=table.shown(found[asked.offset : end]),
            total=len(found),
            known=len(release.responses.products),
            counts=counted(found),
            words=SAID,
            asked=asked,
            columns=[(name, title, *_sorting(name, asked.sort, given)) for name, title in COLUMNS],
            statuses=[*map(str, Status), "error"],
            identifications=STANDINGS,
            csv=_link("/products.csv", given),
            before=_link("", given, offset=max(asked.offset - PAGE, 0)) if asked.offset else None,
            after=_link("", given, offset=end) if end < len(found) else None,
        )

    @site.get("/products.csv")
    def sheet() -> Response:
        given = {name: value for name, value in web.query().items() if value != ""}
        asked, release = TableAsked.read({"sort": "-gain", **given}), service.shelf.release()
        table = service.tables.of(asked.terms(), release)
        rows = table.shown(fitting(table.rows(), asked))
        text = written({name: _harmless(value) for name, value in each.items()} for each in rows)
        return web.sheet(MARK + text)


def _harmless(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula, made a text for it too (as OWASP advises)."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def _sorting(name: str, sort: str, given: dict[str, Any]) -> tuple[str, str | None]:
    """Where a click on a column's heading leads, and how it is sorted now."""
    now = {name: "ascending", f"-{name}": "descending"}.get(sort)
    return _link("", given, sort=f"-{name}" if now == "ascending" else name, offset=0), now


def _link(path: str, given: dict[str, Any], **more: Any) -> str:
    return f"{path}?{urlencode({**given, **more})}"
