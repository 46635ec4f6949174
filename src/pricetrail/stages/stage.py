"""What every stage shares: where it works, its parameters, its progress, and how it fails."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pricetrail import orphan
from pricetrail.errors import PricetrailError, minding_the_disk
from pricetrail.lineage.guard import guarding
from pricetrail.params import Params, load

PROGRESS = "PRICETRAIL_PROGRESS"
RUNNER = "PRICETRAIL_RUNNER"
MARK = "\x1e"

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Context:
    """One stage at work: the shop's folder, its validated parameters, and where to report progress.

    ``progress(share, note)`` takes the share done (0 to 1) and a short note in plain words.
    """

    root: Path
    params: Params
    progress: Progress


def main(name: str, work: Callable[[Context], None]) -> None:
    """Run one stage in the current folder, watched over, and exit as the command line documents."""
    follow_runner()
    try:
        root = Path.cwd()
        context = Context(
            root, load(root / "params.yaml"), _announce if os.environ.get(PROGRESS) else _silent
        )
        with minding_the_disk(), guarding(root, name):
            work(context)
    except PricetrailError as error:
        print(f"{name}: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


def _silent(share: float, note: str) -> None:
    pass


def _announce(share: float, note: str) -> None:
    print(f"{MARK}{json.dumps([round(share, 3), note])}", flush=True)


def follow_runner() -> None:
    """End when the runner is gone: nobody would read what a stage goes on to write."""
    runner = os.environ.get(RUNNER)
    if runner is not None:
        orphan.follow(int(runner))
