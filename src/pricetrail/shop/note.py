"""What a process leaves for the one after it: what it is at work on, and the last state that was recorded.

It is of this clone alone and never lineage: a note that is lost costs a look into the ledger.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from pricetrail.files import write_json

NAME = ".dvc/tmp/pricetrail.json"

Work = Literal["run", "promotion"]


@dataclass(frozen=True, slots=True)
class Recorded:
    """A run as the ledger has it: its id, the release that it became, or why it became none."""

    run: str
    release: str | None
    obstacles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """What is noted.

    Attributes:
        at_work: what was begun and not brought to its end.
        passed: the commit of the last run, if it was a whole one and passed.
        recorded: the last run, as the ledger has it.
    """

    at_work: Work | None = None
    passed: str | None = None
    recorded: Recorded | None = None


def read(root: Path) -> Note:
    """The note in the shop ``root``; a blank one where there is none."""
    try:
        found = json.loads((root / NAME).read_text(encoding="utf-8"))
        recorded = found.pop("recorded", None)
        return Note(**found, recorded=recorded and Recorded(**recorded))
    except (OSError, ValueError, TypeError):
        return Note()


def write(root: Path, note: Note) -> None:
    """Leave the note."""
    write_json(root / NAME, asdict(note))
