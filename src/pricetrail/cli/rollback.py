"""``pricetrail rollback``: let the release before serve again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pricetrail.cli import record
from pricetrail.cli.console import AsJson, answer, stdout
from pricetrail.lineage.channel import PRODUCTION
from pricetrail.shop import pipeline, production


def rollback(
    shop: Annotated[Path, typer.Option(help="The shop's folder.")] = Path(),
    channel: Annotated[str, typer.Option(help="Which channel to take back.")] = PRODUCTION,
    why: Annotated[str, typer.Option(help="The reason, for those who read the ledger later.")] = "",
    as_json: AsJson = False,
) -> None:
    """Point a channel at the release that stood there before. That, too, is an entry of the ledger."""
    record.ledger(shop)
    with pipeline.alone(shop):
        restored = production.rollback(shop, channel, why=why)
    if as_json:
        answer({"release": restored, "channel": channel})
    else:
        stdout.print(f"{restored[:12]} serves as {channel} of {shop.resolve().name} again.", markup=False)
