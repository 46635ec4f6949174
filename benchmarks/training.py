"""One epoch of the training loop beside one in the reference's style, on the same rows; or the search at full length.

python -m benchmarks.training [--data FILE] [--rows N] [--repeats N] [--search TRIALS] [--json]

All loops run on one thread, in turns, over the newest rows. Ours trains the shipped network: embeddings, pieces of
numbers, quantity atoms. The reference's loop is its own (see benchmarks/reference.py): a DataLoader over a
TensorDataset, which fetches row by row, batches of 64 into a plain network without embeddings, under autocast, with a
look for NaN in each; on the same encoded numbers. Both once without validation and once with it, on the newest 10,000
validation rows, as many as the reference takes. "Bare" is the reference's loop without autocast and looks. "Same
network" is the shipped one in that bare style, by the same objective and AdamW: what our loop saves. --search runs
stage tune_primary_model with so many trials and nothing else; seconds are wall time, processor seconds count all its
processes.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from benchmarks import reference
from benchmarks.models import Parts, prepared
from benchmarks.part import DATA, REAL
from benchmarks.telling import tell
from benchmarks.turns import cost, processor, turns
from torch import Tensor
from torch.nn import functional

from pricetrail.demand import training, trial
from pricetrail.demand.network import Architecture, OrderNetwork
from pricetrail.demand.rows import Rows
from pricetrail.stages import tune_primary_model

JUDGES, FEW = 10_000, 2_000


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
    rows, judges = parts.train.newest(count), parts.val.newest(JUDGES)
    wanted = trial.model(trial.usual(), parts.inputs)
    theirs, judged = ((each.numeric, each.target) for each in (rows, judges))
    arms = {
        "ours": lambda: epoch(wanted, rows),
        "ours_validated": lambda: epoch(wanted, rows, judges),
        "reference": lambda: reference.published(theirs, None),
        "reference_validated": lambda: reference.published(theirs, judged),
        "bare": lambda: reference.fit(*theirs, epochs=1),
        "same_network": lambda: usual(wanted, rows),
    }
    epoch(wanted, rows.newest(FEW))
    costs = turns({name: partial(cost, arm) for name, arm in arms.items()}, repeats)
    took = {name: statistics.median(each.processor for each in costs[name] or ()) for name in arms}
    shares = {name: round(took["ours"] / took[name], 3) for name in ("reference", "bare", "same_network")}
    return {
        "rows": len(rows),
        "processor_seconds": {name: round(seconds, 3) for name, seconds in took.items()},
        "share": shares,
        "share_validated": round(took["ours_validated"] / took["reference_validated"], 3),
    }


def epoch(wanted: tuple[Architecture, training.Recipe], rows: Rows, judges: Rows | None = None) -> None:
    training.fit(wanted, rows, judges, epochs=1, seed=1, watch=lambda at, error: True)


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
