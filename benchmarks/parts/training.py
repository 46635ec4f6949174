"""One epoch of the training loop over the newest lines, each on one thread.

Ours trains the shipped network: embeddings, pieces of numbers, quantity atoms. Peers are given the same encoded
numbers: the published reference's own loop, a DataLoader with batches of 64 into a smaller plain network without
embeddings, under autocast and with a look for NaN in each; the same without these two; and the shipped network in that
bare style.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from benchmarks import reference
from benchmarks.figures import OURS, Figure
from benchmarks.models import prepared
from benchmarks.part import How
from benchmarks.training import epoch, usual
from benchmarks.turns import cost, figures, turns

from pricetrail.demand import trial


def run(how: How) -> Iterator[Figure]:
    torch.set_num_threads(1)
    parts = prepared(how.folder / "shop", how.lines(), None)
    rows = parts.train.newest(how("rows", 100_000, 60_000))
    wanted = trial.model(trial.usual(), parts.inputs)
    few = rows.newest(2_000)
    epoch(wanted, few)
    reference.fit(few.numeric, few.target, epochs=1)
    arms = {
        OURS: lambda: cost(lambda: epoch(wanted, rows)),
        "reference": lambda: cost(lambda: reference.published((rows.numeric, rows.target), None)),
        "DataLoader": lambda: cost(lambda: reference.fit(rows.numeric, rows.target, epochs=1)),
        "DataLoader, same network": lambda: cost(lambda: usual(wanted, rows)),
    }
    yield from figures("an epoch", turns(arms, how("repeats", 5, 2)))
