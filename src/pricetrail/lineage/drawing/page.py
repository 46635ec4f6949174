"""A trail as a page of HTML that needs nothing else, or as the part of one: picture, details, and a table behind both.

The part brings no style and no code along: a page lays ``style()`` and ``script()`` beside it, once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from html import escape
from importlib.resources import files
from typing import Any

from pricetrail.lineage.drawing.svg import svg
from pricetrail.lineage.trail import Step, Trail

SHORT, LONGEST = 12, 300


def page(trail: Trail) -> str:
    """A whole page."""
    title = f"The trail of {trail.root.kind} {trail.root.name}"
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{escape(title)}</title>\n'
        f"<style>\n{style()}</style>\n</head>\n"
        f'<body class="trail-page">\n<main>\n<h1>{escape(title)}</h1>\n{fragment(trail)}\n</main>\n'
        f"<script>\n{script()}</script>\n</body>\n</html>\n"
    )


def style() -> str:
    """The style sheet of trails. It follows the colour scheme of the page that it is in."""
    return _asset("trail.css")


def script() -> str:
    """The code that pans, zooms, searches, and shows what a step is, for every trail of a page."""
    return _asset("trail.js")


def fragment(trail: Trail) -> str:
    """The part of a page: all of it can be read without the code too."""
    return (
        '<section class="trail">\n'
        '<div class="trail-tools" role="toolbar" aria-label="The picture">'
        '<label>Find <input type="search" class="trail-search" placeholder="a name or a digest" autocomplete="off">'
        '</label><output class="trail-found"></output>'
        '<button type="button" data-zoom="in" aria-label="Zoom in">+</button>'
        '<button type="button" data-zoom="out" aria-label="Zoom out">&minus;</button>'
        '<button type="button" data-zoom="fit">Fit</button></div>\n'
        f'<div class="trail-view"><div class="trail-canvas">{svg(trail)}</div>'
        '<aside class="trail-details" aria-live="polite" aria-label="What it is">'
        "<p>Choose a step to see what it is. Arrow keys go along the trail, Enter chooses, "
        "+ and &minus; zoom, / searches.</p></aside></div>\n"
        f'<details class="trail-behind"><summary>All {len(trail.steps)} steps as a table</summary>\n'
        f"{table(trail)}</details>\n"
        f'<script type="application/json" class="trail-data">{_data(trail)}</script>\n</section>'
    )


def table(trail: Trail) -> str:
    """Every step with its digest, what it is, and what it came from."""
    return (
        '<div class="trail-scroll" tabindex="0" role="region" aria-label="All steps"><table>\n<thead><tr>'
        '<th scope="col">Kind</th><th scope="col">Name</th><th scope="col">Digest</th><th scope="col">What it is</th>'
        '<th scope="col">Came from</th></tr></thead>\n'
        f"<tbody>\n{''.join(_row(trail, step) for step in trail.steps.values())}</tbody>\n</table></div>"
    )


def _row(trail: Trail, step: Step) -> str:
    behind = ", ".join(escape(trail.steps[id].name) for id in step.behind)
    facts = "; ".join(f"{escape(name)}: {escape(value)}" for name, value in _facts(step.facts))
    return (
        f'<tr><td>{step.kind}</td><th scope="row">{escape(step.name)}</th>'
        f"<td><code>{escape(step.digest or '')}</code></td><td>{facts}</td><td>{behind}</td></tr>\n"
    )


def _facts(facts: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is short enough for a table; the details show all of it."""
    for name, value in facts.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        if len(text) <= LONGEST:
            yield name, text


def _data(trail: Trail) -> str:
    """The trail as JSON that no HTML parser takes for markup."""
    plain = json.dumps(trail.to_dict(), ensure_ascii=False, separators=(",", ":"))
    return plain.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _asset(name: str) -> str:
    return files("pricetrail.lineage.drawing").joinpath(name).read_text(encoding="utf-8")
