"""The search for settings by one worker and by two, of this machine and of a Dask cluster: same best trial, how much
sooner?

python -m benchmarks.workers [--data FILE] [--shop FOLDER] [--trials 16] [--workers 1,2] [--engines local,dask]
    [--repeats 1] [--json]

Each run is stage tune_primary_model over the same shop, in a fresh process as in the pipeline, one final fit of one
epoch instead of all; the cluster is a scheduler and worker processes started from the command line. ``search`` is the
part of it that tries settings. Clock seconds hold on a machine with nothing else to do. Processor seconds hold on a
busy one too: ``busiest`` are those of the worker that had most to do, which is how long the search takes where every
worker has a processor for itself and never waits for another's trial. ``--repeats`` measures all in turns, as a
machine's speed may change by the minute: a speed-up is the median over the turns. ``equal`` is how much sooner two
processes do trials that are all alike than one does, each begun already and none waiting for another: what the machine
leaves of a second processor.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import dask
import distributed
import psutil
import pyarrow.compute as pc
import pyarrow.parquet as pq
from benchmarks.device import tried, warm
from benchmarks.models import context, prepared
from benchmarks.part import DATA, REAL

from pricetrail.demand import trial
from pricetrail.flows.local import free
from pricetrail.lineage import canonical
from pricetrail.params import Workers
from pricetrail.stages import tune_primary_model
from pricetrail.stages.stage import Context
from pricetrail.workers.files import Files

MADE = ("models/production/dfn_best.onnx", "metrics/dfn_val.json", "reports/trials.parquet")
HOST = "127.0.0.1"
EQUAL = 12
ONE = {"members": 1, "num_epochs": 1}
# Beside its other settings, which are there once it is imported.
PATIENT = {f"{distributed.__name__}.comm.timeouts.connect": "300s"}


@dataclass
class Watch:
    """Notes when each trial was told, and what each worker had worked by then."""

    workers: list[int]
    at: list[tuple[str, float, dict[int, float]]] = field(default_factory=list)

    def __call__(self, share: float, note: str) -> None:
        known = self.workers or [each.pid for each in psutil.Process().children()]
        self.at.append((note.split()[0], time.perf_counter(), {pid: worked(pid) for pid in known}))

    def search(self) -> dict[str, float]:
        """Seconds of the search: by the clock, of all workers, and of the busiest."""
        (_, began, before), (_, ended, after) = (
            [mark for mark in self.at if mark[0] == what][-1] for what in ("trees", "trial")
        )
        spent = [seconds - before.get(pid, 0.0) for pid, seconds in after.items()]
        return {
            "search_clock": round(ended - began, 1),
            "search_processors": round(sum(spent), 1),
            "search_busiest": round(max(spent), 1),
        }


def worked(pid: int) -> float:
    """Processor seconds of a process and its children."""
    try:
        process = psutil.Process(pid)
        times = [each.cpu_times() for each in (process, *process.children(recursive=True))]
    except psutil.NoSuchProcess:
        return 0.0
    return float(sum(each.user + each.system for each in times))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=DATA / REAL)
    parser.add_argument("--shop", type=Path, help="one whose order lines are prepared already")
    parser.add_argument("--trials", type=int, default=16)
    parser.add_argument("--workers", default="1,2")
    parser.add_argument("--engines", default="local,dask")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        shop = Path(folder) / "shop"
        if asked.shop:
            for name in ("params.yaml", *tune_primary_model.READ):
                (shop / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(asked.shop / name, shop / name)
        else:
            prepared(shop, asked.data.resolve(), None)
        equal = sooner(context(shop))
        found = [
            anew(shop, engine, int(count), asked.trials)
            for _ in range(asked.repeats)
            for engine in asked.engines.split(",")
            for count in asked.workers.split(",")
        ]
    same = len({each["made"] for each in found}) == 1
    told = {"runs": found, "same": same, "equal": equal, **dict(speedups(found))}
    if asked.json:
        print(json.dumps(told, indent=2))
        return
    for each in found:
        print("  ".join(f"{name} {value}" for name, value in each.items()))
    for name, value in told.items():
        if name != "runs":
            print(f"{name:<40} {value}")


def sooner(at: Context) -> float:
    """How many times as many equal trials two warm processes do at a time as one."""
    files, rates = Files.of(at.root, tune_primary_model.READ), list[float]()
    for count in (1, 2):
        with warm(files, count) as workers:
            began = time.perf_counter()
            list(workers.map(partial(tried, files, trial.usual()), [()] * EQUAL * count))
            rates.append(count / (time.perf_counter() - began))
    return round(rates[1] / rates[0], 2)


def anew(*what: Any) -> dict[str, Any]:
    """``measured`` in a process that has done nothing yet: what a library does at its first use takes its time."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as alone:
        return alone.submit(measured, *what).result()


def measured(shop: Path, engine: str, count: int, trials: int) -> dict[str, Any]:
    """What the stage makes with so many workers, and how long it takes."""
    at = context(shop)
    settings = at.params.tune_primary_model.model_copy(update={"n_trials": trials, **ONE})
    with cluster(count) if engine == "dask" else no_cluster() as (address, workers):
        how = Workers.model_validate({"engine": engine, "count": count, "address": address})
        params = at.params.model_copy(update={"tune_primary_model": settings, "workers": how})
        known = [os.getpid()] if engine == "local" and count == 1 else workers
        watch, began = Watch(known), time.perf_counter()
        tune_primary_model.work(replace(at, params=params, progress=watch))
        took = time.perf_counter() - began
    made = canonical.digest(b"".join((at.root / name).read_bytes() for name in MADE))
    table = pq.read_table(at.root / "reports/trials.parquet")
    best = int(pc.index(table["value"], pc.min(table["value"])).as_py())
    return {
        "engine": engine,
        "workers": count,
        "best_trial": best,
        "made": made[:12],
        "stage_clock": round(took, 1),
        **watch.search(),
    }


def speedups(found: list[dict[str, Any]]) -> Iterator[tuple[str, float]]:
    """How much sooner the search is done by more workers than by the fewest, engine by engine; medians over turns."""
    for engine in dict.fromkeys(each["engine"] for each in found):
        turns = defaultdict[int, list[dict[str, Any]]](list)
        for each in found:
            if each["engine"] == engine:
                turns[each["workers"]].append(each)
        (first, alone), *more = turns.items()
        for count, others in more:
            for title, name in (("clock", "search_clock"), ("processors", "search_busiest")):
                ratios = [one[name] / other[name] for one, other in zip(alone, others, strict=True)]
                yield f"{engine}, {first} to {count}, {title}", round(median(ratios), 2)


@contextmanager
def no_cluster() -> Iterator[tuple[None, list[int]]]:
    yield None, []


@contextmanager
def cluster(count: int) -> Iterator[tuple[str, list[int]]]:
    """The address of a scheduler, and the processes of its workers."""
    port = free(0)
    address = f"tcp://{HOST}:{port}"
    with ExitStack() as stack, dask.config.set(PATIENT):
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        stack.enter_context(
            started("scheduler", "--host", HOST, "--port", str(port), "--no-dashboard", "--no-show")
        )
        words = (address, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", folder)
        yield address, [stack.enter_context(started("worker", *words)).pid for _ in range(count)]


@contextmanager
def started(*words: str) -> Iterator[subprocess.Popen[bytes]]:
    command, quiet = [sys.executable, "-m", "dask", *words], subprocess.DEVNULL
    with subprocess.Popen(command, stdout=quiet, stderr=quiet) as process:
        try:
            yield process
        finally:
            process.terminate()


if __name__ == "__main__":
    main()
