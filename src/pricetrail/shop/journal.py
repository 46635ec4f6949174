"""Keeps the account of a shop's runs: passed, blocked, failed, or killed and found by the next one.

What writes the ledger is imported only when there is something to write: most runs find that nothing has changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pricetrail.shop import git, note
from pricetrail.shop.note import Note

Outcome = Literal["passed", "blocked", "failed", "killed"]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended: in which stage and with which words, if early; what it ran, and what the cache gave."""

    outcome: Outcome
    stage: str | None = None
    said: str | None = None
    ran: tuple[str, ...] = ()
    restored: tuple[str, ...] = ()

    @property
    def idle(self) -> bool:
        """Whether nothing was done, because nothing had to be."""
        return self.outcome == "passed" and not self.ran and not self.restored


def begin(root: Path) -> None:
    """Finish what another process was killed in, and note that a run is at work."""
    left = finish(root)
    note.write(root, Note("run", left.passed, left.recorded))


def finish(root: Path) -> Note:
    """Finish what another process was killed in; what is noted then comes back."""
    left = note.read(root)
    if left.at_work == "run":
        from pricetrail.shop import recorder

        recorder.record(root, Ended("killed"))
    elif left.at_work == "promotion":
        from pricetrail.shop import production

        production.follow(root)
    if left.at_work is not None:
        note.write(root, Note())
    return note.read(root)


def end(root: Path, ended: Ended, *, whole: bool = True) -> None:
    """Record the run, and the release where it is one; a run that had nothing to do adds nothing.

    Args:
        root: the shop.
        ended: how the run ended.
        whole: whether it was asked for every stage.
    """
    head, left = git.head(root), note.read(root)
    recorded = left.recorded
    if not ended.idle or left.passed != head:
        from pricetrail.shop import recorder

        recorded = recorder.record(root, ended)
    note.write(root, Note(passed=head if whole and ended.outcome == "passed" else None, recorded=recorded))
