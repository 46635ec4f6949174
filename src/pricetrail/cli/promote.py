"""``pricetrail promote``: let the newest passed run serve."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pricetrail.cli.console import AsJson, answer, stdout
from pricetrail.shop import production


def promote(
    shop: Annotated[Path, typer.Argument(help="The shop's folder.")] = Path(),
    as_json: AsJson = False,
) -> None:
    """Make the newest run, if it passed its gates, the production release that later runs are judged by."""
    release = production.promote(shop)
    if as_json:
        answer(release)
    else:
        stdout.print(f"{str(release['model_version'])[:12]} is the production release of {shop}.")
