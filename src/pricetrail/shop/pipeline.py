"""Runs a shop's pipeline, tells what happens stage by stage, and commits what came of it."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from pricetrail.errors import PricetrailError, ShopBusy, ShopMissing, StageFailed, UsageError
from pricetrail.shop import git, journal
from pricetrail.shop.follow import Follow, Observer, follow
from pricetrail.shop.journal import Ended
from pricetrail.shop.settled import settled


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run that was not stopped did: the stages it ran, and whether there was anything to commit."""

    stages: tuple[str, ...]
    committed: bool


def run(
    root: Path, observer: Observer, *, stage: str | None = None, force: bool = False, patience: float = 10.0
) -> Ran:
    """Bring the shop up to date, commit the outcome and record the run: also when a gate blocks it.

    Raises:
        ShopMissing: ``root`` is not a shop.
        ShopBusy: another run is at work in it.
        UsageError: there is no such stage, or a stage was asked for what cannot be.
        Blocked: a gate stopped the run.
        StageFailed: a stage ended with a fault; it is named, with what it said.
    """
    _is_shop(root)
    if stage is not None and stage not in (stages := _stages(root)):
        raise UsageError(f"There is no stage {stage!r}. The stages are: {', '.join(stages)}.")
    with alone(root, patience) as lock:
        journal.begin(root)
        _sweep(root)
        if not force and settled(root):
            journal.end(root, Ended("passed"))
            return Ran((), committed=False)
        return _repro(root, _words(stage, force), Follow(observer), lock, whole=stage is None)


def _repro(root: Path, words: list[str], reader: Follow, lock: int, *, whole: bool) -> Ran:
    """Have DVC do what is to be done; commit and record how it ended, whatever ends it."""
    failure: PricetrailError | None = StageFailed("interrupted")
    try:
        failure = reader.failure(follow(root, words, reader, hold=(lock,)))
    finally:
        ended = reader.ended(failure)
        committed = git.commit(root, f"{git.RUN}{ended.outcome}: {', '.join(reader.ran) or 'nothing to do'}")
        journal.end(root, ended, whole=whole)
    if failure is not None:
        raise failure
    return Ran(tuple(reader.ran), committed)


def _stages(root: Path) -> list[str]:
    return list(yaml.safe_load((root / "dvc.yaml").read_text(encoding="utf-8"))["stages"])


def _words(stage: str | None, force: bool) -> list[str]:
    """A stage alone brings what it needs up to date too; forced, it is that stage and nothing else."""
    if stage is None:
        return ["repro", "--force"] if force else ["repro"]
    return ["repro", "--force", "--single-item", stage] if force else ["repro", stage]


@contextmanager
def alone(root: Path, patience: float = 10.0) -> Iterator[int]:
    """Hold the shop's lock. DVC inherits it, so that what a killed run left behind must end first.

    Raises:
        ShopMissing: ``root`` is not a shop.
        ShopBusy: somebody else is at work in it.
    """
    _is_shop(root)
    path = root / ".dvc" / "tmp" / "pricetrail.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_CREAT | os.O_RDWR)
    try:
        deadline = time.monotonic() + patience
        while not _lock(handle):
            if time.monotonic() > deadline:
                raise ShopBusy(f"Another run is at work in {root}. Wait for it to end, then try again.")
            time.sleep(0.1)
        git.unlock(root)
        yield handle
    finally:
        os.close(handle)


def _is_shop(root: Path) -> None:
    if not (root / "dvc.yaml").exists():
        raise ShopMissing(
            f"{root} is not a shop: it has no dvc.yaml. Make one with 'pricetrail init {root} --data ...'."
        )


def _lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sweep(root: Path) -> None:
    """Take away what a killed run left: nobody else is at work here, so no lock of DVC's is anybody's."""
    (root / ".dvc" / "tmp" / "rwlock").unlink(missing_ok=True)
    for draft in root.glob("*/.*.draft"):
        draft.unlink()
