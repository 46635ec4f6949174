"""``pricetrail pull``: bring what the shop's remote holds."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from pricetrail.cli.console import AsJson, answer, say, stdout
from pricetrail.shop import pipeline, transfer


def pull(
    shop: Annotated[Path, typer.Argument(help="The shop's folder.")] = Path(),
    stage: Annotated[str | None, typer.Option(help="Only what this stage makes.")] = None,
    as_json: AsJson = False,
) -> None:
    """Bring newer commits, and the data of all or of one stage, each file verified."""
    with pipeline.alone(shop):
        pulled = transfer.pull(shop, stage)
    if as_json:
        answer(asdict(pulled))
    else:
        say(f"{shop.resolve().name} is at {pulled.commit[:12]}: {pulled.brought:,} files brought.", to=stdout)
