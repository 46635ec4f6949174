"""What the guard, the manifests and the ledger cost: the same pipeline under bare DVC beside it, in turns.

python -m benchmarks.guard [--data demo|PATH] [--quick] [--repeats 3] [--json]

Bare: the same dvc.yaml and the same code under 'dvc repro', without guards, records, commits, manifests and ledger.
Processor seconds are those of all processes together, and depend less on what else the machine is doing. The guards,
the manifest and the journal of a run that has nothing to do are also measured by themselves, on the finished shop.
--quick learns less, so that what is measured weighs more.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import yaml
from benchmarks.telling import tell
from benchmarks.turns import Cost, cost, processor

from pricetrail.lineage import declared, record
from pricetrail.lineage.guard import guarding
from pricetrail.shop import dvc, journal, recorder, settings
from pricetrail.shop.journal import Ended

ROOT = Path(__file__).parent.parent
NOOPS = 9
QUICK = {"tune_primary_model": {"n_trials": 4, "members": 2, "trial_epochs": 1}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="demo")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), asked.data, asked.repeats, quick=asked.quick)
    tell(found, as_json=asked.json)


def measure(folder: Path, data: str, repeats: int, *, quick: bool) -> dict[str, object]:
    ours, bare = folder / "ours", folder / "bare"
    begin(ours, data, quick=quick)
    shutil.copytree(ours, bare, symlinks=True)
    strip(bare)
    repro(bare)  # so that neither side is the first to compile what is compiled once
    full = [pair(at, ours, bare, "--force") for at in range(repeats)]
    noop = [pair(at, ours, bare) for at in range(NOOPS)]
    guards, manifests, idle = parts(ours)
    return {
        "data": data + (", quick" if quick else ""),
        **table("full run", full),
        **table("no-op run", noop),
        "guards of all stages, processor seconds": round(guards, 3),
        "manifest and ledger entries, processor seconds": round(manifests, 3),
        "both, share of a full run under bare DVC": share(guards + manifests, full),
        "journal of a no-op, processor seconds": round(idle, 4),
        "journal, share of a no-op under bare DVC": share(idle, noop),
    }


def begin(shop: Path, data: str, *, quick: bool) -> None:
    """A shop that has not run yet; with a small search, or the one that shops begin with."""
    call(ROOT, "pricetrail", "init", str(shop), "--data", data)
    for block, values in QUICK.items() if quick else ():
        settings.change(shop, block, **values)


def pair(at: int, ours: Path, bare: Path, *words: str) -> tuple[Cost, Cost]:
    """Both, each going first every other time."""
    if at % 2:
        other = cost(partial(repro, bare, *words))
        return cost(partial(run, ours, *words)), other
    return cost(partial(run, ours, *words)), cost(partial(repro, bare, *words))


def strip(shop: Path) -> None:
    """Make the pipeline bare: no guard, and no record that it would write."""
    path = shop / "dvc.yaml"
    whole = yaml.safe_load(path.read_text(encoding="utf-8"))
    for name, stage in whole["stages"].items():
        if name != "code":
            stage["cmd"] = f"python -m benchmarks.bare {name}"
            stage["outs"] = [each for each in stage["outs"] if each != record.path(name)]
    path.write_text(yaml.safe_dump(whole, sort_keys=False), encoding="utf-8")


def run(shop: Path, *words: str) -> None:
    call(shop, "pricetrail", "run", *words)


def repro(shop: Path, *words: str) -> None:
    call(shop, "dvc", "repro", *words)


def call(shop: Path, module: str, *words: str) -> None:
    where = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    subprocess.run(
        [sys.executable, "-m", module, *words],
        cwd=shop,
        env=dvc.environment(PYTHONPATH=where),
        check=True,
        capture_output=True,
    )


def table(name: str, pairs: list[tuple[Cost, Cost]]) -> dict[str, object]:
    """Medians of both, and of the pairs' ratios."""
    found: dict[str, object] = {}
    for kind in ("clock", "processor"):
        ours, bare = ([getattr(pair[arm], kind) for pair in pairs] for arm in (0, 1))
        ratio = statistics.median(one / other for one, other in zip(ours, bare, strict=True))
        found[f"{name}, {kind} seconds"] = round(statistics.median(ours), 2)
        found[f"{name}, {kind} seconds under bare DVC"] = round(statistics.median(bare), 2)
        found[f"{name}, {kind}: added"] = f"{ratio - 1:+.1%}"
    return found


def parts(shop: Path) -> tuple[float, float, float]:
    """By themselves, on the finished shop: the guards of all stages; the manifest with its entries; an idle journal."""
    stages = [stage.name for stage in declared.stages(shop) if stage.name != "code"]
    before = processor()
    for name in stages:
        with guarding(shop, name):
            pass
    guarded = processor()
    recorder.record(shop, Ended("passed", ran=tuple(stages)))
    recorded = processor()
    journal.begin(shop)
    journal.end(shop, Ended("passed"))
    return guarded - before, recorded - guarded, processor() - recorded


def share(seconds: float, pairs: list[tuple[Cost, Cost]]) -> str:
    return f"{seconds / statistics.median(bare.processor for _, bare in pairs):.2%}"


if __name__ == "__main__":
    main()
