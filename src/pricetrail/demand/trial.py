"""One trial of the search: what may be tried, and how good it is after a cheap training."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from pricetrail.demand.network import Architecture
from pricetrail.demand.rows import Floats, Rows
from pricetrail.demand.training import Recipe, fit

JUDGES = 10_000

SPACE: dict[str, BaseDistribution] = {
    "layers": IntDistribution(2, 3),
    "width": CategoricalDistribution([64, 96, 128, 256]),
    "dropout": FloatDistribution(0.0, 0.2),
    "embedding_dropout": FloatDistribution(0.1, 0.5),
    "unseen": FloatDistribution(0.1, 0.7),
    "batch_norm": CategoricalDistribution([False, True]),
    "optimizer": CategoricalDistribution(["muon", "adamw"]),
    "learning_rate": FloatDistribution(2e-3, 2e-2, log=True),
    "weight_decay": FloatDistribution(1e-5, 1e-1, log=True),
    "batch_size": CategoricalDistribution([2048, 4096]),
}
GRID: dict[str, list[Any]] = {
    "layers": [2],
    "width": [64, 128, 256],
    "dropout": [0.0],
    "embedding_dropout": [0.3],
    "unseen": [0.3],
    "batch_norm": [False, True],
    "optimizer": ["muon"],
    "learning_rate": [4e-3, 8e-3],
    "weight_decay": [1e-2],
    "batch_size": [4096],
}


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a network takes and gives, whatever its settings: see ``Architecture``."""

    numeric: int
    flags: int
    levels: tuple[int, ...]
    atoms: tuple[float, ...]


def usual() -> dict[str, Any]:
    """The settings that a network has unless the search finds better ones: the first trial."""
    known = {**Architecture.model_fields, **Recipe.model_fields}
    return {name: known[name].default for name in SPACE}


def model(settings: dict[str, Any], inputs: Inputs) -> tuple[Architecture, Recipe]:
    """The network and its training that some settings stand for."""
    of_recipe = {name: value for name, value in settings.items() if name in Recipe.model_fields}
    of_shape = {name: value for name, value in settings.items() if name in Architecture.model_fields}
    return Architecture(**asdict(inputs), **of_shape), Recipe(**of_recipe)


def evaluate(
    train: Rows,
    val: Rows,
    wanted: tuple[Architecture, Recipe],
    *,
    epochs: int,
    seed: int,
    limits: tuple[float, ...],
    lessons: Floats | None = None,
) -> tuple[float, ...]:
    """Train on few rows by one thread; the validation error after each epoch, up to the first above its limit."""
    torch.set_num_threads(1)
    judges = val.every(max(1, len(val) // JUDGES))
    return fit(
        wanted,
        train,
        judges,
        epochs=epochs,
        seed=seed,
        lessons=lessons,
        watch=lambda epoch, error: epoch > len(limits) or error <= limits[epoch - 1],
    ).history
