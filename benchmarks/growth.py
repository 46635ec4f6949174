"""The pipeline on simulated shops of growing size: time and most memory of every stage, and how they grow.

python -m benchmarks.growth [--sizes 400000,4000000,40000000] [--stages NAME,...] [--folder DIR] [--json]

A shop of more order lines has been open for longer and has more products and customers: products grow with the power
0.4 of the lines, customers with 0.8, weeks with 0.3, from 4,000, 4,300 and 53 at 400,000 lines, about what the real
file has. Every stage of the template's ``dvc.yaml``, in its order, and then ``reprice`` of all products is a process
of its own with the settings that a shop begins with, but for the search, which tries ``SEARCH``: its rows are as many
at every size. ``peak_mb`` (of 10^6 bytes) is the largest sum of what the process and those that it started held at a
time. The exponent is the slope of the logarithm of the seconds over that of the lines: ``seconds`` by the clock,
``processor`` by the processors, ``steps`` by the processors from each size to the next. A stage that takes a second
takes it to start: its exponent says nothing but that it does not matter.

What was found is written to benchmarks/results/growth.json after every stage. With ``--folder`` shops are kept there,
and what was found of them: the same command goes on where an earlier one was ended. ``--stages`` measures the named
ones again, and no others.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import yaml
from benchmarks import etl
from benchmarks.machine import machine
from benchmarks.peer import ROOT
from benchmarks.turns import ended

from pricetrail.files import write_json

SIZES = (400_000, 4_000_000, 40_000_000)
BEGIN = {"products": (4_000, 0.4), "customers": (4_300, 0.8), "weeks": (53, 0.3)}
REPRICE = "reprice"
Exponents = dict[str, Any]

SEARCH = {"n_trials": 1, "members": 1}
RESULTS, KEPT = ROOT / "benchmarks/results/growth.json", "growth.json"
WATCH = 0.05
BLOCKED = 3


@dataclass(frozen=True, slots=True)
class Cost:
    """What a stage took at one size; ``exit`` is its code: 0 done, 3 blocked by a gate."""

    stage: str
    lines: int
    seconds: float
    processor: float
    peak_mb: int
    exit: int


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)))
    parser.add_argument("--stages", default="")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    sizes = sorted(int(size) for size in asked.sizes.split(","))
    with tempfile.TemporaryDirectory(prefix="pricetrail-") as scratch:
        folder: Path = (asked.folder or Path(scratch)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        costs = known(folder)
        for cost in measure(folder, sizes, [name for name in asked.stages.split(",") if name], costs):
            costs = keep(folder, costs, cost)
            sys.stderr.write(f"{cost}\n")
    print(json.dumps(told(costs), indent=2) if asked.json else table(costs))
    return int(any(cost.exit not in (0, BLOCKED) for cost in costs))


def known(folder: Path) -> list[Cost]:
    """What an earlier command found of the shops in a folder."""
    path = folder / KEPT
    found = json.loads(path.read_text(encoding="utf-8"))["stages"] if path.exists() else []
    return [Cost(**each) for each in found]


def keep(folder: Path, costs: Sequence[Cost], cost: Cost) -> list[Cost]:
    """Write what is known with one more; what was found of the same stage and size before is forgotten."""
    others = [each for each in costs if (each.stage, each.lines) != (cost.stage, cost.lines)]
    order = {name: at for at, name in enumerate(commands())}
    found = sorted([*others, cost], key=lambda each: (each.lines, order[each.stage]))
    for path in (folder / KEPT, RESULTS):
        write_json(path, told(found))
    return found


def told(costs: Sequence[Cost]) -> dict[str, Any]:
    """Everything that was found, as plain data."""
    return {
        "machine": machine(),
        "shops": {f"{size:,}": grown(size) for size in sorted({cost.lines for cost in costs})},
        "stages": [asdict(cost) for cost in costs],
        "exponents": exponents(costs),
    }


def grown(lines: int) -> dict[str, int]:
    """How many products, customers and weeks a shop of so many lines has."""
    times = lines / SIZES[0]
    return {name: round(first * times**power) for name, (first, power) in BEGIN.items()}


def measure(
    folder: Path, sizes: Sequence[int], stages: Sequence[str], costs: Sequence[Cost]
) -> Iterator[Cost]:
    """Every stage at every size that is not known, or the named; what a failed one should write, later ones lack."""
    done = {(cost.stage, cost.lines) for cost in costs if not cost.exit % BLOCKED}
    for size in sizes:
        root = shop(folder / str(size), size)
        for name, words in commands().items():
            if name in stages or (not stages and (name, size) not in done):
                yield run(name, size, words, root)


def commands() -> dict[str, list[str]]:
    """The stages' commands by name, in the order of the pipeline."""
    template = files("pricetrail.shop") / "template/dvc.yaml"
    named = yaml.safe_load(template.read_text(encoding="utf-8"))["stages"]
    staged = {name: [sys.executable, *stage["cmd"].split()[1:]] for name, stage in named.items()}
    return {**staged, REPRICE: [sys.executable, "-m", "pricetrail", REPRICE, "--output", "prices.csv"]}


