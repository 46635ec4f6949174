"""Processes of this machine."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pricetrail import orphan
from pricetrail.errors import WorkFailed
from pricetrail.workers import task
from pricetrail.workers.files import Files

# So often a piece is begun before it is taken for what kills its workers.
TRIES = 3


class Local:
    """Fresh processes, started when there is work for them."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._pool: ProcessPoolExecutor | None = None

    def give(self, root: Path, names: Iterable[str]) -> Files:
        """Files that pieces will read: they lie where every process of this machine finds them."""
        return Files.of(root, names)

    def map(self, function: Callable[[Any], Any], pieces: Iterable[Any]) -> Iterator[Any]:
        """What ``function`` makes of each piece, in order. A single piece is done here: nowhere is it done sooner.

        Raises:
            WorkFailed: a piece failed, or the worker that did it was killed, time and again.
        """
        waiting = task.tasks(function, pieces)
        if min(len(waiting), self._count) <= 1:
            yield from (task.opened(each, task.run(each)) for each in waiting)
            return
        at = lost = 0
        while at < len(waiting):
            try:
                for outcome in self._running().map(task.run, waiting[at:]):
                    at, lost = at + 1, 0
                    yield task.opened(waiting[at - 1], outcome)
            except BrokenProcessPool as error:
                self._pool, lost = None, lost + 1
                if lost == TRIES:
                    raise WorkFailed(
                        f"{waiting[at]}: its worker ended {TRIES} times. Is memory short, or did it say why above? "
                        f"Fewer workers need less: workers.count in params.yaml is {self._count}."
                    ) from error

    def close(self) -> None:
        """Send the processes home."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def _running(self) -> ProcessPoolExecutor:
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(
                self._count, mp_context=context, initializer=orphan.follow, initargs=(os.getpid(),)
            )
        return self._pool


@contextmanager
def local(count: int) -> Iterator[Local]:
    """So many processes of this machine at most."""
    crew = Local(count)
    try:
        yield crew
    finally:
        crew.close()
