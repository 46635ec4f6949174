"""A hundred shops' weekly runs, all due at once, in one work pool of one Prefect server: does one wait for another?

python -m benchmarks.fleet [--shops 100] [--at-once 4] [--shop FOLDER] [--json]

Copies of one small shop that has nothing new, each with a deployment of its own; a worker takes so many at once. Every
process of every run notes each lock that it takes: flock and lockf, files that are created only where none is, and
databases of SQLite. Locks that two runs have in common are what one could wait for another at, and are named. Notes
are taken by Python's audit hooks, so the locks of git and of libraries in C are not among them; git's lie in the
shop. Linux alone.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.telling import tell

from pricetrail.flows import local
from pricetrail.flows.command import command
from pricetrail.rehearsal.week import BRISK, FEW, SMALL
from pricetrail.shop import settings
from pricetrail.transactions import simulator

LONG = 4 * 3600.0
POOL = "fleet"
NOTES = "PRICETRAIL_FLEET_NOTES"
HOOK = f"""
import json, os, sys, time

def begin(run, folder):
    log = os.open(os.path.join(folder, f"{{run}}.jsonl"), os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    shared = getattr(os, "O_EXCL", 0)

    def note(kind, path):
        os.write(log, (json.dumps([kind, os.path.realpath(path), time.time()]) + "\\n").encode())

    def hook(event, values):
        if event in ("fcntl.flock", "fcntl.lockf"):
            place = values[0] if isinstance(values[0], int) else values[0].fileno()
            note(event, os.readlink(f"/proc/self/fd/{{place}}"))
        elif event == "sqlite3.connect" and str(values[0]) != ":memory:":
            note(event, str(values[0]))
        elif event == "open" and isinstance(values[2], int) and values[2] & shared and values[0]:
            note("exclusive", os.fsdecode(values[0]))

    note("begun", os.getcwd())
    sys.addaudithook(hook)

if os.environ.get("PREFECT__FLOW_RUN_ID") and os.environ.get("{NOTES}"):
    begin(os.environ["PREFECT__FLOW_RUN_ID"], os.environ["{NOTES}"])
"""
DEPLOY = """
import json, sys
from pricetrail.flows import schedule
from pricetrail.flows.week import Week
pool, when = schedule.Pool(sys.argv[1], at_once=int(sys.argv[2])), schedule.timetable(None, "weekly", "UTC")
print(json.dumps([schedule.deploy(Week(shop=shop), pool, when).id for shop in sys.argv[3:]]))
"""


@dataclass(frozen=True, slots=True)
class Note:
    """A lock that a run took: how, which file, and when."""

    kind: str
    path: str
    at: float


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shops", type=int, default=100)
    parser.add_argument("--at-once", type=int, default=4)
    parser.add_argument("--shop", type=Path, help="one that ran, to be copied; made unless it is there")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        there = Path(folder)
        base = asked.shop or there / "base"
        if not (base / "dvc.lock").exists():
            make(base)
        shops = copies(base, there / "shops", asked.shops)
        found = run(there, shops, asked.at_once)
    tell(found, as_json=asked.json)


def make(base: Path) -> None:
    """A small shop that ran."""
    data = base.with_name(f"{base.name}.parquet")
    simulator.write(simulator.build(FEW), data, "parquet")
    command("init", str(base), "--data", str(data), seconds=LONG)
    for block, values in SMALL.items():
        settings.change(base, block, **values)
    command("run", str(base), seconds=LONG)


def copies(base: Path, folder: Path, count: int) -> list[Path]:
    """So many shops like it."""
    shops = [folder / f"shop-{at:03}" for at in range(count)]
    for shop in shops:
        shutil.copytree(base, shop, symlinks=True)
        # Git compares what it noted of files by their inodes and times, which are new here.
        subprocess.run(["git", "-C", str(shop), "status"], check=True, stdout=subprocess.DEVNULL)
    return shops


def run(there: Path, shops: list[Path], at_once: int) -> dict[str, Any]:
    """Deploy each shop's week, begin all, and wait for all."""
    notes = there / "notes"
    notes.mkdir()
    (there / "hook").mkdir()
    (there / "hook/sitecustomize.py").write_text(HOOK, encoding="utf-8")
    path = os.pathsep.join([str(there / "hook"), *filter(None, [os.environ.get("PYTHONPATH")])])
    with ExitStack() as stack:
        server = stack.enter_context(local.server(there / "prefect", 0))
        words = [sys.executable, "-c", DEPLOY, POOL, str(at_once), *map(str, shops)]
        told = subprocess.run(
            words, env={**os.environ, **server.environment}, capture_output=True, text=True, check=True
        )
        began = time.monotonic()
        runs = [server.begin(each) for each in json.loads(told.stdout.splitlines()[-1])]
        stack.enter_context(local.worker(server, POOL, **BRISK, PYTHONPATH=path, **{NOTES: str(notes)}))
        ended = Counter(server.ended(each, LONG)[0] for each in runs)
        took = time.monotonic() - began
    taken = {run: list(read(notes / f"{run}.jsonl")) for run in runs}
    return {"runs": len(runs), "ended": dict(ended), "seconds": round(took, 1), **told_of(taken, there)}


def read(path: Path) -> Iterator[Note]:
    for line in path.read_text(encoding="utf-8").splitlines():
        yield Note(*json.loads(line))


def told_of(taken: Mapping[str, list[Note]], there: Path) -> dict[str, Any]:
    """How many runs were at work at once, how many locks they took, and which of these two have in common."""
    spans = [(min(note.at for note in notes), max(note.at for note in notes)) for notes in taken.values()]
    holders = defaultdict[tuple[str, str], set[str]](set)
    for run, notes in taken.items():
        for note in notes:
            if note.kind != "begun":
                holders[note.kind, note.path].add(run)
    common = {path: len(runs) for (_, path), runs in sorted(holders.items()) if len(runs) > 1}
    kinds = Counter(kind for kind, _ in holders)
    where = Counter(
        "in a shop" if Path(path).is_relative_to(there / "shops") else "elsewhere" for _, path in holders
    )
    return {
        "at_work_at_once": max(sum(begin <= at <= end for begin, end in spans) for at, _ in spans),
        "locks": sum(kinds.values()),
        "kinds": dict(kinds),
        "where": dict(where),
        "in_common": common,
    }


if __name__ == "__main__":
    main()
