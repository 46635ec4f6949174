"""Fits the network: whole epochs in memory, shuffled by a seed, the best weights kept."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn
from torch.nn import functional

from pricetrail.demand.device import device, precision
from pricetrail.demand.network import Architecture, Committee, OrderNetwork
from pricetrail.demand.optimizer import Descent, Name
from pricetrail.demand.rows import Floats, Rows

CHUNK = 4096
# An epoch of few rows has so many batches nevertheless, unless they were smaller than this.
BATCHES, SMALLEST = 16, 64
ATOMS = 40
# The weight of the cross-entropy beside the squared error of the forecast.
WHICH = 0.3
# How far from a row's own quantity to its lesson the forecast aims.
TAUGHT = 0.5

Watch = Callable[[int, float], bool]


class Recipe(BaseModel):
    """How a network is trained."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    optimizer: Name = "muon"
    learning_rate: float = Field(default=8e-3, gt=0)
    weight_decay: float = Field(default=1e-2, ge=0)
    batch_size: int = Field(default=4096, ge=1)


@dataclass(frozen=True, slots=True)
class Fitted:
    """The network with its best weights, the epoch (from 1) they are of, and each epoch's validation MSE(log)."""

    network: OrderNetwork
    best_epoch: int
    history: tuple[float, ...]


def atoms(target: Floats) -> tuple[float, ...]:
    """The most frequent log1p quantities, ascending, at most ``ATOMS`` of them.

    Where quantities repeat so seldom that these are not half of the rows, as those of whole weeks, they would leave
    out most of the range: there it is one from the middle of each of ``ATOMS`` equal shares of the rows.
    """
    values, counts = np.unique(target, return_counts=True)
    frequent = np.argsort(-counts, kind="stable")[:ATOMS]
    if 2 * counts[frequent].sum() >= len(target):
        return tuple(np.sort(values[frequent]).tolist())
    middles = np.sort(target)[(2 * np.arange(ATOMS) + 1) * len(target) // (2 * ATOMS)]
    return tuple(np.unique(middles).tolist())


def fit(
    model: tuple[Architecture, Recipe],
    train: Rows,
    val: Rows | None,
    *,
    epochs: int,
    seed: int,
    watch: Watch,
    lessons: Floats | None = None,
) -> Fitted:
    """Train for at most ``epochs`` epochs.

    The same seed, number of torch threads and type of processor give the same weights to the last bit. Where there
    is a graphics processor, all rows and every step of an epoch stay on it; the fitted network does not.

    Args:
        val: rows that choose the best epoch; without them the last one is kept.
        watch: told each epoch (from 1) and its validation error; answers whether to go on.
        lessons: what a teacher expects of each row of ``train``.
    """
    shape, recipe = model
    torch.manual_seed(seed)
    network = OrderNetwork(shape)
    numeric, categories, target = tensors(train)
    aim = target if lessons is None else target.lerp(torch.from_numpy(lessons), TAUGHT)
    known = [values.to(device()) for values in (numeric, categories, aim, _begin(network, target))]
    network.to(device())
    size = min(recipe.batch_size, max(SMALLEST, len(train) // BATCHES))
    descent = Descent(
        network,
        recipe.optimizer,
        rate=recipe.learning_rate,
        decay=recipe.weight_decay,
        steps=epochs * math.ceil(len(train) / size),
    )
    shuffle = torch.Generator().manual_seed(seed)
    best, weights, history = 0, network.state_dict(), list[float]()
    for epoch in range(1, epochs + 1):
        network.train()
        for batch in _batches(len(train), size, shuffle):
            # index_select copies whole rows; values[batch] goes from number to number, for eight times as long.
            descent.step(_loss(network, *(values.index_select(0, batch) for values in known)))
        history.append(_error(network, val) if val is not None else math.nan)
        if val is None or history[-1] == min(history):
            best, weights = epoch, {name: tensor.clone() for name, tensor in network.state_dict().items()}
        if not watch(epoch, history[-1]):
            break
    network.load_state_dict(weights)
    return Fitted(network.eval().cpu(), best, tuple(history))


def _batches(rows: int, size: int, shuffle: torch.Generator) -> list[Tensor]:
    """All rows, shuffled, in batches; not a row that is left alone, of which a batch norm can learn nothing."""
    order = torch.randperm(rows, generator=shuffle).to(device())
    return [batch for batch in torch.split(order, size) if len(batch) > 1]


def _begin(network: OrderNetwork, target: Tensor) -> Tensor:
    """Start at how frequent each atom is, which saves the first epoch from learning it; the atom of each row."""
    nearest = torch.bucketize(target, (network.atoms[1:] + network.atoms[:-1]) / 2)
    counts = torch.bincount(nearest, minlength=len(network.atoms))
    with torch.no_grad():
        network.head.bias.copy_(torch.log((counts + 1) / (counts + 1).sum()))
    return nearest


def _loss(network: OrderNetwork, *known: Tensor) -> Tensor:
    numeric, categories, aim, nearest = known
    logits = _logits(network, numeric, categories)
    which = functional.cross_entropy(logits, nearest)
    return functional.mse_loss(network.mean(logits), aim) + WHICH * which


def _logits(network: OrderNetwork, numeric: Tensor, categories: Tensor) -> Tensor:
    with precision(numeric.device.type):
        return network.logits(numeric, categories).float()


def _error(network: OrderNetwork, rows: Rows) -> float:
    """What chooses the best epoch, by the products of matrices that the training takes."""
    told = _told(lambda *known: network.mean(_logits(network, *known)), network, rows)
    return float(np.mean(np.square(told.astype(np.float64) - rows.target)))


def forecast(network: OrderNetwork | Committee, rows: Rows) -> Floats:
    """The log1p quantity of each row, shape (n,)."""
    return _told(network, network, rows)


def _told(forward: Callable[..., Tensor], network: nn.Module, rows: Rows) -> Floats:
    place = next(network.parameters()).device
    numeric, categories = (values.to(place) for values in tensors(rows)[:2])
    network.eval()
    with torch.inference_mode():
        parts = [
            forward(n, c)
            for n, c in zip(torch.split(numeric, CHUNK), torch.split(categories, CHUNK), strict=True)
        ]
    return torch.cat(parts).cpu().numpy()


def tensors(rows: Rows) -> tuple[Tensor, Tensor, Tensor]:
    """Rows as tensors: numerics float32, categories int64, target float32."""
    return (
        torch.from_numpy(rows.numeric),
        torch.from_numpy(rows.categories).long(),
        torch.from_numpy(rows.target),
    )
