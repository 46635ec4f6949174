"""``pricetrail replay``: a receipt's question, answered again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pricetrail.cli import record
from pricetrail.cli.asking import Shop
from pricetrail.cli.console import AsJson, answer, say, stdout
from pricetrail.cli.serve import of
from pricetrail.serving.again import replayed
from pricetrail.serving.release import Release
from pricetrail.serving.vault import Vault


def replay(
    receipt: Annotated[str, typer.Argument(help="The receipt's number.")],
    shop: Shop = Path(),
    as_json: AsJson = False,
) -> None:
    """Answer a receipt's question with the release that answered it; say EQUAL, or show the first difference."""
    settings = of(shop)
    ledger = record.shown(settings.open_ledger())
    vault = Vault(ledger, settings.open_blobs(), settings.channel)
    kept, difference = replayed(ledger, receipt, lambda release: Release.load(release, vault))
    if as_json:
        told = difference and difference.to_dict()
        answer({"receipt": str(kept.number), "equal": difference is None, "difference": told})
    else:
        say("EQUAL" if difference is None else f"DIFFERENT. {difference}", to=stdout)
    if difference is not None:
        raise typer.Exit(1)
