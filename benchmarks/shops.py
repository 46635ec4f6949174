"""Whole shops: two clones compared digest by digest, the time of a run, and what a second run costs.

python -m benchmarks.shops [--data demo|PATH] [--json]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml
from benchmarks.telling import tell

REPEATS = 7


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="demo")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), asked.data)
    tell(found, as_json=asked.json)


def measure(folder: Path, data: str) -> dict[str, object]:
    shops = [folder / "one" / "shop", folder / "another place" / "shop"]
    seconds = [run(shop, data) for shop in shops]
    locks = [digests(shop) for shop in shops]
    differing = sorted(path for path in locks[0] | locks[1] if locks[0].get(path) != locks[1].get(path))
    noop, status = again(shops[0])
    return {
        "data": data,
        "first_run_seconds": [round(each, 1) for each in seconds],
        "digests_compared": len(locks[0]),
        "digests_differing": differing,
        "noop_run_seconds": round(noop, 2),
        "dvc_status_seconds": round(status, 2),
        "noop_over_status": round(noop / status, 2),
    }


def run(shop: Path, data: str) -> float:
    call("pricetrail", "init", str(shop), "--data", data)
    started = time.perf_counter()
    call("pricetrail", "run", str(shop))
    return time.perf_counter() - started


def again(shop: Path) -> tuple[float, float]:
    """Medians of a second run and of ``dvc status``, taken in turns."""
    pairs = [
        (timed("pricetrail", "run", str(shop)), timed("dvc", "status", cwd=shop)) for _ in range(REPEATS)
    ]
    return statistics.median(noop for noop, _ in pairs), statistics.median(status for _, status in pairs)


def timed(module: str, *words: str, cwd: Path | None = None) -> float:
    started = time.perf_counter()
    call(module, *words, cwd=cwd)
    return time.perf_counter() - started


def call(module: str, *words: str, cwd: Path | None = None) -> None:
    subprocess.run([sys.executable, "-m", module, *words], cwd=cwd, check=True, capture_output=True)


def digests(shop: Path) -> dict[str, str]:
    """Every digest that ``dvc.lock`` holds, under its stage and path."""
    stages = yaml.safe_load((shop / "dvc.lock").read_text(encoding="utf-8"))["stages"]
    return {
        f"{name} {kind} {entry['path']}": entry["md5"]
        for name, stage in stages.items()
        for kind in ("deps", "outs")
        for entry in stage.get(kind, [])
    }


if __name__ == "__main__":
    main()
