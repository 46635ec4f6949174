"""``pricetrail recall``: what something bad has touched, down to the prices that were given."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from pricetrail.cli.console import AsJson, answer, say, stdout
from pricetrail.errors import UsageError
from pricetrail.lineage import place
from pricetrail.lineage.ledger import Ledger
from pricetrail.lineage.recall import Recalled, committed, holding, quarantine, recall_release
from pricetrail.lineage.recall import recall as run_recall
from pricetrail.shop import git, suspects

WAYS = ("file", "rows", "column", "commit", "release")


def recall(
    shop: Annotated[Path, typer.Argument(help="The shop's folder.")] = Path(),
    file: Annotated[str | None, typer.Option(help="A raw file: its path, or digits of its SHA-256.")] = None,
    rows: Annotated[str | None, typer.Option(help="Rows, e.g. \"invoicedate >= '2011-11-01'\".")] = None,
    column: Annotated[str | None, typer.Option(help="A column of the raw files.")] = None,
    commit: Annotated[str | None, typer.Option(help="A commit of the shop or of pricetrail.")] = None,
    release: Annotated[str | None, typer.Option(help="A release.")] = None,
    quarantined: Annotated[
        bool, typer.Option("--quarantine", help="Keep these releases from being promoted.")
    ] = False,
    why: Annotated[str, typer.Option(help="Why, for those who read it later.")] = "recalled",
    as_json: AsJson = False,
) -> None:
    """Tell which runs, releases, receipts, products and quoted revenue something bad has touched."""
    given = [
        (way, value) for way, value in zip(WAYS, (file, rows, column, commit, release), strict=True) if value
    ]
    if len(given) != 1:
        raise UsageError(f"Say what to recall by exactly one of --{', --'.join(WAYS)}; found {len(given)}.")
    ledger = place.ledger(shop)
    found, unread = _recalled(shop, ledger, *given[0])
    for each in unread:
        say(f"Not looked into: {each}", style="yellow")
    entries = quarantine(ledger, found, who=git.somebody(shop), why=why) if quarantined else []
    if as_json:
        answer(
            {
                **found.to_dict(),
                "unread": unread,
                "quarantined": [entry.body["releases"][0] for entry in entries],
            }
        )
        return
    _show(found)
    for entry in entries:
        say(f"Entry {entry.number} keeps {entry.body['releases'][0][:12]} from being promoted.")


def _recalled(shop: Path, ledger: Ledger, way: str, value: str) -> tuple[Recalled, tuple[str, ...]]:
    if way == "release":
        return recall_release(ledger, value), ()
    if way == "commit":
        return run_recall(ledger, committed(value)), ()
    ask = {"file": suspects.named, "rows": suspects.with_rows, "column": suspects.with_column}[way]
    found = ask(shop, ledger, value)
    return run_recall(ledger, holding(found.digests)), found.unread


def _show(found: Recalled) -> None:
    stdout.print(
        f"Touched: runs {len(found.runs):,}, releases {len(found.releases):,}, receipts {found.receipts:,}, products"
        f" {len(found.products):,}, weekly revenue quoted {found.revenue:,.2f}."
    )
    if found.open or found.forgotten:
        stdout.print(
            f"Of the receipts {found.open:,} are not sealed yet, and {found.forgotten:,} were deleted since."
        )
    if not found.releases:
        return
    table = Table(
        "Release", "Receipts", "Products", "Revenue quoted", box=None, padding=(0, 2), header_style="bold"
    )
    for each in found.quoted:
        receipts, revenue = sum(each.receipts.values()), sum(each.revenue.values())
        table.add_row(each.release[:12], f"{receipts:,}", f"{len(each.receipts):,}", f"{revenue:,.2f}")
    stdout.print(table)
