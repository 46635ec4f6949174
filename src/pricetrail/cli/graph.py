"""``pricetrail graph``: the lineage as a picture."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pricetrail.cli import record
from pricetrail.cli.asking import Shop
from pricetrail.cli.console import AsJson, answer, say
from pricetrail.files import writing
from pricetrail.lineage.drawing.mermaid import mermaid
from pricetrail.lineage.drawing.page import page
from pricetrail.shop import trails


class Format(StrEnum):
    """How the picture is written."""

    HTML = "html"
    MERMAID = "mermaid"


DRAW = {Format.HTML: page, Format.MERMAID: mermaid}


def graph(
    given: Annotated[
        str | None,
        typer.Argument(
            metavar="[RECEIPT|RELEASE|RUN|FILE]", help="As for 'trace'. Without one: the shop's newest run."
        ),
    ] = None,
    shop: Shop = Path(),
    to: Annotated[
        Format, typer.Option("--format", help="A page for a browser, or Mermaid text.")
    ] = Format.HTML,
    output: Annotated[
        Path | None, typer.Option(help="The file to write.", show_default="lineage.html; Mermaid on stdout")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Draw the lineage: one page that needs no network, or Mermaid text. --json gives the trail itself."""
    ledger = record.ledger(shop)
    found = trails.find(shop, ledger, given) if given else trails.newest(shop, ledger)
    if as_json:
        answer(found.to_dict())
        return
    drawn = DRAW[to](found)
    path = output or (Path("lineage.html") if to is Format.HTML else None)
    if path is None:
        sys.stdout.write(drawn)
        return
    with writing(path) as draft:
        draft.write_text(drawn, encoding="utf-8")
    say(f"{path}: the trail of {found.root.kind} {found.root.name}, {len(found.steps)} steps.")
