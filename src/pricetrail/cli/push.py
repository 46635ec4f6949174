"""``pricetrail push``: bring all that was committed to the shop's remote."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from pricetrail.cli.console import AsJson, answer, say, stdout
from pricetrail.shop import pipeline, transfer


def push(
    shop: Annotated[Path, typer.Argument(help="The shop's folder.")] = Path(), as_json: AsJson = False
) -> None:
    """Send data and history that are not there yet, verified; one that was cut off goes on where it ended."""
    with pipeline.alone(shop):
        pushed = transfer.push(shop)
    if as_json:
        answer(asdict(pushed))
        return
    for each in pushed.lost:
        say(f"Lost before it was ever pushed: {each}", style="yellow")
    say(
        f"{pushed.commit[:12]} is whole in the remote: entry {pushed.entry}, {pushed.sent:,} files sent.",
        to=stdout,
    )
