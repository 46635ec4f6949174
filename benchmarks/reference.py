"""The published reference system's model, as far as it is about forecasts: its features and its network.

Prices with three transformations of them, the month's mean quantity of the product, its highest price of all time,
the moment, the invoice's number, and product, customer, country, weekday and year as binary digits of their rank;
scaled; a feed-forward network of its published shape, by a DataLoader in batches of 64, its last weights kept. Two
of its defects are left out, for they would only flatter or harm it by accident: means and maxima are of the training
lines alone, and cancelled orders are not among the lines. Its own loop runs the network under autocast, looks at what
came out for NaN and infinity, and after each epoch validates by a second DataLoader: ``published``. ``fit`` is the same
without these, which takes less time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

Matrix = npt.NDArray[np.float32]

LAYERS = (184, 122, 35, 224)
DROPOUT = (0.14, 0.55, 0.24, 0.03)
LEARNING_RATE = 1e-3
BATCH = 64
EPOCHS = 12
CATEGORIES = ("stockcode", "customerid", "country", "weekday", "year", "is_registered")


class Features:
    """Its preprocessor, fitted on the training lines alone."""

    def __init__(self, lines: pd.DataFrame) -> None:
        month = lines["invoicedate"].dt.to_period("M")
        units = lines.groupby(["stockcode", month])["quantity"].sum().groupby("stockcode").mean()
        self.units, self.prices = units, lines.groupby("stockcode")["unitprice"].agg(["mean", "max"])
        self.levels = {name: _ranks(_dated(lines)[name]) for name in CATEGORIES}
        numbers = self._numbers(lines)
        self.mean, self.scale = numbers.mean(0), numbers.std(0) + 1e-9

    def __call__(self, lines: pd.DataFrame) -> Matrix:
        """The inputs of lines, shape (n, p)."""
        dated = _dated(lines)
        digits = [_digits(dated[name], self.levels[name]) for name in CATEGORIES]
        return np.hstack([(self._numbers(lines) - self.mean) / self.scale, *digits]).astype(np.float32)

    def _numbers(self, lines: pd.DataFrame) -> npt.NDArray[np.float64]:
        price, code = lines["unitprice"], lines["stockcode"]
        mean, most = (
            code.map(self.prices[name]).fillna(price).to_numpy(np.float64) for name in ("mean", "max")
        )
        paid = price.to_numpy(np.float64)
        invoice = pd.to_numeric(lines["invoiceno"], errors="coerce").fillna(0).to_numpy(np.float64)
        moment = lines["invoicedate"].to_numpy().astype("datetime64[s]").astype(np.float64)
        units = code.map(self.units).fillna(0).to_numpy(np.float64)
        return np.stack(
            [paid, paid**2, np.log1p(paid), paid / most, paid / mean, most, units, invoice, moment], 1
        )


def fit(inputs: Matrix, target: Matrix, *, epochs: int = EPOCHS, seed: int = 7) -> nn.Module:
    """Train as it does, without looking at what comes out on the way."""
    network, optimizer = _begin(inputs, seed)
    criterion = nn.MSELoss()
    for _ in range(epochs):
        epoch(lambda numbers, aim: criterion(network(numbers), aim), optimizer, _tensors(inputs, target))
    return network.eval()


def published(train: Sequence[Matrix], val: Sequence[Matrix] | None, *, seed: int = 7) -> nn.Module:
    """One epoch by its own loop; ``train`` and ``val`` are inputs and target."""
    network, optimizer = _begin(train[0], seed)
    criterion = nn.MSELoss()

    def loss(numbers: Tensor, aim: Tensor) -> Tensor:
        with torch.autocast("cpu"):
            told = network(numbers)
            found = criterion(told, aim)
        if torch.any(torch.isnan(told)) or torch.any(torch.isinf(told)):
            raise ValueError("The network answers with no numbers.")
        return found

    epoch(loss, optimizer, _tensors(*train))
    network.eval()
    if val is not None:
        with torch.inference_mode():
            batches = DataLoader(TensorDataset(*_tensors(*val)), batch_size=BATCH, shuffle=True)
            sum(criterion(network(numbers), aim).item() for numbers, aim in batches)
    return network


def epoch(loss: Callable[..., Tensor], optimizer: torch.optim.Optimizer, known: Sequence[Tensor]) -> None:
    """Once over all rows: a loader fetches them one by one and puts them together in batches."""
    for batch in DataLoader(TensorDataset(*known), batch_size=BATCH, shuffle=True):
        optimizer.zero_grad()
        loss(*batch).backward()
        optimizer.step()


def _begin(inputs: Matrix, seed: int) -> tuple[nn.Module, torch.optim.Optimizer]:
    torch.manual_seed(seed)
    network = build(inputs.shape[1])
    return network, torch.optim.Adamax(network.parameters(), lr=LEARNING_RATE)


def _tensors(inputs: Matrix, target: Matrix) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(inputs), torch.from_numpy(target).view(-1, 1)


def build(inputs: int) -> nn.Module:
    """The published network: linear layers, rectifiers and dropout, one number out."""
    parts: list[nn.Module] = []
    for width, share in zip(LAYERS, DROPOUT, strict=True):
        parts += [nn.Linear(inputs, width), nn.ReLU(), nn.Dropout(share)]
        inputs = width
    return nn.Sequential(*parts, nn.Linear(inputs, 1))


def predict(network: nn.Module, inputs: Matrix) -> Matrix:
    """The log1p quantity of each line, shape (n,)."""
    with torch.inference_mode():
        return network(torch.from_numpy(inputs)).squeeze(1).numpy()


def _dated(lines: pd.DataFrame) -> pd.DataFrame:
    return lines.assign(weekday=lines["invoicedate"].dt.dayofweek, year=lines["invoicedate"].dt.year)


def _ranks(values: pd.Series[Any]) -> dict[Any, int]:
    return {level: code for code, level in enumerate(values.unique(), 1)}


def _digits(values: pd.Series[Any], ranks: dict[Any, int]) -> Matrix:
    codes = values.map(ranks).fillna(0).to_numpy(np.int64)
    return (codes[:, None] >> np.arange(max(len(ranks).bit_length(), 1)) & 1).astype(np.float32)
