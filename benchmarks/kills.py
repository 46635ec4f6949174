"""The weekly flow, killed on its way and begun again by the same command: does it come to the same release?

python -m benchmarks.kills [--points 30] [--seed 7] [--json]

A small shop of simulated order lines with a quick search, kept in moto's server (a simulator that speaks S3's protocol
over HTTP), and a real Prefect server. A week's new order lines arrive; the flow runs undisturbed once. Then, each time
from the same shop and bucket: the flow is begun, its whole tree of processes gets SIGKILL, and it is begun again. The
points are drawn, one from each of as many equal parts of the run, where half of the run's measure is its time, and the
other half gives every command and stage the same. Last, the machine is lost before the week, and the shop comes back
from the bucket alone. Interrupted, it tells of the points that were done.

A release's id binds its run, and that the time of its commit; compared is its content, with all of dvc.lock. A command
that finds the release serving already begins the week after, which is judged beside that release: there, the content.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
from benchmarks.remote import missing
from benchmarks.telling import tell

from pricetrail.flows import local
from pricetrail.flows.command import command
from pricetrail.flows.credentials import Credentials
from pricetrail.flows.week import Week
from pricetrail.flows.weekly import OUTCOMES
from pricetrail.lineage import channel, place, release
from pricetrail.rehearsal.bucket import CREDENTIALS, simulator
from pricetrail.rehearsal.week import FEW, SMALL, lines
from pricetrail.shop import restore, settings
from pricetrail.shop.remote import Place
from pricetrail.shop.verification import verify

LEASE = 6.0
LONG, LOOK = 1200.0, 0.1
BUCKET = "kills"
QUICK = {
    **SMALL,
    "data_drift_check": {"resamples": 20},
    "tune_primary_model": {"n_trials": 4, "members": 1, "trial_rows": 3000, "trial_epochs": 1},
}
FLOW = """
import sys
from pricetrail.flows.week import Week
from pricetrail.flows.weekly import weekly
print(weekly(Week.model_validate_json(sys.argv[1]), return_state=True).name)
"""
STAGE = "pricetrail.stages."


@dataclass(frozen=True)
class Point:
    """Where the flow is killed: so many seconds after a command or stage was first seen."""

    part: str
    after: float


class Flow:
    """The weekly flow of one shop, and the shop as it was before the week."""

    def __init__(self, folder: Path, endpoint: str, server: local.Server) -> None:
        self.folder, self.root = folder, folder / "shop"
        self.there = Place(f"s3://{BUCKET}/shop", endpoint)
        self.environment = {**os.environ, **server.environment}
        inbox = str(folder / "inbox")
        week = Week(shop=str(self.root), sources=(inbox,), pause=1, lease=LEASE)
        self.words = [sys.executable, "-c", FLOW, week.model_dump_json()]
        self._kept = dict[str, bytes]()

    def make(self) -> None:
        """A shop that ran, is kept in the bucket and serves; and the lines of its next week."""
        lines(self.folder, FEW)
        run("init", str(self.root), "--data", str(self.folder / "history.parquet"))
        for block, values in QUICK.items():
            settings.change(self.root, block, **values)
        run("run", str(self.root))
        run("remote", "set", self.there.url, "--endpoint", str(self.there.endpoint), "--shop", str(self.root))
        run("promote", "--shop", str(self.root), "--why", "the first release")
        run("push", str(self.root))
        (self.folder / "inbox").mkdir()
        (self.folder / "new.parquet").rename(self.folder / "inbox" / "new.parquet")
        self.root.rename(self.folder / "before")
        store = self.there.open()
        self._kept = {name: store.read(name) for name in store.names()}

    def reset(self) -> None:
        """The shop and the bucket as they were."""
        shutil.rmtree(self.root, ignore_errors=True)
        shutil.copytree(self.folder / "before", self.root, symlinks=True)
        store = self.there.open()
        for name in set(store.names()) - set(self._kept):
            store.delete(name)
        for name, content in self._kept.items():
            store.replace(name, content)

    def lose(self) -> None:
        """The machine is lost: what is left is the bucket, and the key that signs, kept elsewhere."""
        self.reset()
        shutil.rmtree(self.root)
        restore.restore(self.root, self.there)
        keys = Path(place.KEYS)
        shutil.copytree(self.folder / "before" / keys, self.root / keys, dirs_exist_ok=True)

    def begin(self) -> subprocess.Popen[str]:
        """Give the command."""
        return subprocess.Popen(self.words, env=self.environment, stdout=subprocess.PIPE, text=True)

    def ended(self) -> str:
        """Give it, and wait: how the flow ended."""
        process = self.begin()
        return process.communicate(timeout=LONG)[0].strip()

    def seen(self) -> dict[str, Any]:
        """What the shop is: what serves, what is locked, what does not hold, what the pointer is ahead of."""
        ledger = place.ledger(self.root)
        standing = channel.current(ledger)
        assert standing is not None
        return {
            "content": release.content(json.loads(ledger.object(standing.release))),
            "lock": (self.root / "dvc.lock").read_text(),
            "findings": [str(each) for each in verify(self.root, deep=True).findings],
            "ahead": missing(self.root, self.there.open()),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=30)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        simulator(BUCKET) as endpoint,
        Credentials(CREDENTIALS).used(),
        local.server(Path(folder) / "prefect", 0) as server,
    ):
        found = measure(Flow(Path(folder), endpoint, server), asked)
    tell(found if asked.json else brief(found), as_json=asked.json)


def measure(flow: Flow, asked: argparse.Namespace) -> dict[str, Any]:
    flow.make()
    flow.reset()
    process = flow.begin()
    parts = dict(watch(process))
    undisturbed, _ = process.communicate()
    whole = flow.seen()
    tries, rng = [], random.Random(asked.seed)
    order = list(points(parts, asked.points, rng))
    rng.shuffle(order)
    with suppress(KeyboardInterrupt):
        for at, point in enumerate(order, 1):
            tries.append(attempt(flow, point, whole))
            print(f"{at} of {asked.points}: {tries[-1]}", file=sys.stderr, flush=True)
    flow.lose()
    outcome = flow.ended()
    return {
        "undisturbed": f"{undisturbed.strip()} in {parts['end']:.1f} s",
        "parts": {name: round(begins, 1) for name, begins in parts.items()},
        "killed": sum(each["processes"] > 0 for each in tries),
        "same_release": sum(each["same"] for each in tries),
        "verified": sum(not each["findings"] for each in tries),
        "pointer_ahead_of_data": [each for each in tries if each["ahead"]],
        "restored_from_the_bucket": {"ended": outcome, **compared(flow.seen(), whole, outcome)},
        "tries": tries,
    }


def attempt(flow: Flow, point: Point, whole: dict[str, Any]) -> dict[str, Any]:
    """One kill, and what came of the same command given again."""
    flow.reset()
    process = flow.begin()
    for part, _ in watch(process):
        if part == point.part:
            time.sleep(point.after)
            break
    killed = at_work(process.pid)
    number = kill(process)
    ahead = missing(flow.root, flow.there.open())
    outcome = flow.ended()
    found = compared(flow.seen(), whole, outcome)
    found["ahead"] = [*ahead, *found["ahead"]]
    return {**asdict(point), "killed_in": killed, "processes": number, "ended": outcome, **found}


def compared(found: dict[str, Any], whole: dict[str, Any], outcome: str) -> dict[str, Any]:
    names = ("content",) if outcome == OUTCOMES["unchanged"] else ("content", "lock")
    same = all(found[name] == whole[name] for name in names)
    return {"same": same, "findings": found["findings"], "ahead": found["ahead"]}


def points(parts: dict[str, float], count: int, rng: random.Random) -> Iterator[Point]:
    """One of each of as many equal parts of the run; half of the measure is time, half the number of parts."""
    begins = [*parts.values()]
    spans = [after - before for before, after in pairwise(begins)]
    weights = [span / sum(spans) / 2 + 1 / len(spans) / 2 for span in spans]
    for stratum in range(count):
        at = (stratum + rng.random()) / count
        for name, span, weight in zip(parts, spans, weights, strict=False):
            if at <= weight:
                yield Point(name, round(span * at / weight, 2))
                break
            at -= weight


def watch(process: subprocess.Popen[str]) -> Iterator[tuple[str, float]]:
    """Each command and stage of a flow when it is first seen, with the seconds since its begin; last its end."""
    began, known = time.perf_counter(), {"flow"}
    yield "flow", 0.0
    while process.poll() is None:
        part = at_work(process.pid)
        if part not in known:
            known.add(part)
            yield part, time.perf_counter() - began
        time.sleep(LOOK)
    yield "end", time.perf_counter() - began


def at_work(pid: int) -> str:
    """The stage that a flow is at, or else the command."""
    found = "flow"
    with suppress(psutil.Error):
        for each in psutil.Process(pid).children(recursive=True):
            with suppress(psutil.Error):
                words = each.cmdline()
                stage = next((word for word in words if word.startswith(STAGE)), None)
                if stage is not None:
                    return stage.removeprefix(STAGE)
                if words[1:3] == ["-m", "pricetrail"]:
                    found = f"pricetrail {words[3]}"
    return found


def kill(process: subprocess.Popen[str]) -> int:
    """SIGKILL to the flow and all that it began; how many processes that were."""
    tree = []
    with suppress(psutil.Error):
        whole = psutil.Process(process.pid)
        tree = [whole, *whole.children(recursive=True)]
    for each in tree:
        with suppress(psutil.Error):
            each.kill()
    psutil.wait_procs(tree, timeout=10)
    process.wait()
    return len(tree)


def run(*words: str) -> None:
    command(*words, seconds=LONG)


def brief(found: dict[str, Any]) -> dict[str, Any]:
    """Without the points at which all was well."""
    wrong = [each for each in found["tries"] if not each["same"] or each["findings"]]
    return {**{name: value for name, value in found.items() if name != "tries"}, "wrong": wrong}


if __name__ == "__main__":
    main()
