"""How the command line speaks: answers on stdout, everything else on stderr."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, TextColumn

AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON on stdout.")]

WIDE = 240

stderr = Console(stderr=True, highlight=False)
stdout = Console(highlight=False)


def answer(value: object) -> None:
    """Print ``value`` as JSON on stdout."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n")


def say(text: str, *, to: Console = stderr, style: str | None = None) -> None:
    """Print plain text as it is: a terminal wraps it, and what reads it from a file finds whole lines."""
    to.print(text, markup=False, soft_wrap=True, style=style)


def called() -> str:
    """What a person types for this program: its name where their shell finds it, else the way that they took."""
    return "pricetrail" if shutil.which("pricetrail") else sys.argv[0]


def show(found: RenderableType) -> None:
    """Print a table or a tree on stdout: a terminal wraps it, and what reads it from a file finds whole lines."""
    (stdout if stdout.is_terminal else Console(width=WIDE, highlight=False)).print(found)


@contextmanager
def working(title: str) -> Iterator[Callable[[float, str], None]]:
    """A progress bar on stderr; what is given takes the share done and a note."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[note]}", markup=False),
    )
    with Progress(*columns, console=stderr, transient=True, disable=not stderr.is_terminal) as bars:
        bar = bars.add_task(title, total=1.0, note="")
        yield lambda share, note: bars.update(bar, completed=share, note=note)
