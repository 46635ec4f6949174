"""``pricetrail reproduce``: make a release again from its raw data, and compare it to the last bit."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from pricetrail.cli import record
from pricetrail.cli.console import AsJson, answer, say, stdout
from pricetrail.cli.run import Bars
from pricetrail.shop import reproduce as reproducing
from pricetrail.shop.reproduce import Outcome, Plan

SHOWN, FEW = 12, 3


def reproduce(
    wanted: Annotated[str, typer.Argument(metavar="RELEASE|RUN", help="Its id, or the beginning of it.")],
    shop: Annotated[Path, typer.Option(help="The shop's folder.")] = Path(),
    as_json: AsJson = False,
) -> None:
    """Run a release's whole pipeline again in a clean copy, compare every file, and sign the verdict.

    Exit code 1: it did not come out equal.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    record.ledger(shop)
    planned = reproducing.plan(shop, wanted)
    _warn("The environment", planned.environment)
    _warn("The code of pricetrail", planned.code)
    with Bars() as bars:
        outcome = reproducing.reproduce(shop, planned, bars)
    entry = reproducing.record(shop, outcome)
    if as_json:
        counted = {name: outcome.summary[name] for name in ("tensors", "seconds")}
        answer({**outcome.to_dict(), **counted, "entry": entry.number})
    else:
        _show(outcome, entry.number)
    if not outcome:
        say(_complaint(outcome), style="red")
        raise typer.Exit(1)


def _warn(what: str, others: tuple[str, ...]) -> None:
    """Say before it starts what may be the reason if the outcome is another one."""
    if not others:
        return
    say(f"{what} is not what it was made with:", style="yellow")
    for each in others[:SHOWN]:
        say(f"  {each}", style="yellow")
    if len(others) > SHOWN:
        say(f"  and {len(others) - SHOWN:,} more", style="yellow")


def _show(outcome: Outcome, entry: int) -> None:
    summary = outcome.summary
    if differing := [each for each in outcome.files if not each]:
        table = Table(
            "File", "Verdict", "Where it first differs", box=None, padding=(0, 2), header_style="bold"
        )
        for each in differing:
            table.add_row(each.path, str(each.verdict), each.where or "")
        stdout.print(table)
    equal = summary["files"] - len(differing)
    say(f"{'verdict':<13}{summary['verdict']}", to=stdout)
    say(f"{'files':<13}{equal:,} of {summary['files']:,} equal", to=stdout)
    say(f"{'tensors':<13}{summary['tensors']:,} compared", to=stdout)
    for name, text in _conditions(outcome.plan):
        say(f"{name:<13}{text}", to=stdout)
    say(f"{'ledger':<13}entry {entry}, {summary['seconds']:.0f} s", to=stdout)


def _conditions(planned: Plan) -> list[tuple[str, str]]:
    words = {"environment": planned.environment, "code": planned.code}
    return [(name, f"not the same: {_listed(each)}" if each else "the same") for name, each in words.items()]


def _listed(others: tuple[str, ...]) -> str:
    more = f" and {len(others) - FEW:,} more" if len(others) > FEW else ""
    return f"{'; '.join(others[:FEW])}{more}"


def _complaint(outcome: Outcome) -> str:
    if outcome.stopped:
        return f"{outcome.plan.id[:12]} did not come out again: {outcome.stopped}"
    first = next(each for each in outcome.files if not each)
    alike = not outcome.plan.environment and not outcome.plan.code
    where = " in the same environment, with the same code" if alike else ""
    return (
        f"{outcome.plan.id[:12]} did not come out equal{where}. The first file to differ, in the order in which"
        f" they are made, is {first.path} ({first.where or first.verdict})."
    )
