"""Runs a shop's pipeline, tells what happens stage by stage, and commits what came of it."""

from __future__ import annotations

import fcntl
import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import yaml

from pricetrail.errors import Blocked, PricetrailError, ShopBusy, ShopMissing, StageFailed, UsageError
from pricetrail.shop import dvc, git, journal
from pricetrail.shop.journal import Ended, Outcome
from pricetrail.stages.stage import MARK, PROGRESS, RUNNER

BEGIN = re.compile(r"Running stage '(.+)':")
RESTORED = re.compile(r"Stage '(.+)' is cached")
UNCHANGED = re.compile(r"Stage '(.+)' didn't change")
FAILED = re.compile(r"failed to reproduce '(.+?)'.*exited with (-?\d+)")
ALWAYS = "code"
TAIL = 40

Event = Literal["began", "ended", "unchanged", "restored"]


class Observer(Protocol):
    """Who watches a run: is told of each stage's events, and of its progress (a share and a note)."""

    def stage(self, name: str, event: Event) -> None: ...

    def progress(self, name: str, share: float, note: str) -> None: ...


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
    if not (root / "dvc.yaml").exists():
        raise ShopMissing(
            f"{root} is not a shop: it has no dvc.yaml. Make one with 'pricetrail init {root} --data ...'."
        )
    if stage is not None and stage not in (stages := _stages(root)):
        raise UsageError(f"There is no stage {stage!r}. The stages are: {', '.join(stages)}.")
    with alone(root, patience) as lock:
        journal.begin(root)
        _sweep(root)
        follow = _Follow(observer)
        failure: PricetrailError | None = StageFailed("interrupted")
        try:
            failure = follow.failure(_follow(root, dvc.command(*_words(stage, force)), follow, lock))
        finally:
            ended = follow.ended(failure)
            committed = git.commit(root, f"Run {ended.outcome}: {', '.join(follow.ran) or 'nothing to do'}")
            journal.end(root, ended)
        if failure is not None:
            raise failure
        return Ran(tuple(follow.ran), committed)


class _Follow:
    """Reads DVC's and the stages' lines, and keeps what a person will need if it ends badly."""

    def __init__(self, observer: Observer) -> None:
        self.observer, self.ran, self.restored = observer, list[str](), list[str]()
        self.tail = list[str]()
        self.now: str | None = None
        self.failed: str | None = None
        self.code = 0

    def line(self, text: str) -> None:
        if text.startswith(MARK) and self.now:
            share, note = json.loads(text[len(MARK) :])
            self.observer.progress(self.now, share, note)
        elif found := BEGIN.match(text):
            self._begin(found[1])
        elif found := RESTORED.match(text) or UNCHANGED.match(text):
            self.end()
            self._spared(found[1], restored=RESTORED.match(text) is not None)
        elif found := FAILED.search(text):
            self.failed, self.code = found[1], int(found[2])
        else:
            self.tail = [*self.tail[1 - TAIL :], text]

    def end(self) -> None:
        if self.now is not None and self.now != ALWAYS:
            self.ran.append(self.now)
            self.observer.stage(self.now, "ended")
        self.now = None

    def failure(self, status: int) -> PricetrailError | None:
        if status == 0:
            self.end()
            return None
        said = "\n".join(self._said())
        if self.code == Blocked.exit_code:
            return Blocked(said)
        if self.code == UsageError.exit_code and self.failed:
            return UsageError(said)
        self.code = self.code or status
        return StageFailed(
            f"{self.failed or self.now or 'dvc'} failed:\n{said}" if said else "dvc stopped without a word."
        )

    def ended(self, failure: PricetrailError | None) -> Ended:
        """How the run ended, for the record."""
        outcome: Outcome = (
            "passed" if failure is None else "blocked" if isinstance(failure, Blocked) else "failed"
        )
        stage = None if failure is None else self.failed or self.now
        return Ended(
            outcome, stage, None if failure is None else str(failure), tuple(self.ran), tuple(self.restored)
        )

    def _spared(self, name: str, *, restored: bool) -> None:
        if restored:
            self.restored.append(name)
        self.observer.stage(name, "restored" if restored else "unchanged")

    def _begin(self, name: str) -> None:
        self.end()
        self.now, self.tail = name, []
        if name != ALWAYS:
            self.observer.stage(name, "began")

    def _said(self) -> Iterator[str]:
        prefix = f"{self.failed}: "
        for text in self.tail:
            if text.strip() and not text.startswith(("> ", "ERROR: ")):
                yield text.removeprefix(prefix)
            elif text.startswith("ERROR: ") and not self.failed:
                yield text.removeprefix("ERROR: ")


def _follow(root: Path, command: list[str], follow: _Follow, lock: int) -> int:
    environment = dvc.environment(**{PROGRESS: "1", RUNNER: str(os.getpid())})
    with subprocess.Popen(
        command,
        cwd=root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        pass_fds=(lock,),
    ) as process:
        assert process.stdout is not None
        for text in process.stdout:
            follow.line(text.rstrip("\n"))
    return process.returncode


def _stages(root: Path) -> list[str]:
    return list(yaml.safe_load((root / "dvc.yaml").read_text(encoding="utf-8"))["stages"])


def _words(stage: str | None, force: bool) -> list[str]:
    """A stage alone brings what it needs up to date too; forced, it is that stage and nothing else."""
    if stage is None:
        return ["repro", "--force"] if force else ["repro"]
    return ["repro", "--force", "--single-item", stage] if force else ["repro", stage]


@contextmanager
def alone(root: Path, patience: float = 10.0) -> Iterator[int]:
    """Hold the shop's lock. DVC inherits it, so that what a killed run left behind must end first."""
    path = root / ".dvc" / "tmp" / "pricetrail.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_CREAT | os.O_RDWR)
    try:
        deadline = time.monotonic() + patience
        while not _lock(handle):
            if time.monotonic() > deadline:
                raise ShopBusy(f"Another run is at work in {root}. Wait for it to end, then try again.")
            time.sleep(0.1)
        yield handle
    finally:
        os.close(handle)


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
