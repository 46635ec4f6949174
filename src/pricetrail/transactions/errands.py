"""Work that is done in the order in which it was asked for, by a thread of its own, while more is being thought of."""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self, TypeVar

T = TypeVar("T")
SWITCH = 0.0005
"""Seconds for which who thinks may keep the interpreter from an errand: Python's five milliseconds, at the beginning
and the end of each, are as long as a small errand itself."""


class Errands:
    """As a context, it ends when all is done. After one errand that failed none is begun, and its error is raised.

    Args:
        interrupt: breaks off the errand at work, for when nobody wants the rest any more.
    """

    def __init__(self, interrupt: Callable[[], object]) -> None:
        self._interrupt = interrupt
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._last: Future[Any] | None = None

    def add(self, work: Callable[[], T]) -> Future[T]:
        """Ask for something, and go on."""
        before = self._last

        def turn() -> T:
            if before is not None:
                before.result()
            return work()

        self._last = added = self._thread.submit(turn)
        return added

    def __enter__(self) -> Self:
        self._switch = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        wanted = False
        try:
            if kind is None and self._last is not None:
                self._last.result()
            wanted = kind is None
        finally:
            if not wanted:
                self._interrupt()
            self._thread.shutdown(cancel_futures=True)
            sys.setswitchinterval(self._switch)
