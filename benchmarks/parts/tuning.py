"""A search for good settings, each in one process on one thread, over the same lines, trials and epochs.

Ours is the search of stage `tune_primary_model` without its teacher. The peer is Optuna around a DataLoader's loop, as
guides show it: plain networks on the same encoded numbers, TPE, a median pruner. "Best error" is the MSE(log) on the
validation lines of the best trial that each found.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import torch
from benchmarks.figures import OURS, Figure, compared
from benchmarks.models import Parts, prepared
from benchmarks.part import How
from benchmarks.peers import search
from benchmarks.turns import Cost, cost, figures, turns

from pricetrail.demand import trial, tuning
from pricetrail.demand.rows import Rows

BATCH, JUDGES = 8, 10_000


def run(how: How) -> Iterator[Figure]:
    torch.set_num_threads(1)
    parts = prepared(how.folder / "shop", how.lines(), None)
    rows, trials, epochs = how("rows", 40_000, 8_000), how("trials", 24, 6), how("epochs", 3, 2)
    train = parts.train.newest(rows)
    judges = parts.val.every(max(1, len(parts.val) // JUDGES))
    arms = {
        OURS: partial(timed, partial(ours, parts, train, judges, trials, epochs)),
        "Optuna + DataLoader": partial(timed, partial(theirs, train, judges, trials, epochs)),
    }
    found = turns(arms, how("repeats", 3, 2))
    yield from figures("a search", {name: [taken for taken, _ in told] for name, told in found.items()})
    errors = {name: [error for _, error in told] for name, told in found.items()}
    yield compared("best error", "", errors)


def timed(work: partial[float]) -> tuple[Cost, float]:
    errors = list[float]()
    return cost(lambda: errors.append(work())), errors[0]


def ours(parts: Parts, train: Rows, judges: Rows, trials: int, epochs: int) -> float:
    inputs = parts.inputs
    study = tuning.search(
        trial.SPACE,
        lambda wanted, limits: trial.evaluate(
            train, judges, trial.model(wanted, inputs), epochs=epochs, seed=7, limits=limits
        ),
        tuning.Search(trials=trials, epochs=epochs, batch=BATCH, seed=7, first=trial.usual()),
        apply=map,
        progress=lambda share, note: None,
    )
    return study.best_value


def theirs(train: Rows, judges: Rows, trials: int, epochs: int) -> float:
    known, val = ((each.numeric, each.target) for each in (train, judges))
    return search.search(known, val, trials=trials, epochs=epochs, seed=7)
