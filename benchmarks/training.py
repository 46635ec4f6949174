"""One epoch of the training loop beside one in the reference's style, on the same rows; or the search at full length.

python -m benchmarks.training [--data FILE] [--rows N] [--repeats N] [--search TRIALS] [--json]

All loops run on one thread, in turns, over the newest rows. Ours trains the shipped network: embeddings, pieces of
numbers, quantity atoms. The reference's style is a DataLoader over a TensorDataset, which fetches row by row, with
batches of 64 into a plain network without embeddings (see benchmarks/reference.py), on the same encoded numbers. "Same
network" is the shipped one in that style, by the same objective and optimizer: what our loop saves. The plain network
is about a quarter of the shipped one in multiplications, so the first share tells two things at once. --search runs
stage tune_primary_model with so many trials and nothing else; seconds are wall time, processor seconds count all its
processes.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from benchmarks import reference
from benchmarks.models import Parts, prepared
from benchmarks.part import DATA, REAL
from benchmarks.telling import tell
from benchmarks.turns import processor
from torch import Tensor
from torch.nn import functional

from pricetrail.demand import training, trial
from pricetrail.demand.network import Architecture, OrderNetwork
from pricetrail.demand.rows import Rows
from pricetrail.stages import tune_primary_model


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=DATA / REAL)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--search", type=int, metavar="TRIALS")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        parts = prepared(Path(folder) / "shop", asked.data.resolve(), None)
        found = searched(parts, asked.search) if asked.search else epochs(parts, asked.rows, asked.repeats)
    tell(found, as_json=asked.json)


def epochs(parts: Parts, count: int, repeats: int) -> dict[str, Any]:
    rows = parts.train.newest(count)
    wanted = trial.model(trial.usual(), parts.inputs)
    ours, theirs, same = [], [], []
    for _ in range(repeats):
        ours.append(seconds(lambda: epoch(wanted, rows)))
        theirs.append(seconds(lambda: reference.fit(rows.numeric, rows.target, epochs=1)))
        same.append(seconds(lambda: usual(wanted, rows)))
    own, other, alike = (statistics.median(each) for each in (ours, theirs, same))
    return {
        "rows": len(rows),
        "epoch_processor_seconds": round(own, 2),
        "reference_processor_seconds": round(other, 2),
        "same_network_processor_seconds": round(alike, 2),
        "share": round(own / other, 3),
        "share_same_network": round(own / alike, 3),
    }


def epoch(wanted: tuple[Architecture, training.Recipe], rows: Rows) -> None:
    training.fit(wanted, rows, None, epochs=1, seed=1, watch=lambda at, error: True)


def usual(wanted: tuple[Architecture, training.Recipe], rows: Rows) -> None:
    """One epoch of the same network, objective and optimizer in the reference's style."""
    shape, recipe = wanted
    network = OrderNetwork(shape).train()
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
    )
    numeric, categories, target = training.tensors(rows)
    nearest = (target.unsqueeze(1) - network.atoms).abs().argmin(1)

    def loss(numbers: Tensor, codes: Tensor, aim: Tensor, atom: Tensor) -> Tensor:
        logits = network.logits(numbers, codes)
        which = functional.cross_entropy(logits, atom)
        return functional.mse_loss(network.mean(logits), aim) + training.WHICH * which

    reference.epoch(loss, optimizer, (numeric, categories, target, nearest))


def seconds(work: Callable[[], object]) -> float:
    """Processor seconds: wall time says on a busy machine how busy it is."""
    started = time.process_time()
    work()
    return time.process_time() - started


def searched(parts: Parts, trials: int) -> dict[str, Any]:
    context = parts.context
    settings = context.params.tune_primary_model.model_copy(update={"n_trials": trials})
    params = context.params.model_copy(update={"tune_primary_model": settings})
    started, worked = time.perf_counter(), processor()
    tune_primary_model.work(replace(context, params=params))
    return {
        "trials": trials,
        "rows": len(parts.train) + len(parts.val),
        "seconds": round(time.perf_counter() - started, 1),
        "processor_seconds": round(processor() - worked, 1),
    }


if __name__ == "__main__":
    main()
