"""Questions to a history of runs, each asked anew with nothing in memory: which runs read a bad file, and what was a
run made of?

Ours: `recall` and `trace` over a signed ledger in a folder, every object's digest checked. The peer: MLflow over
SQLite with the same runs, each with its parameters, its commit and its raw files as logged datasets; `search_runs` by
the digest of a dataset, and `get_run`. MLflow keeps no receipts of prices, and believes its database. Every second run
read the bad file. What is timed is the question; both have been imported.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import manifests, peer
from benchmarks.figures import OURS, Figure, compared
from benchmarks.part import How
from benchmarks.turns import turns

from pricetrail.lineage.keys import Keyring
from pricetrail.lineage.ledger import Ledger
from pricetrail.lineage.recall import holding, recall
from pricetrail.lineage.store import FolderStore
from pricetrail.lineage.trace import trace

PEER = "MLflow"
GOOD, BAD = manifests.digest("good"), manifests.digest("bad")


def run(how: How) -> Iterator[Figure]:
    runs, repeats = how("runs", 500, 60), how("repeats", 9, 3)
    ledger = Ledger(FolderStore(how.folder / "ledger"), Keyring(how.folder / "keys", {}))
    ids = [record(ledger, manifests.run(at, *read(at))) for at in range(runs)]
    asks: dict[str, Callable[[str], float] | None] = {OURS: Ours(ledger, ids[1])}
    asks[PEER] = Theirs(how.folder, runs) if peer.installed("mlflow", "sqlalchemy") else None
    for name, question in (("runs that read a bad file", "bad"), ("what a run was made of", "one")):
        arms = {who: ask and (lambda ask=ask: ask(question)) for who, ask in asks.items()}  # noqa: B023
        yield compared(name, "ms", turns(arms, repeats))
    if isinstance(theirs := asks[PEER], Theirs):
        theirs.end()


def read(at: int) -> list[str]:
    """The raw files of a run."""
    return [GOOD, BAD] if at % 2 else [GOOD]


def record(ledger: Ledger, content: bytes) -> str:
    id = ledger.keep(content)
    ledger.append("run", {"run": id, "outcome": "passed"}, who="bench", objects=(id,))
    return id


class Ours:
    """Asks a ledger that was just opened; milliseconds."""

    def __init__(self, ledger: Ledger, one: str) -> None:
        self.ledger, self.one = ledger, one

    def __call__(self, question: str) -> float:
        fresh = Ledger(self.ledger.store, self.ledger.keyring)
        began = time.perf_counter()
        found = recall(fresh, holding({BAD})).runs if question == "bad" else trace(fresh, self.one)
        took = time.perf_counter() - began
        assert found
        return 1000 * took


class Theirs:
    """Asks MLflow in its own process; milliseconds, as it measures them."""

    def __init__(self, folder: Path, runs: int) -> None:
        words = peer.command("history", folder / "mlflow", runs, GOOD, BAD)
        self.process = subprocess.Popen(
            words, env=peer.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __call__(self, question: str) -> float:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{question}\n")
        self.process.stdin.flush()
        return float(json.loads(self.process.stdout.readline()))

    def end(self) -> None:
        self.process.communicate()
