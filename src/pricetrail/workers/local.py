"""Processes of this machine."""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from pricetrail import orphan
from pricetrail.errors import WorkFailed
from pricetrail.workers import task
from pricetrail.workers.files import Files
from pricetrail.workers.task import Done, Fault, Task

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

    def map(
        self, function: Callable[[Any], Any], pieces: Iterable[Any], ahead: int | None = None
    ) -> Iterator[Any]:
        """What ``function`` makes of each piece, in order, ``ahead`` pieces drawn at once, or all of them. A single
        worker, or a single piece, is this process: nowhere is it done sooner.

        Raises:
            WorkFailed: a piece failed, or the worker that did it was killed, time and again.
        """
        if ahead is None:
            pieces = known = list(pieces)
            ahead = len(known)
        waiting = task.tasks(function, pieces)
        if min(self._count, ahead) <= 1:
            return (task.opened(each, task.run(each)) for each in waiting)
        return self._side_by_side(waiting, ahead)

    def _side_by_side(self, waiting: Iterator[Task], ahead: int) -> Iterator[Any]:
        drawn, begun, lost = deque(islice(waiting, ahead)), deque[Future[Done | Fault]](), 0
        try:
            while drawn:
                try:
                    begun.extend(map(self._begin, islice(drawn, len(begun), None)))
                    outcome = begun[0].result()
                except BrokenProcessPool as error:
                    self._pool, lost = None, lost + 1
                    begun.clear()
                    if lost == TRIES:
                        raise self._deadly(drawn[0]) from error
                else:
                    lost = 0
                    begun.popleft()
                    yield task.opened(drawn.popleft(), outcome)
                    drawn.extend(islice(waiting, 1))
        finally:
            for each in begun:
                each.cancel()

    def _begin(self, asked: Task) -> Future[Done | Fault]:
        return self._running().submit(task.run, asked)

    def _deadly(self, asked: Task) -> WorkFailed:
        return WorkFailed(
            f"{asked}: its worker ended {TRIES} times. Is memory short, or did it say why above? "
            f"Fewer workers need less: workers.count in params.yaml is {self._count}."
        )

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