def shop(root: Path, size: int) -> Path:
    """A shop of simulated lines, as much of it as the stages read."""
    data = root.with_suffix(".parquet")
    if not data.exists():
        root.parent.mkdir(parents=True, exist_ok=True)
        sized = [word for name, value in grown(size).items() for word in (f"--{name}", str(value))]
        words = ["-m", "pricetrail", "simulate", str(data), "--rows", str(size), *sized, "--json"]
        subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)
    if not root.exists():
        etl.shop(root, data)
        params = yaml.safe_load((root / "params.yaml").read_text(encoding="utf-8"))
        searched = yaml.safe_dump({**params, "tune_primary_model": SEARCH})
        (root / "params.yaml").write_text(searched, encoding="utf-8")
        (root / "production").mkdir()
    return root


def run(name: str, lines: int, words: Sequence[str], root: Path) -> Cost:
    """One process in the shop, watched until it ends."""
    peak = [0]

    def begun(pid: int) -> None:
        threading.Thread(target=_watch, args=(pid, peak), daemon=True).start()

    took, code = ended(words, root, begun=begun)
    most = max(peak[0] / 1e6, took.memory or 0)
    return Cost(name, lines, round(took.clock, 2), round(took.processor, 2), round(most), code)


def _watch(pid: int, peak: list[int]) -> None:
    try:
        process = psutil.Process(pid)
        while process.is_running():
            peak[0] = max(peak[0], sum(_held(each) for each in [process, *process.children(recursive=True)]))
            time.sleep(WATCH)
    except psutil.NoSuchProcess:
        return


def _held(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def exponents(costs: Sequence[Cost]) -> dict[str, Exponents]:
    """Of each stage that ran at two sizes at least, and of all of these together."""
    ordered = sorted(costs, key=attrgetter("stage", "lines"))
    done = {
        stage: [cost for cost in own if not cost.exit % BLOCKED]
        for stage, own in groupby(ordered, attrgetter("stage"))
    }
    sizes = {cost.lines for own in done.values() for cost in own}
    whole = [cost for own in done.values() if len(own) == len(sizes) for cost in own]
    found = {stage: own for stage in commands() if len(own := done.get(stage, [])) > 1}
    if len(sizes) > 1 and whole:
        found["in all"] = [_summed(size, whole) for size in sorted(sizes)]
    return {name: _exponents(own) for name, own in found.items()}


def _summed(lines: int, costs: Iterable[Cost]) -> Cost:
    own = [cost for cost in costs if cost.lines == lines]
    seconds, processor = sum(cost.seconds for cost in own), sum(cost.processor for cost in own)
    return Cost("in all", lines, seconds, processor, max(cost.peak_mb for cost in own), 0)


def _exponents(costs: Sequence[Cost]) -> Exponents:
    lines = np.log([cost.lines for cost in costs])
    logs = {name: np.log([getattr(cost, name) for cost in costs]) for name in ("seconds", "processor")}
    slopes = {name: round(float(np.polyfit(lines, times, 1)[0]), 3) for name, times in logs.items()}
    steps = np.diff(logs["processor"]) / np.diff(lines)
    return {**slopes, "steps": steps.round(3).tolist()}


def table(costs: Sequence[Cost]) -> str:
    """A row for each stage, what it took at each size, and its exponents."""
    sizes, powers = sorted({cost.lines for cost in costs}), exponents(costs)
    found = {(cost.stage, cost.lines): cost for cost in costs}
    head = [
        "stage",
        *(f"{size:,}: s, processor s, MB" for size in sizes),
        "exponents: s, processor, each step",
    ]
    rows = [
        [name, *(_told(found.get((name, size))) for size in sizes), _power(powers.get(name))]
        for name in dict.fromkeys([*(cost.stage for cost in costs), *powers])
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows])


def _told(cost: Cost | None) -> str:
    if cost is None:
        return ""
    failed = f" (exit {cost.exit})" if cost.exit else ""
    return f"{cost.seconds:,.1f}, {cost.processor:,.1f}, {cost.peak_mb:,}{failed}"


def _power(power: Exponents | None) -> str:
    if not power:
        return ""
    return ", ".join(f"{each:.2f}" for each in (power["seconds"], power["processor"], *power["steps"]))


if __name__ == "__main__":
    raise SystemExit(main())
