"""``pricetrail ingest``: add new order lines to a shop."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from pricetrail.cli.console import AsJson, answer, called, say, stdout, working
from pricetrail.errors import SourceEmpty
from pricetrail.shop import dvc, git, pipeline, settings
from pricetrail.transactions import fetch
from pricetrail.transactions import ingest as adding
from pricetrail.transactions.fetch import Progress
from pricetrail.transactions.ingest import Added

RAW = "data/raw"


def ingest(
    source: Annotated[
        list[str], typer.Argument(help="A file, a folder, a pattern, a URL or DATABASE-URL::TABLE.")
    ],
    shop: Annotated[Path, typer.Option(help="The shop's folder.")] = Path(),
    as_json: AsJson = False,
) -> None:
    """Add order lines: all or none. The same file twice adds nothing, and overlapping periods are reconciled and
    reported; a folder or a pattern without a file is passed over."""
    known = settings.read(shop).source
    with pipeline.alone(shop), tempfile.TemporaryDirectory(prefix="pricetrail-") as scratch:
        with working("Adding") as tell:
            given, empty = _given(source, Path(scratch), tell)
            added = adding.add(shop / RAW, given, known, tell)
        if added.names:
            dvc.track(shop, RAW)
            git.commit(shop, f"Ingest {', '.join(added.names)}")
    for told in empty.values():
        say(f"{told} Passed over.")
    if as_json:
        answer({**asdict(added), "empty": list(empty)})
    else:
        _show(added, shop)


def _given(places: list[str], into: Path, tell: Progress) -> tuple[list[Path], dict[str, str]]:
    """The files of every place, and of those that have none what is to be said."""
    given: list[Path] = []
    empty: dict[str, str] = {}
    for place in places:
        try:
            given += fetch.fetch([place], into, tell)
        except SourceEmpty as error:
            empty[place] = str(error)
    return given, empty


def _show(added: Added, shop: Path) -> None:
    for name in added.already:
        say(f"{name} is in the shop already: nothing added.", to=stdout)
    for note in added.notes:
        say(note)
    report = added.report
    if report is None:
        return
    period = (
        " to ".join(f"{moment:%Y-%m-%d}" for moment in report.period)
        if report.period
        else "no readable dates"
    )
    say(f"Added {', '.join(added.names)}: {report.rows:,} rows, {period}.", to=stdout)
    stdout.print(f"  {report.new:,} new, {report.same:,} that were there already")
    if report.changed_invoices:
        stdout.print(
            f"  {report.changed_invoices:,} orders changed: {report.replaced:,} earlier lines replaced"
        )
    say(f"Next: {called()} run {shop}", to=stdout)
