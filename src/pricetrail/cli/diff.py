"""``pricetrail diff``: what changed between two releases or runs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from pricetrail.cli import record
from pricetrail.cli.asking import Shop
from pricetrail.cli.console import AsJson, answer, say, show
from pricetrail.lineage import named
from pricetrail.lineage.diff import Change
from pricetrail.lineage.named import Run
from pricetrail.shop import changes
from pricetrail.shop.changes import Changes
from pricetrail.shop.git import Lines
from pricetrail.shop.rows import Column
from pricetrail.standing import STANDINGS

SHORT, MOST = 12, 5
FIGURES = (
    "etl.rows",
    "etl.accepted",
    "etl.rejected",
    "etl.last",
    "data_drift.num_drifts",
    "dfn_val.mse_val",
    "dfn_inf.rows",
    "dfn_inf.mse_inf",
    "dfn_inf.rmsle_inf",
    "dfn_inf.mae_inf",
    "dfn_inf.mse_naive",
    "dfn_risk_fairness.mean_error_difference",
    *(f"price_response.{standing}" for standing in STANDINGS),
)
"""What a screen has room for; --json has every figure."""

MADE = re.compile(r"(metrics|gates|reports)/|dvc\.lock$|code\.yaml$|.*\.dvc$")
"""What of a shop's repository no person writes: runs and DVC do, and the other sections tell of it."""

Line = tuple[str, str, str]


def diff(
    before: Annotated[str, typer.Argument(help="A release or a run: its id, or the beginning of it.")],
    after: Annotated[str, typer.Argument(help="Another one.")],
    shop: Shop = Path(),
    as_json: AsJson = False,
) -> None:
    """Compare code, data, parameters, environment, figures and verdicts of two releases or runs."""
    ledger = record.ledger(shop)
    found = changes.between(shop, named.run(ledger, before), named.run(ledger, after))
    if as_json:
        answer(found.to_dict())
        return
    show(screen(found))
    for each in found.missing:
        say(f"Not compared: {each}", style="yellow")


def screen(found: Changes) -> Table:
    """Section by section what is not the same; a section without a change says so."""
    table = Table(
        "", _title(found.before), _title(found.after), box=None, padding=(0, 2), header_style="bold"
    )
    figures = [each for each in found.told.figures if each.name in FIGURES]
    sections: dict[str, Iterable[Line]] = {
        "Verdicts": _lines(found.told.verdicts),
        "Figures": [*_lines(figures), *_more(len(found.told.figures) - len(figures))],
        "Parameters": _some(_lines(found.told.parameters)),
        "Code": _code(found),
        "Environment": _some(_lines(found.told.environment)),
        "Data": _data(found),
        "Files by digest": _files(found.told.files),
    }
    for title, lines in sections.items():
        rows = list(lines)
        table.add_row(Text(title, style="bold"), *([] if rows else [Text("no change", style="dim")]))
        for name, one, other in rows:
            table.add_row(Text(f"  {name}"), Text(one), Text(other))
    return table


def _title(run: Run) -> str:
    kind, id = ("release", run.release) if run.release else ("run", run.id)
    return f"{kind} {id[:SHORT]} ({run.entry.when[:16].replace('T', ' ')})"


def _lines(found: Iterable[Change]) -> list[Line]:
    return [(each.name, _value(each.before), _value(each.after)) for each in found]


def _value(value: Any) -> str:
    text = "none" if value is None else f"{value:.5g}" if isinstance(value, float) else str(value)
    text = text[:SHORT] if len(text) in (40, 64) and " " not in text else text
    return text if len(text) <= 60 else f"{text[:59]}…"


def _some(lines: list[Line]) -> list[Line]:
    return [*lines[:MOST], *_more(len(lines) - MOST)]


def _more(count: int) -> list[Line]:
    return [(f"and {count} more in --json", "", "")] if count > 0 else []


def _code(found: Changes) -> Iterator[Line]:
    yield from _lines(found.told.code)
    modules = [
        (each.name, _value(each.before), f"{_value(each.after)}{_counted(_source(each.name, found.package))}")
        for each in found.told.modules
    ]
    yield from _some(modules)
    written = {path: lines for path, lines in found.shop.items() if not MADE.match(path)}
    yield from _some([(f"shop: {path}", "", _counted(lines)) for path, lines in written.items()])


def _source(module: str, package: Mapping[str, Lines]) -> Lines | None:
    path = "/".join(module.split(".")[1:])
    return package.get(f"{path}.py") or package.get(f"{path}/__init__.py")


def _counted(lines: Lines | None) -> str:
    if lines is None:
        return ""
    return "  not text" if lines.added is None else f"  +{lines.added} -{lines.removed} lines"


def _data(found: Changes) -> Iterator[Line]:
    for name, rows in found.data.items():
        moved = f"{rows.added:,} added, {rows.removed:,} removed, {rows.changed:,} worked out otherwise"
        yield name, f"{rows.before:,} rows", f"{rows.after:,} rows: {moved}"
        for what, names in (("lost", rows.lost_columns), ("new", rows.new_columns)):
            if names:
                yield f"  {what} columns", ", ".join(names), ""
        yield from _some([_column(each) for each in rows.columns])


def _column(each: Column) -> Line:
    one, other = (
        f"{_value(value)}{f', {share:.1%} without' if share else ''}"
        for value, share in zip((each.before, each.after), each.nulls, strict=True)
    )
    return f"  {each.name}", one, f"{other}  distance {each.distance:.3f}"


def _files(files: tuple[Change, ...]) -> list[Line]:
    raw = [each for each in files if each.name.startswith("data/raw/")]
    rest = len(files) - len(raw)
    return [*_lines(raw), *([(f"{rest} that stages made, in --json", "", "")] if rest else [])]
