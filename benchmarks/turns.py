"""Work measured in turns: what the machine does besides hits everyone alike."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from benchmarks.figures import Figure, compared

Work = Callable[[], object]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds on the clock and of processors; of a process also its most memory, in MB of 10^6 bytes."""

    clock: float
    processor: float
    memory: float | None = None


def processor() -> float:
    """Processor seconds of this process and of those that it waited for."""
    every = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in every)


def cost(work: Work) -> Cost:
    """What a call takes."""
    before, began = processor(), time.perf_counter()
    work()
    return Cost(time.perf_counter() - began, processor() - before)


def process(words: Sequence[str], where: Path, environment: Mapping[str, str] | None = None) -> Cost:
    """What a process takes, start included.

    Raises:
        SystemExit: it failed.
    """
    found, code = ended(words, where, environment)
    if code:
        raise SystemExit(f"{' '.join(map(str, words))} ended with {code}.")
    return found


def ended(
    words: Sequence[str],
    where: Path,
    environment: Mapping[str, str] | None = None,
    begun: Callable[[int], object] = lambda pid: None,
) -> tuple[Cost, int]:
    """The same, and the code that it ended with, whatever that is; ``begun`` is told its id."""
    began = time.perf_counter()
    with subprocess.Popen(words, cwd=where, env=environment, stdout=subprocess.DEVNULL) as child:
        begun(child.pid)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    unit = 1 if sys.platform == "darwin" else 1024
    seconds = time.perf_counter() - began
    found = Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit / 1e6)
    return found, child.returncode


def turns(arms: Mapping[str, Callable[[], T] | None], repeats: int) -> dict[str, list[T] | None]:
    """Each arm so many times, one after the other, from the last to the first every other time.

    None stands for an arm that is not installed, and stays None.
    """
    found: dict[str, list[T] | None] = {name: None if arm is None else [] for name, arm in arms.items()}
    for at in range(repeats):
        for name in arms if at % 2 == 0 else reversed(arms):
            arm, samples = arms[name], found[name]
            if arm is not None and samples is not None:
                samples.append(arm())
    return found


def figures(name: str, costs: Mapping[str, Sequence[Cost] | None]) -> tuple[Figure, ...]:
    """Clock, processors and, where it was taken of all, memory."""
    kinds = {
        f"{name}, clock": ("s", "clock"),
        f"{name}, processors": ("s", "processor"),
        f"{name}, most memory": ("MB", "memory"),
    }
    taken = [each for samples in costs.values() for each in samples or ()]
    if any(each.memory is None for each in taken):
        kinds.popitem()
    return tuple(compared(title, unit, _each(costs, kind)) for title, (unit, kind) in kinds.items())


def _each(costs: Mapping[str, Sequence[Cost] | None], kind: str) -> dict[str, list[float] | None]:
    return {
        name: None if samples is None else [getattr(each, kind) for each in samples]
        for name, samples in costs.items()
    }
