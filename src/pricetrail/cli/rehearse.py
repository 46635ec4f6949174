"""``pricetrail rehearse``: what runs in the cloud, on this machine and without an account."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.table import Table

from pricetrail.cli.console import AsJson, answer, say, stdout
from pricetrail.rehearsal import function
from pricetrail.rehearsal.function import Rehearsed


def rehearse(
    what: Annotated[Literal["lambda"], typer.Argument(help="lambda: the service as an AWS Lambda function.")],
    shop: Annotated[
        Path, typer.Option(help="A shop with a release. It is copied, and not changed.")
    ] = Path(),
    as_json: AsJson = False,
) -> None:
    """Do on this machine what will be done in the cloud, and measure it. S3 is played by a local simulator."""
    with tempfile.TemporaryDirectory(prefix="pricetrail-") as scratch:
        found = function.rehearse(shop, Path(scratch), say)
    if as_json:
        answer(found.to_dict())
    else:
        stdout.print(screen(found))


def screen(found: Rehearsed) -> Table:
    """What was seen, a line each."""
    table = Table(box=None, show_header=False, padding=(0, 2))
    table.add_row("cold start to the first answer", f"{found.cold:.2f} s")
    table.add_row("a warm price, median", f"{found.p50 * 1000:.1f} ms")
    table.add_row("a warm price, 99 of 100", f"{found.p99 * 1000:.1f} ms")
    table.add_row("memory", f"{found.memory / 1e6:.0f} MB")
    table.add_row("installed", f"{found.size / 1e6:.0f} MB")
    table.add_row("another release promoted: answered by it after", f"{found.followed:.1f} s")
    table.add_row("the bucket failing: a price was answered with", str(found.refused))
    table.add_row("receipts lost", str(found.lost))
    return table
