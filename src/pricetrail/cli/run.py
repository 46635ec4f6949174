"""``pricetrail run``: bring a shop up to date, a bar per stage, one screen at the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from pricetrail.cli.console import AsJson, answer, called, say, stderr, stdout
from pricetrail.errors import Blocked, Interrupted, UsageError
from pricetrail.shop import pipeline, settings, summary
from pricetrail.shop.follow import Event


def run(
    shop: Annotated[Path, typer.Argument(help="The shop's folder.")] = Path(),
    stage: Annotated[
        str | None, typer.Option(help="Bring only this stage, and what it needs, up to date.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Run again even where nothing changed.")] = False,
    stockcode: Annotated[
        str | None, typer.Option(help="Report this product's errors too, e.g. 85123A.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run what has changed, commit the outcome, and show it. Exit code 3: a gate blocked the run."""
    with Bars() as bars, _reporting(shop, stockcode):
        try:
            ran = pipeline.run(shop, bars, stage=stage, force=force)
        except Blocked:
            bars.stop()
            _show(shop, as_json=as_json)
            raise
        except KeyboardInterrupt as error:
            raise Interrupted(_standing(bars, shop)) from error
    if not ran.stages:
        say("Nothing has changed since the last run: nothing was run.")
    _show(shop, as_json=as_json)


@contextmanager
def _reporting(shop: Path, stockcode: str | None) -> Iterator[None]:
    """Have a product reported from now on; if it cannot be, the shop's parameters are as they were."""
    before = settings.read(shop).inference_primary_model.stockcode
    if stockcode is not None:
        settings.change(shop, "inference_primary_model", stockcode=stockcode)
    try:
        yield
    except UsageError:
        if stockcode is not None:
            settings.change(shop, "inference_primary_model", stockcode=before)
        raise


SAID: dict[Event, str] = {"began": "...", "ended": "done", "restored": "seen before: restored from the cache"}


class Bars(Progress):
    """One progress bar per stage, on stderr."""

    def __init__(self) -> None:
        columns = (
            SpinnerColumn(finished_text="*"),
            TextColumn("{task.description:<24}"),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}", markup=False),
        )
        super().__init__(*columns, console=stderr, disable=not stderr.is_terminal)
        self.done, self.now = list[str](), ""
        self._bars: dict[str, TaskID] = {}

    def stage(self, name: str, event: Event) -> None:
        """Draw what happened to a stage; where nothing can be drawn, say it."""
        self.now = name if event == "began" else ""
        self.done += [] if event == "began" else [name]
        if not self.console.is_terminal:
            if event != "unchanged":
                self.console.print(f"{name} {SAID[event]}")
        elif event == "began":
            self._bars[name] = self.add_task(name, total=1.0, note="")
        elif event == "ended":
            self.update(self._bars[name], completed=1.0, note="")
        elif event == "restored":
            self.add_task(name, total=1, completed=1, note="seen before: restored from the cache")

    def progress(self, name: str, share: float, note: str) -> None:
        """Move a stage's bar."""
        if name in self._bars:
            self.update(self._bars[name], completed=share, note=note)


def _standing(bars: Bars, shop: Path) -> str:
    """What an interrupted run leaves, and what to do next."""
    during = f"{bars.now} was at work" if bars.now else "no stage was at work"
    kept = f"Done and kept: {', '.join(bars.done)}." if bars.done else "No stage was done."
    return (
        f"While {during}. {kept} The shop is whole, the ledger has this run as failed, and what "
        f"serves was not touched. '{called()} run {shop}' goes on from there."
    )


def _show(shop: Path, *, as_json: bool) -> None:
    found = summary.read(shop)
    if as_json:
        answer(found.to_dict())
    else:
        stdout.print(summary.screen(found, called()))
