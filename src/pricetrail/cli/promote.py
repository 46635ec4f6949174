"""``pricetrail promote``: let a release serve."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pricetrail.cli import record
from pricetrail.cli.console import AsJson, answer, stdout
from pricetrail.lineage.channel import PRODUCTION
from pricetrail.shop import pipeline, production


def promote(
    release: Annotated[
        str | None, typer.Argument(help="Its id, or the beginning of it. Without one: the newest.")
    ] = None,
    shop: Annotated[Path, typer.Option(help="The shop's folder.")] = Path(),
    channel: Annotated[str, typer.Option(help="Where it is to serve.")] = PRODUCTION,
    why: Annotated[str, typer.Option(help="The reason, for those who read the ledger later.")] = "",
    as_json: AsJson = False,
) -> None:
    """Point a channel at a release that passed its gates. What production points at, later runs are judged by."""
    record.ledger(shop)
    with pipeline.alone(shop):
        promoted = production.promote(shop, release, channel, why=why)
    if as_json:
        answer({"release": promoted, "channel": channel})
    else:
        stdout.print(f"{promoted[:12]} now serves as {channel} of {shop.resolve().name}.", markup=False)
