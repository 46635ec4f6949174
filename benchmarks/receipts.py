"""Receipts by the million: how large, how fast to write, to find, to trace, to recall and to verify.

python -m benchmarks.receipts [--count N] [--copies C] [--processes P] [--folder FOLDER] [--json]

The receipts are generated: 4,000 products with weights as in retail, ten releases, an answer with every figure and
its interval, a time to the microsecond. With --copies only one segment in so many is generated, and laid down as often
under other names. A folder that is given is kept, and measured again the next time.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from itertools import accumulate
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks import manifests
from benchmarks.telling import tell

from pricetrail.lineage import canonical
from pricetrail.lineage.keys import Keyring
from pricetrail.lineage.ledger import Ledger
from pricetrail.lineage.recall import holding, recall
from pricetrail.lineage.receipts import Receipt, Writer, find, number, segment, table
from pricetrail.lineage.receipts.seal import KIND, sealed
from pricetrail.lineage.receipts.verify import verify
from pricetrail.lineage.receipts.writer import FULL
from pricetrail.lineage.release import of
from pricetrail.lineage.store import FolderStore
from pricetrail.lineage.trace import trace
from pricetrail.workers.local import local

PRODUCTS, RELEASES = 4_000, 10
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
THREADS = (1, 8, 32)
SECONDS = 3.0
BAD = sha256(b"the bad file").hexdigest()
FEATURES = [sha256(f"{product}".encode()).hexdigest() for product in range(PRODUCTS)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000_000)
    parser.add_argument("--copies", type=int, default=1)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(asked.folder or Path(folder), asked.count, asked.processes, asked.copies)
    tell(found, as_json=asked.json)


def measure(folder: Path, count: int, processes: int, copies: int) -> dict[str, Any]:
    found = {"cores": os.cpu_count(), "python": platform.python_version(), **written(folder / "writes")}
    ledger = Ledger(FolderStore(folder / "store"), Keyring(folder / "keys", {}))
    if ledger.head() is None:
        found["generate_seconds"] = round(clock(lambda: fill(ledger, count, processes, copies))[0], 1)
    ledger = Ledger(ledger.store, ledger.keyring)
    kept = sum(path.stat().st_size for path in folder.joinpath("store").rglob("*") if path.is_file())
    total = sum(facts.count for facts in sealed(ledger).values())
    found |= {"receipts": total, "store_gb": round(kept / 1e9, 3), "bytes_a_receipt": round(kept / total, 1)}
    found |= asked(ledger)
    started, cpu = time.perf_counter(), sum(os.times()[:4])
    with local(processes) as workers:
        verdict = verify(ledger, apply=workers.map)
    seconds, cpu = time.perf_counter() - started, sum(os.times()[:4]) - cpu
    found |= {
        "verify_seconds": round(seconds, 1),
        "verify_cpu_seconds": round(cpu, 1),
        "faults": len(verdict.faults),
    }
    return found | {"verified_a_minute": round(verdict.receipts / seconds * 60)}


def asked(ledger: Ledger) -> dict[str, Any]:
    """Seconds of each question, with nothing of the ledger in memory."""
    dice, names = random.Random(5), list(sealed(ledger).values())
    finds, traces, recalls = list[float](), list[float](), list[float]()
    for _ in range(21):
        facts = dice.choice(names)
        text = str(number.Number(facts.segment, dice.randrange(facts.count), None))
        finds.append(clock(lambda text=text: find(ledger.store, text))[0])
        traces.append(clock(lambda text=text: trace(Ledger(ledger.store), text))[0])
    for _ in range(5):
        seconds, touched = clock(lambda: recall(Ledger(ledger.store), holding({BAD})))
        recalls.append(seconds)
    return {
        "find_ms_median": round(statistics.median(finds) * 1e3, 1),
        "find_ms_worst": round(max(finds) * 1e3, 1),
        "trace_ms_median": round(statistics.median(traces) * 1e3, 1),
        "trace_ms_worst": round(max(traces) * 1e3, 1),
        "recall_seconds_median": round(statistics.median(recalls), 3),
        "recall_seconds_worst": round(max(recalls), 3),
        "recalled_receipts": touched.receipts,
    }


def written(folder: Path) -> dict[str, Any]:
    """Durable writes by threads at once: how many a second, and how long each took."""
    found = dict[str, Any]()
    for threads in THREADS:
        writer, seconds = Writer(FolderStore(folder)), list[float]()
        made = [receipt(random.Random(n), n, 0) for n in range(64)]
        until = time.perf_counter() + SECONDS

        def work(writer: Writer = writer, made: list[Receipt] = made, seconds: list[float] = seconds) -> None:
            n = 0
            while (started := time.perf_counter()) < until:  # noqa: B023
                writer.issue(made[n % 64])
                seconds.append(time.perf_counter() - started)
                n += 1

        pool = [threading.Thread(target=work) for _ in range(threads)]
        wall, _ = clock(lambda pool=pool: [[each.start() for each in pool], [each.join() for each in pool]])
        writer.close()
        seconds.sort()
        found[f"writes_a_second_{threads}"] = round(len(seconds) / wall)
        found[f"write_ms_p50_{threads}"] = round(seconds[len(seconds) // 2] * 1e3, 3)
        found[f"write_ms_p99_{threads}"] = round(seconds[len(seconds) * 99 // 100] * 1e3, 3)
    return found


def fill(ledger: Ledger, count: int, processes: int, copies: int) -> None:
    """Runs, their releases, and sealed segments: the file is in every second run."""
    for at in range(RELEASES):
        id, content = ledger.keep(ran(at)), served(at)
        ledger.append("run", {"run": id, "outcome": "passed"}, who="bench", objects=(id,))
        body = {"release": ledger.keep(content), "run": id, "gates": {"model": "passed"}}
        ledger.append("release", body, who="bench", objects=(body["release"],))
    sizes = [min(FULL, count - at) for at in range(0, count, FULL)]
    base = {at: at - at % copies if sizes[at] == FULL else at for at in range(len(sizes))}
    whole = sorted(set(base.values()))
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        made = pool.map(sealing, [ledger.store] * len(whole), whole, [sizes[at] for at in whole])
        facts = dict(zip(whole, made, strict=True))
    sealed = [facts[at] if at == first else copied(ledger.store, facts[first]) for at, first in base.items()]
    ledger.append(KIND, {"segments": sealed}, who="bench")


def sealing(store: FolderStore, at: int, count: int) -> dict[str, Any]:
    """One generated segment, as ``seal`` makes it."""
    name = str(number.Number(number.fresh(), 0, None)).partition("-")[0]
    contents = [each.to_bytes() for each in receipts(at, count)]
    parsed = [json.loads(each) for each in contents]
    summary = segment.keep(store, name, contents, parsed)
    rows = table.build(name, contents, parsed)
    store.replace(segment.path(name, "parquet"), rows)
    digests = {"summary": canonical.digest(summary.to_bytes()), "table": canonical.digest(rows)}
    return {"segment": name, "count": count, "root": summary.root, "file": summary.file, **digests}


def copied(store: FolderStore, facts: dict[str, Any]) -> dict[str, Any]:
    """The same segment once more, under another name."""
    name = str(number.Number(number.fresh(), 0, None)).partition("-")[0]
    for kind in ("jsonl.gz", "order.gz", "parquet"):
        store.replace(segment.path(name, kind), store.read(segment.path(facts["segment"], kind)))
    summary = replace(segment.read(store, facts["segment"]), segment=name).to_bytes()
    store.replace(segment.path(name, "json"), summary)
    return {**facts, "segment": name, "summary": canonical.digest(summary)}


def receipts(at: int, count: int) -> Iterator[Receipt]:
    dice = random.Random(at)
    weights = list(accumulate(1 / (n + 10) for n in range(PRODUCTS)))
    for n, product in enumerate(dice.choices(range(PRODUCTS), cum_weights=weights, k=count)):
        yield receipt(dice, at * FULL + n, product)


def receipt(dice: random.Random, n: int, product: int) -> Receipt:
    served = release(n // 1_000_000 % RELEASES)
    price, revenue, request, answer = answered(product, n // 1_000_000)
    at = BEGIN + timedelta(seconds=n * 3.1, microseconds=dice.randrange(10**6))
    return Receipt(at, served, FEATURES[product], f"P{product:05}", None, request, answer, price, revenue)


@cache
def answered(product: int, million: int) -> tuple[float, float, dict[str, Any], dict[str, Any]]:
    """A release answers the same question alike: the price, the revenue, what was asked and what was said."""
    dice = random.Random(product * 1_000 + million)
    price, cost, units = round(dice.uniform(0.5, 20), 2), round(dice.uniform(0.2, 8), 2), dice.uniform(1, 400)
    answer = {
        "status": dice.choice(["change", "keep", "forced"]),
        "price": price,
        "now": round(price * 1.05, 2),
        "elasticity": interval(dice, -1.5),
        "expected": {name: interval(dice, by) for name, by in (("units", units), ("revenue", price * units))},
        "gain": {"amount": interval(dice, 0.05 * price * units), "probability": dice.random()},
        "binding": dice.choice([None, "change", "observed"]),
        "unmet": [],
    }
    request = {"stockcode": f"P{product:05}", "objective": "revenue", "cost": cost, "max_change": 0.1}
    return price, price * units, request, answer


def interval(dice: random.Random, middle: float) -> dict[str, float]:
    reach = abs(middle) * dice.uniform(0.1, 0.5)
    names = ("low90", "low50", "middle", "high50", "high90")
    return {name: middle + reach * by for name, by in zip(names, (-1, -0.4, 0, 0.4, 1), strict=True)}


def ran(at: int) -> bytes:
    """The manifest of a run: every second one read the bad file."""
    return manifests.run(at, sha256(b"good").hexdigest(), *([BAD] if at % 2 else []))


def served(at: int) -> bytes:
    """The manifest of its release."""
    return canonical.dumps(of(json.loads(ran(at))))


@cache
def release(at: int) -> str:
    return canonical.digest(served(at))


def clock(work: Any) -> tuple[float, Any]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


if __name__ == "__main__":
    main()
