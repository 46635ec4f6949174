"""``pricetrail recall``: what something bad has touched, down to the prices that were given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from pricetrail.cli import record
from pricetrail.cli.console import AsJson, answer, say, show, stdout
from pricetrail.errors import UsageError
from pricetrail.lineage import channel
from pricetrail.lineage.entry import Entry
from pricetrail.lineage.ledger import Ledger
from pricetrail.lineage.recall import Recalled, clear, committed, holding, quarantine, recall_release
from pricetrail.lineage.recall import recall as run_recall
from pricetrail.shop import git, suspects
from pricetrail.shop.suspects import Suspect

SHOWN = 12
WAYS = ("file", "rows", "column", "commit", "release")


def recall(
    shop: Annotated[Path, typer.Argument(help="The shop's folder.")] = Path(),
    file: Annotated[
        str | None, typer.Option(help="A file that runs made or read: its path, or digits of its SHA-256.")
    ] = None,
    rows: Annotated[str | None, typer.Option(help="Rows, e.g. \"invoicedate >= '2011-11-01'\".")] = None,
    column: Annotated[str | None, typer.Option(help="A column of the raw files.")] = None,
    commit: Annotated[str | None, typer.Option(help="A commit of the shop or of pricetrail.")] = None,
    release: Annotated[str | None, typer.Option(help="A release.")] = None,
    quarantined: Annotated[
        bool, typer.Option("--quarantine", help="Keep these releases from being promoted.")
    ] = False,
    lift: Annotated[bool, typer.Option("--lift", help="Let them out of quarantine again.")] = False,
    why: Annotated[
        str | None,
        typer.Option(help="Why, for those who read it later.", show_default="recalled by what was given"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell which runs, releases, receipts, products and quoted revenue something bad has touched."""
    given = [
        (way, value) for way, value in zip(WAYS, (file, rows, column, commit, release), strict=True) if value
    ]
    if len(given) != 1:
        raise UsageError(f"Say what to recall by exactly one of --{', --'.join(WAYS)}; found {len(given)}.")
    if quarantined and lift:
        raise UsageError("--quarantine and --lift exclude each other.")
    ledger = record.ledger(shop)
    found, files, unread = _recalled(shop, ledger, *given[0])
    for words in unread:
        say(f"Not looked into: {words}", style="yellow")
    moved = {"who": git.somebody(shop), "why": why or f"recalled by {' '.join(given[0])}"}
    put = quarantine(ledger, found, **moved) if quarantined else []
    out = clear(ledger, found, **moved) if lift else []
    serves = {name: id for name, id in channel.standing(ledger).items() if id in found.releases}
    if as_json:
        about = {
            "files": [asdict(each) for each in files],
            "serving": serves,
            "unread": unread,
            "quarantined": [entry.body["releases"][0] for entry in put],
            "lifted": [entry.body["releases"][0] for entry in out],
        }
        answer({**found.to_dict(), **about})
        return
    for each in files:
        say(
            f"{each.path} {each.sha256[:12]}{'' if each.rows is None else f': {each.rows:,} rows'}", to=stdout
        )
    _show(found, serves)
    _tell_kept(ledger, found, out)
    for name, id in serves.items():
        say(f"{id[:12]} still serves as {name}. {_way_out(ledger, name)}", style="yellow")


def _recalled(
    shop: Path, ledger: Ledger, way: str, value: str
) -> tuple[Recalled, tuple[Suspect, ...], tuple[str, ...]]:
    if way == "release":
        return recall_release(ledger, value), (), ()
    if way == "commit":
        return run_recall(ledger, committed(suspects.committed(ledger, value))), (), ()
    ask = {"file": suspects.named, "rows": suspects.with_rows, "column": suspects.with_column}[way]
    found = ask(shop, ledger, value)
    return run_recall(ledger, holding(found.digests)), found.files, found.unread


def _tell_kept(ledger: Ledger, found: Recalled, out: list[Entry]) -> None:
    """Which of the releases are kept from being promoted, and which no longer are."""
    for entry in out:
        id = entry.body["releases"][0][:12]
        say(f"Entry {entry.number} lets {id} be promoted again: {entry.body['why']}.", to=stdout)
    for id, entry in channel.quarantined(ledger).items():
        if id in found.releases:
            said = f"Entry {entry.number} keeps {id[:12]} from being promoted: {entry.body['why']}."
            say(said, to=stdout, style="yellow")


def _way_out(ledger: Ledger, name: str) -> str:
    """How to have another release serve."""
    if (before := channel.before(ledger, name)) is None:
        return f"Nothing that may serve stood there before: 'pricetrail promote RELEASE --channel {name}' changes that."
    return f"'pricetrail rollback --channel {name}' brings {before.body['release'][:12]} back."


def _show(found: Recalled, serves: Mapping[str, str]) -> None:
    counted = (
        f"releases {len(found.releases):,}, receipts {found.receipts:,}, products {len(found.products):,}"
    )
    revenue = f"weekly revenue quoted {found.revenue:,.2f}"
    say(f"Touched: runs {len(found.runs):,}, {counted}, {revenue}.", to=stdout)
    if found.open or found.forgotten:
        left = f"{found.open:,} are not sealed yet, and {found.forgotten:,} were deleted since"
        say(f"Of the receipts {left}.", to=stdout)
    if found.runs:
        show(_runs(found))
    if found.releases:
        show(_releases(found, serves))


def _runs(found: Recalled) -> Table:
    heads = ("Run", "Outcome", "When", "Shop's commit")
    table = Table(*heads, box=None, padding=(0, 2), header_style="bold")
    for each in found.runs[:SHOWN]:
        table.add_row(
            each.id[:12], each.outcome, each.when[:19].replace("T", " "), (each.commit or "none")[:12]
        )
    if len(found.runs) > SHOWN:
        table.add_row(f"and {len(found.runs) - SHOWN:,} more in --json")
    return table


def _releases(found: Recalled, serves: Mapping[str, str]) -> Table:
    heads = ("Release", "Serves as", "Receipts", "Products", "Revenue quoted")
    table = Table(*heads, box=None, padding=(0, 2), header_style="bold")
    for each in found.quoted:
        receipts, revenue = sum(each.receipts.values()), sum(each.revenue.values())
        names = ", ".join(name for name, id in serves.items() if id == each.release)
        table.add_row(each.release[:12], names, f"{receipts:,}", f"{len(each.receipts):,}", f"{revenue:,.2f}")
    return table
