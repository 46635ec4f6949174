"""``pricetrail receipts``: find one, seal them, check them, delete old ones."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from pricetrail.cli import record
from pricetrail.cli.console import AsJson, answer, say, stdout
from pricetrail.errors import DigestMismatch
from pricetrail.lineage.entry import Entry
from pricetrail.lineage.receipts import find as look
from pricetrail.lineage.receipts.proof import shown
from pricetrail.lineage.receipts.retention import Policy, forget
from pricetrail.lineage.receipts.seal import seal as seal_all
from pricetrail.lineage.receipts.verify import Verdict
from pricetrail.lineage.receipts.verify import verify as check
from pricetrail.shop import git
from pricetrail.workers.local import local

OPEN = "; 'pricetrail receipts --seal' signs them, but not those that a running service is still writing"


def receipts(
    shop: Annotated[Path, typer.Argument(help="The shop's folder.")] = Path(),
    find: Annotated[str | None, typer.Option(help="Show the receipt of this number, and prove it.")] = None,
    seal: Annotated[bool, typer.Option("--seal", help="Sign those that nobody writes any more.")] = False,
    before: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Delete those from before this day, by segment."),
    ] = None,
    newest: Annotated[
        int | None, typer.Option(min=0, help="Delete all but about so many, by segment.")
    ] = None,
    why: Annotated[str, typer.Option(help="Why they are deleted.")] = "policy",
    as_json: AsJson = False,
) -> None:
    """Check every receipt against the ledger; before that, find, seal or delete what is asked for."""
    ledger = record.ledger(shop)
    if find is not None:
        told = shown(ledger, look(ledger.store, find))
        answer(told) if as_json else _tell(told)
        return
    who, entries = git.somebody(shop), list[Entry | None]()
    if seal:
        entries.append(seal_all(ledger, who=who))
    if before is not None or newest is not None:
        policy = Policy(before.replace(tzinfo=UTC) if before else None, newest)
        entries.append(forget(ledger, policy, who=who, why=why))
    with local(os.cpu_count() or 1) as workers:
        verdict = check(ledger, apply=workers.map)
    written = [entry.number for entry in entries if entry is not None]
    if as_json:
        answer({**verdict.to_dict(), "entries": written})
    else:
        _show(verdict, written)
    if verdict.faults:
        raise DigestMismatch(f"Faults in the receipts: {len(verdict.faults)}. The first: {verdict.faults[0]}")


def _tell(told: dict[str, Any]) -> None:
    receipt, proof = told["receipt"], told["proof"]
    for name in ("number", "digest"):
        say(f"{name:<9}{told[name]}", to=stdout)
    for name, value in receipt.items():
        say(f"{name:<9}{value}", to=stdout)
    where = f"under the root in entry {proof['entry']} of the ledger" if proof else "not sealed yet"
    say(f"{'proof':<9}{where}", to=stdout)


def _show(verdict: Verdict, written: list[int]) -> None:
    for number in written:
        say(f"Entry {number} was added to the ledger.")
    for fault in verdict.faults:
        say(fault, style="red")
    said = {
        "sealed": f"{verdict.receipts:,}, in {verdict.segments:,} segments, each under its root in the ledger",
        "not yet": f"{verdict.open:,}{OPEN if verdict.open else ''}",
        "deleted": f"{verdict.forgotten:,} segments, by policy",
        "faults": f"{len(verdict.faults):,}",
    }
    for name, words in said.items():
        say(f"{name:<9}{words}", to=stdout)
