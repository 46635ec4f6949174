"""Starts DVC's repro in a shop, and reads what it and the stages say, line by line."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal, Protocol

from pricetrail.errors import Blocked, PricetrailError, StageFailed, UsageError
from pricetrail.shop import dvc
from pricetrail.shop.journal import Ended, Outcome
from pricetrail.stages.stage import MARK, PROGRESS, RUNNER

BEGIN = re.compile(r"Running stage '(.+)':")
RESTORED = re.compile(r"Stage '(.+)' is cached")
UNCHANGED = re.compile(r"Stage '(.+)' didn't change")
FAILED = re.compile(r"failed to reproduce '(.+?)'.*exited with (-?\d+)")
ALWAYS = "code"
TAIL = 40
PATIENCE = 10.0

Event = Literal["began", "ended", "unchanged", "restored"]


class Observer(Protocol):
    """Who watches a run: is told of each stage's events, and of its progress (a share and a note)."""

    def stage(self, name: str, event: Event) -> None: ...

    def progress(self, name: str, share: float, note: str) -> None: ...


class Follow:
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


def follow(
    root: Path,
    words: list[str],
    observer: Follow,
    *,
    hold: tuple[int, ...] = (),
    extra: Mapping[str, str] | None = None,
) -> int:
    """Run ``dvc <words>`` in the shop ``root`` and have every line read; its exit status comes back.

    Args:
        root: where to work.
        words: what DVC is asked for.
        observer: reads the lines.
        hold: open files that DVC is to inherit.
        extra: variables for its environment, and the stages'.
    """
    environment = dvc.environment(**{PROGRESS: "1", RUNNER: str(os.getpid()), **(extra or {})})
    with subprocess.Popen(
        dvc.command(*words),
        cwd=root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        pass_fds=hold,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        try:
            for text in process.stdout:
                observer.line(text.rstrip("\n"))
        except BaseException:
            _end(process)
            raise
    return process.returncode


def _end(process: subprocess.Popen[str]) -> None:
    """Have DVC and all that it started end, before anybody tidies up behind them."""
    for last in (signal.SIGINT, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, last)
        with suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE)
