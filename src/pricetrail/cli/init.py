"""``pricetrail init``: make a shop from order lines."""

from __future__ import annotations

import math
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from ibis.expr.types import Table as Lines
from rich.table import Table

from pricetrail.cli.console import AsJson, answer, called, say, stdout, working
from pricetrail.params import DriftCheck, Params, Preprocess, PriceResponse, Risk, Source, validate
from pricetrail.shop import create
from pricetrail.stages import etl_gate
from pricetrail.transactions import account, doubts, fetch, hints, ingest, mapping, simulator, source
from pricetrail.transactions.mapping import Counts, Wishes

SHOWN, LONGEST, WIDE = 3, 16, 1_000
ENOUGH, MOST_TESTED = 1.1, 0.25
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
Cost = Annotated[str | None, typer.Option(help="The column that says what one unit costs the shop.")]
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
    cost: Cost = None,
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
    covariates = dict.fromkeys([*(covariate or ()), *([cost] if cost else ())])
    wishes = Wishes(tuple(maps or ()), tuple(covariates), key, written.source)
    seen: dict[str, Any] = {"shop": str(shop)}

    def fill(raw: Path) -> Params:
        raw.mkdir(parents=True, exist_ok=True)
        with (
            tempfile.TemporaryDirectory(prefix="pricetrail-") as scratch,
            working("Getting the data") as tell,
        ):
            given = _given(data, Path(scratch), tell)
            settings, headings = source.settled(given, wishes)
            added = ingest.add(raw, given, settings, tell)
            paid = settings.covariates[[*covariates].index(cost)] if cost else None
            params, told = _understood(ingest.files(raw), settings, paid, wishes)
        twice = tuple(f"{name}: the bytes of another file once more, left out" for name in added.already)
        more = hints.advice(headings, settings, paid)
        seen.update({name: getattr(settings, name) for name in ("columns", "covariates", "key", "grain")})
        seen.update(told, files=added.names, notes=(*added.notes, *twice, *more, *told["notes"]))
        return params

    create.create(shop, fill)
    if as_json:
        answer(seen)
    else:
        _show(seen)


def _understood(
    files: list[Path], settings: Source, cost: str | None, wishes: Wishes
) -> tuple[Params, dict[str, Any]]:
    """The parameters to start with, and what a person should see of the lines: ``preview``, ``fairness``, ``notes``."""
    lines = source.read(files, settings)
    doubts.settle(lines, settings, wishes.maps)
    counts = mapping.counts(lines)
    params = _params(settings, cost, counts)
    notes = [*doubts.notes(lines, settings), *_stop(lines, params)]
    return params, {"preview": mapping.preview(lines), "fairness": counts.grouped, "notes": notes}


def _params(settings: Source, cost: str | None, counts: Counts) -> Params:
    """The shop's first parameters; ``cost`` is the covariate that is the unit cost.

    Where no line has a customer, or every line has, there are no groups that a gate could compare. Drift is looked for
    in as many weeks as hold enough lines to tell.
    """
    risk = Risk() if counts.grouped else Risk(sensitive_feature=None)
    drift = DriftCheck()
    weeks = math.ceil(max(counts.newest_days, drift.window_days) / 7)
    return Params(
        source=settings,
        data_drift_check=drift.model_copy(update={"window_days": 7 * weeks}),
        assess_model_risk=risk,
        fit_price_response=PriceResponse(cost=cost),
        preprocess=Preprocess(test_share=_tested(risk, counts)),
    )


def _stop(lines: Lines, params: Params) -> list[str]:
    """What would stop the first run, in one note if anything."""
    told = etl_gate.foretold(account.settle(lines, params).figures(), params.etl_pipeline.reject_share)
    return ["\n".join(told)] if told else []


def _tested(risk: Risk, counts: Counts) -> float:
    """The share of the lines to test on.

    Where orders are few, such as a shop's weeks, or those without a customer, it is larger, so that the model's gate
    has enough to judge by; for the latter only where that is enough.
    """
    usual = Preprocess().test_share
    all_told = ENOUGH * risk.min_invoices / max(counts.orders, 1)
    groups = ENOUGH * max(
        risk.min_invoices / max(counts.fewer_orders, 1), risk.min_group / max(counts.fewer_lines, 1)
    )
    if not counts.grouped or groups > MOST_TESTED:
        groups = usual
    return round(min(max(usual, all_told, groups), MOST_TESTED), 2)


def _given(data: list[str], scratch: Path, tell: fetch.Progress) -> list[Path]:
    if data == [DEMO]:
        simulator.write(simulator.build(simulator.Settings()), scratch / "demo.parquet", "parquet")
        return [scratch / "demo.parquet"]
    if data == [UCI]:
        return [fetch.pinned(fetch.UCI, scratch, tell)]
    return fetch.fetch(data, scratch, tell)


def _show(seen: dict[str, Any]) -> None:
    tables = [_first_rows(seen, shown) for shown in range(SHOWN, 0, -1)]
    wide = stdout.options.update_width(WIDE)
    fitting = (each for each in tables if stdout.measure(each, options=wide).maximum <= stdout.width)
    stdout.print(next(fitting, tables[-1]))
    for note in seen["notes"]:
        say(note)
    if not seen["fairness"]:
        say(
            "No line has a customer, or every line has: no groups to compare, so the model's gate has no rule about "
            "them (assess_model_risk.sensitive_feature)."
        )
    say(f"Made the shop {seen['shop']}. Next: {called()} run {seen['shop']}", to=stdout)


def _first_rows(seen: dict[str, Any], shown: int) -> Table:
    given = {**seen["columns"], **{name: name for name in seen["covariates"]}}
    given |= {seen["key"]: seen["key"]} if seen["key"] else {}
    first = Table("column", "comes from", box=None, padding=(0, 1), header_style="bold")
    for title in ("first rows", *[""] * (shown - 1)):
        first.add_column(title, no_wrap=True)
    for name, column in given.items():
        first.add_row(name, column, *(_plain(row[name]) for row in seen["preview"][:shown]))
    return first


def _plain(value: object) -> str:
    """A value as a file would have it; only texts are ever cut."""
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() else repr(value)
    if isinstance(value, datetime):
        return str(value).removesuffix(" 00:00:00").removesuffix(":00")
    text = "" if value is None else str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
