"""One piece of work as it travels: a function by its name, what it is given, and who may do it."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Iterator, Sized
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import Any

from pricetrail.errors import WorkFailed
from pricetrail.workers import kind, naming
from pricetrail.workers.kind import Kind

# Seeds, and how many threads a library uses, are the process's own: one piece at a time.
ALONE = Lock()


@dataclass(frozen=True, slots=True)
class Task:
    """A pure function of a small piece; done twice it gives the same.

    Attributes:
        place: which of how many it is, in words.
        kind: of the process that asks; another kind might give other last bits, and does not do it.
    """

    function: Callable[[Any], Any]
    piece: Any
    place: str
    kind: Kind

    @property
    def key(self) -> str:
        """Equal for equal work of the same code, packages and machine."""
        return f"{_name(self.function)}-{naming.digest(self.function, self.piece, self.kind)}"

    def __str__(self) -> str:
        return f"{_name(self.function)}, piece {self.place}"


@dataclass(frozen=True, slots=True)
class Fault:
    """What went wrong in a piece, in words and with its traceback: errors of some libraries do not travel."""

    words: str
    trace: str


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a piece."""

    value: Any


def tasks(function: Callable[[Any], Any], pieces: Iterable[Any]) -> Iterator[Task]:
    """A task for each piece, as they are drawn."""
    of = f" of {len(pieces)}" if isinstance(pieces, Sized) else ""
    return (Task(function, piece, f"{at}{of}", kind.own()) for at, piece in enumerate(pieces, 1))


def run(task: Task) -> Done | Fault:
    """Do it, on one thread, so that sums add up in the same order wherever that is."""
    from threadpoolctl import threadpool_limits

    if unlike := task.kind.unlike(kind.own()):
        return Fault(
            f"the worker that it came to has other {' and '.join(unlike)} than the process that asks. "
            "Install the same version of pricetrail from the same lock, on the same kind of machine.",
            "",
        )
    try:
        with ALONE, threadpool_limits(1):
            return Done(task.function(task.piece))
    except Exception as error:
        return Fault(f"{type(error).__name__}: {error}", traceback.format_exc())


def opened(task: Task, outcome: Done | Fault) -> Any:
    """What came of a task.

    Raises:
        WorkFailed: a fault did; the task is named.
    """
    if isinstance(outcome, Done):
        return outcome.value
    failed = WorkFailed(f"{task} failed: {outcome.words}")
    if outcome.trace:
        failed.add_note(outcome.trace)
    raise failed


def _name(function: Callable[[Any], Any]) -> str:
    while isinstance(function, partial):
        function = function.func
    return getattr(function, "__qualname__", type(function).__qualname__).strip("_")
