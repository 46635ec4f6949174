"""``pricetrail init``: make a shop from order lines."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.table import Table

from pricetrail.cli.console import AsJson, answer, called, say, stdout, working
from pricetrail.params import Params, Risk, Source, validate
from pricetrail.shop import create
from pricetrail.transactions import fetch, ingest, mapping, simulator, source
from pricetrail.transactions.mapping import Wishes

DEMO = "demo"
UCI = "uci"

Data = Annotated[
    list[str],
    typer.Option(
        "--data",
        help="demo, uci, a file, a folder, a pattern, a URL (https://, s3://), or DATABASE-URL::TABLE. Repeatable.",
    ),
]
Maps = Annotated[
    list[str] | None, typer.Option("--map", help="STANDARD=COLUMN or an expression over columns.")
]
Covariates = Annotated[list[str] | None, typer.Option("--covariate", help="A further numeric column to use.")]
Key = Annotated[str | None, typer.Option(help="The column that tells stores apart.")]
Dates = Annotated[
    Literal["day", "month"] | None, typer.Option(help="What comes first in dates such as 01/02/2011.")
]
Decimal = Annotated[
    Literal[".", ","] | None, typer.Option(help="The decimal sign of numbers written as text.")
]
Timezone = Annotated[str | None, typer.Option(help="The shop's time zone, such as Europe/London.")]
Encoding = Annotated[str | None, typer.Option(help="The text encoding of CSV files, such as cp1252.")]


def init(
    shop: Annotated[Path, typer.Argument(help="A new folder.")],
    data: Data,
    maps: Maps = None,
    covariate: Covariates = None,
    key: Key = None,
    dates: Dates = None,
    decimal: Decimal = None,
    timezone: Timezone = None,
    encoding: Encoding = None,
    as_json: AsJson = False,
) -> None:
    """Make a git and DVC repository of order lines, ready for 'pricetrail run'."""
    said = {"dates": dates, "decimal": decimal, "timezone": timezone, "encoding": encoding}
    written = validate({"source": {name: value for name, value in said.items() if value}}, "The command")
    wishes = Wishes(tuple(maps or ()), tuple(covariate or ()), key, written.source)
    seen: dict[str, Any] = {"shop": str(shop)}

    def fill(raw: Path) -> Params:
        raw.mkdir(parents=True, exist_ok=True)
        with (
            tempfile.TemporaryDirectory(prefix="pricetrail-") as scratch,
            working("Getting the data") as tell,
        ):
            given = _given(data, Path(scratch), tell)
            settings = source.settle(given, wishes)
            added = ingest.add(raw, given, settings, tell)
            preview = mapping.preview(source.read(ingest.files(raw), settings))
        twice = tuple(f"{name}: the bytes of another file once more, left out" for name in added.already)
        seen.update(files=added.names, notes=added.notes + twice, columns=settings.columns, preview=preview)
        seen["grain"] = settings.grain
        params = _params(settings)
        seen["fairness"] = params.assess_model_risk.sensitive_feature is not None
        return params

    create.create(shop, fill)
    if as_json:
        answer(seen)
    else:
        _show(seen)


def _params(settings: Source) -> Params:
    """The shop's first parameters. Weekly aggregates without customers have no groups that a gate could compare."""
    ungrouped = settings.grain == "weekly" and "customerid" not in settings.columns
    risk = Risk(sensitive_feature=None) if ungrouped else Risk()
    return Params(source=settings, assess_model_risk=risk)


def _given(data: list[str], scratch: Path, tell: fetch.Progress) -> list[Path]:
    if data == [DEMO]:
        simulator.write(simulator.build(simulator.Settings()), scratch / "demo.parquet", "parquet")
        return [scratch / "demo.parquet"]
    if data == [UCI]:
        return [fetch.pinned(fetch.UCI, scratch, tell)]
    return fetch.fetch(data, scratch, tell)


def _show(seen: dict[str, Any]) -> None:
    columns = Table("standard column", "comes from", box=None, padding=(0, 2), header_style="bold")
    for standard, column in seen["columns"].items():
        columns.add_row(standard, column)
    stdout.print(columns)
    shown = [name for name in seen["columns"] if any(row.get(name) is not None for row in seen["preview"])]
    first = Table(box=None, padding=(0, 1), header_style="bold")
    for name in shown:
        first.add_column(name, no_wrap=True, max_width=24)
    for row in seen["preview"]:
        first.add_row(*(str(row[name]) for name in shown))
    stdout.print(first)
    for note in seen["notes"]:
        say(note)
    if not seen["fairness"]:
        say(
            "Weekly aggregates without customers: no groups to compare, so the model's gate has no rule about them."
        )
    say(f"Made the shop {seen['shop']}. Next: {called()} run {seen['shop']}", to=stdout)
