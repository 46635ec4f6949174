"""``pricetrail rehearse``: what runs in the cloud, on this machine and without an account."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from pricetrail.cli.console import AsJson, answer, say, stdout


class What(StrEnum):
    """What can be rehearsed."""

    LAMBDA = "lambda"
    WEEK = "week"


def rehearse(
    what: Annotated[
        What,
        typer.Argument(
            help="lambda: the service as an AWS Lambda function. week: schedule, bucket, runs, a lost machine."
        ),
    ],
    shop: Annotated[
        Path, typer.Option(help="For lambda: a shop with a release. It is copied, and not changed.")
    ] = Path(),
    small: Annotated[
        bool, typer.Option("--small", help="For week: a smaller shop and less thorough models.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Do on this machine what will be done in the cloud, and measure it. S3 is played by a local simulator."""
    with tempfile.TemporaryDirectory(prefix="pricetrail-") as scratch:
        found = _lambda(shop, Path(scratch)) if what is What.LAMBDA else _week(Path(scratch), small=small)
    if as_json:
        answer(found)
        return
    table = Table(box=None, show_header=False, padding=(0, 2))
    for row in _function(found) if what is What.LAMBDA else _steps(found):
        table.add_row(*row)
    stdout.print(table)


def _lambda(shop: Path, scratch: Path) -> dict[str, Any]:
    from pricetrail.rehearsal import function

    return function.rehearse(shop, scratch, say).to_dict()


def _week(scratch: Path, *, small: bool) -> dict[str, Any]:
    from pricetrail.rehearsal import week

    return week.rehearse(scratch, say, small=small).to_dict()


def _function(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "cold start to the first answer", f"{found['cold']:.2f} s"
    yield "a warm price, median", f"{found['p50'] * 1000:.1f} ms"
    yield "a warm price, 99 of 100", f"{found['p99'] * 1000:.1f} ms"
    yield "memory", f"{found['memory'] / 1e6:.0f} MB"
    yield "installed", f"{found['size'] / 1e6:.0f} MB"
    yield "another release promoted: answered by it after", f"{found['followed']:.1f} s"
    yield "the bucket failing: a price was answered with", str(found["refused"])
    yield "receipts lost", str(found["lost"])


def _steps(found: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for each in found["steps"]:
        yield each["step"], f"{each['seconds']:.1f} s", each["found"]
    yield "in all", f"{found['seconds']:.1f} s", ""
