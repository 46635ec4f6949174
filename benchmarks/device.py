"""The networks on a graphics processor beside the same code on a processor: an epoch, a search, how good they are.

python -m benchmarks.device --shop FOLDER [--rows 60000] [--trials 16] [--at-once 1,4,8] [--seeds 3] [--json]

The shop is one whose stage ``preprocess`` is done. Each device is a process of its own; a processor's sees no graphics
processor. ``epoch_s`` is the median of epochs over the newest rows, the first left out, on one thread of a processor;
``trials_a_minute`` is the search as the pipeline makes it, but for the teacher, by so many processes at once; ``mse``
is the MSE(log) on the validation rows of networks fitted on all training rows, and by how much it differs from seed to
seed. Of the graphics processor: whether the same seed gave the same weights twice, what it copies in a second (bytes
read and written) and multiplies (bfloat16), measured here, and how long an epoch would take if nothing else held it
back: the longer of its bytes by the one and its operations by the other.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from benchmarks.telling import tell

from pricetrail.demand import trial, tuning
from pricetrail.demand.device import device
from pricetrail.demand.network import OrderNetwork
from pricetrail.demand.rows import Rows
from pricetrail.demand.training import Fitted, fit
from pricetrail.params import Tuning
from pricetrail.stages.tune_primary_model import READ, inputs, parts
from pricetrail.workers.files import Files
from pricetrail.workers.local import Local, local

EPOCHS = 7
SQUARE, COPIED, REPEATS = 8_192, 2**30, 10
# Read and written at a step: the weight, its gradient and two moments, each there and back.
PASSES = 8


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shop", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=60_000)
    parser.add_argument("--trials", type=int, default=16)
    parser.add_argument("--at-once", default="1,4,8")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", choices=("cpu", "cuda"), help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if asked.only:
        print(json.dumps(measured(asked)))
    else:
        tell({name: arm(name, sys.argv[1:]) for name in ("cpu", "cuda")}, as_json=asked.json)


def arm(name: str, words: list[str]) -> Any:
    """What is measured on one device, by a process that sees no other."""
    hidden = {"CUDA_VISIBLE_DEVICES": ""} if name == "cpu" else {}
    command = [sys.executable, "-m", "benchmarks.device", *words, "--only", name]
    done = subprocess.run(
        command, env={**os.environ, **hidden}, stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(done.stdout)


def measured(asked: argparse.Namespace) -> dict[str, Any]:
    if asked.only == "cuda" and device().type != "cuda":
        return {"skipped": "PyTorch finds no CUDA here"}
    torch.set_num_threads(1)
    files = Files.of(asked.shop, READ)
    train, val = parts(files)
    found: dict[str, Any] = {"torch": torch.__version__, "rows": asked.rows}
    found |= {"epoch_s": round(epoch(files, train.newest(asked.rows)), 4)}
    sys.stderr.write(f"{found}\n")
    for count in map(int, asked.at_once.split(",")):
        found[f"trials_a_minute_{count}_at_once"] = round(searched(files, asked.trials, count), 1)
        sys.stderr.write(f"{found}\n")
    errors = [min(fitted(files, train, val, seed).history) for seed in range(1, asked.seeds + 1)]
    found["mse"] = round(statistics.mean(errors), 4)
    found["mse_sd"] = round(statistics.stdev(errors), 4) if len(errors) > 1 else None
    return found | (bounds(files, train.newest(asked.rows)) if asked.only == "cuda" else {})


def epoch(files: Files, known: Rows) -> float:
    """The median seconds of an epoch after the first."""
    ends = list[float]()

    def watch(at: int, error: float) -> bool:
        if device().type == "cuda":
            torch.cuda.synchronize()
        ends.append(time.perf_counter())
        return True

    fit(trial.model(trial.usual(), inputs(files)), known, None, epochs=EPOCHS, seed=1, watch=watch)
    return statistics.median(after - before for before, after in pairwise(ends))


@contextmanager
def warm(files: Files, count: int) -> Iterator[Local]:
    """So many processes that have tried something already."""
    with local(count) as workers:
        list(workers.map(partial(tried, files, trial.usual()), [(0.0,)] * count))
        yield workers


def searched(files: Files, trials: int, at_once: int) -> float:
    """Trials a minute of a whole search; worker processes and what they import are there before it begins."""
    usual = Tuning()
    ahead = max(usual.batch, at_once)
    how = tuning.Search(trials, usual.trial_epochs, ahead, usual.seed, first=trial.usual())
    with warm(files, at_once) as workers:
        began = time.perf_counter()
        apply = partial(workers.map, ahead=ahead)
        tuning.search(trial.SPACE, partial(tried, files), how, apply=apply, progress=lambda share, note: None)
        return 60 * trials / (time.perf_counter() - began)


def tried(files: Files, settings: dict[str, Any], limits: tuple[float, ...]) -> Any:
    (train, val), usual = parts(files), Tuning()
    wanted = trial.model(settings, inputs(files))
    few = train.newest(usual.trial_rows)
    return trial.evaluate(few, val, wanted, epochs=usual.trial_epochs, seed=usual.seed, limits=limits)


def fitted(files: Files, train: Rows, val: Rows | None, seed: int) -> Fitted:
    wanted = trial.model(trial.usual(), inputs(files))
    return fit(wanted, train, val, epochs=Tuning().num_epochs, seed=seed, watch=lambda at, error: True)


def bounds(files: Files, known: Rows) -> dict[str, Any]:
    """What the device can, and whether it repeats itself."""
    one, other = (fitted(files, known, None, 1).network.state_dict() for _ in range(2))
    copied = torch.empty(COPIED, dtype=torch.uint8, device="cuda")
    square = torch.randn(SQUARE, SQUARE, dtype=torch.bfloat16, device="cuda")
    bandwidth = 2 * COPIED / timed(lambda: copied.clone())
    speed = 2 * SQUARE**3 / timed(lambda: square @ square)
    moved, done = work(inputs(files), known)
    return {
        "device": torch.cuda.get_device_name(),
        "same_weights_twice": all(torch.equal(one[name], other[name]) for name in one),
        "bandwidth_gb_s": round(bandwidth / 1e9),
        "bf16_tflop_s": round(speed / 1e12),
        "epoch_moves_gb": round(moved / 1e9, 3),
        "epoch_does_tflop": round(done / 1e12, 4),
        "epoch_bound_s": round(max(moved / bandwidth, done / speed), 5),
    }


def work(given: trial.Inputs, known: Rows) -> tuple[float, float]:
    """The least bytes that an epoch moves, and its operations: forward, and twice that backward."""
    shape, recipe = trial.model(trial.usual(), given)
    network = OrderNetwork(shape)
    sizes = [each.numel() for each in network.parameters()]
    matrices = sum(each.numel() for each in network.parameters() if each.dim() == 2)
    tables = sum(each.weight.numel() for each in network.embeddings)  # type: ignore[union-attr, operator]
    of_rows = known.numeric.nbytes + 2 * known.categories.nbytes + 3 * known.target.nbytes
    steps = -(-len(known) // recipe.batch_size)
    return of_rows + steps * PASSES * 4 * sum(sizes), 6.0 * len(known) * (matrices - tables)


def timed(call: Callable[[], object]) -> float:
    """Seconds of a call on the device: the median, by its own clock."""
    for _ in range(3):
        call()
    spent = []
    for _ in range(REPEATS):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        call()
        end.record()
        torch.cuda.synchronize()
        spent.append(begin.elapsed_time(end) / 1000)
    return statistics.median(spent)


if __name__ == "__main__":
    # By its own name: that is how workers find its functions.
    from benchmarks import device as own

    own.main()
