"""``pricetrail verify``: is the shop what its ledger says?"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from textwrap import shorten
from typing import Annotated

import typer

from pricetrail.cli.console import AsJson, answer, say, stdout, working
from pricetrail.errors import UsageError
from pricetrail.lineage.verify import Finding
from pricetrail.shop import verification
from pricetrail.shop.verification import Report
from pricetrail.workers.local import local

LONGEST = 400
DIGEST = re.compile("[0-9a-f]{12,64}")


def verify(
    shop: Annotated[Path, typer.Argument(help="The shop's folder.")] = Path(),
    deep: Annotated[
        bool,
        typer.Option(
            "--deep", help="Look at every version's bytes in git, in DVC's cache and in its remotes."
        ),
    ] = False,
    seen: Annotated[
        str | None,
        typer.Option(
            help="The SHA-256 of an entry that was seen before and must still be there; 12 digits are enough."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check the ledger, the manifests, the receipts and the working copy. Exit code 1: something does not hold."""
    if seen is not None and not DIGEST.fullmatch(seen):
        raise UsageError(
            f"--seen takes the SHA-256 of an entry, 12 to 64 hexadecimal digits; found {seen!r}."
        )
    with working("Verifying") as progress, local(os.cpu_count() or 1) as workers:
        report = verification.verify(shop, deep=deep, seen=seen, apply=workers.map, progress=progress)
    if as_json:
        answer(report.to_dict())
    else:
        _show(report, deep=deep)
    if report.findings:
        raise typer.Exit(1)


def _findings(report: Report) -> Iterator[str]:
    """Every finding in words; where many places have the same fault it is told once, and each place below it."""
    alike = defaultdict[tuple[object, ...], list[Finding]](list)
    for finding in report.findings:
        alike[finding.area, finding.fault, finding.since].append(finding)
    for first, *more in alike.values():
        yield str(replace(first, place=f"{1 + len(more):,} times") if more else first)
        yield from (f"  {each.place}" for each in (first, *more) if more)


def _show(report: Report, *, deep: bool) -> None:
    for words in _findings(report):
        say(words, to=stdout, style="red")
    for remark in report.remarks:
        say(shorten(remark, LONGEST, placeholder=" ... (all of it with --json)"), to=stdout, style="yellow")
    looked = ", ".join(f"{name} {count:,}" for name, count in report.checked.items())
    say(f"Looked at: {looked}{'' if deep else '; kept versions only with --deep'}.", to=stdout)
    if report.findings:
        say(f"DOES NOT HOLD: {len(report.findings):,} found.", to=stdout, style="bold red")
    else:
        signed = "signed" if report.signed else "NOT SIGNED"
        say(f"Holds up to {report.head or 'nothing: it was not begun'}, {signed}.", to=stdout, style="bold")
