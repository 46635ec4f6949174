"""A search for good settings as guides to Optuna and PyTorch show it: an objective around a DataLoader's loop."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import optuna
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

Matrix = npt.NDArray[np.float32]
Lines = tuple[Matrix, Matrix]


def search(train: Lines, val: Lines, *, trials: int, epochs: int, seed: int) -> float:
    """The best validation error that was found; ``train`` and ``val`` hold inputs and targets."""

    def objective(trial: optuna.Trial) -> float:
        return fitted(trial, train, val, epochs)

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    torch.manual_seed(seed)
    sampler, pruner = optuna.samplers.TPESampler(seed=seed), optuna.pruners.MedianPruner(n_startup_trials=8)
    study = optuna.create_study(direction="minimize", sampler=sampler, pruner=pruner)
    study.optimize(objective, n_trials=trials)
    return study.best_value


def fitted(trial: optuna.Trial, train: Lines, val: Lines, epochs: int) -> float:
    """One trial's best validation error."""
    network = build(trial, train[0].shape[1])
    rate = trial.suggest_float("learning_rate", 1e-4, 1e-2, log=True)
    optimizer = getattr(torch.optim, trial.suggest_categorical("optimizer", ["Adam", "AdamW", "RMSprop"]))(
        network.parameters(), lr=rate
    )
    loader = DataLoader(dataset(train), trial.suggest_categorical("batch_size", [64, 128]), shuffle=True)
    judges, best = DataLoader(dataset(val), 1024), np.inf
    for epoch in range(epochs):
        learn(network, loader, optimizer)
        error = judged(network, judges)
        best = min(best, error)
        trial.report(error, epoch)
        if trial.should_prune():
            raise optuna.TrialPruned
    return best


def build(trial: optuna.Trial, inputs: int) -> nn.Module:
    parts: list[nn.Module] = []
    for at in range(trial.suggest_int("layers", 2, 4)):
        width = trial.suggest_int(f"width_{at}", 32, 256)
        parts += [
            nn.Linear(inputs, width),
            nn.ReLU(),
            nn.Dropout(trial.suggest_float(f"dropout_{at}", 0, 0.5)),
        ]
        inputs = width
    return nn.Sequential(*parts, nn.Linear(inputs, 1))


def dataset(lines: Lines) -> TensorDataset:
    return TensorDataset(*(torch.from_numpy(each) for each in lines))


def learn(network: nn.Module, loader: DataLoader, optimizer: torch.optim.Optimizer) -> None:
    network.train()
    for numbers, quantities in loader:
        optimizer.zero_grad()
        nn.functional.mse_loss(network(numbers).squeeze(1), quantities).backward()
        optimizer.step()


def judged(network: nn.Module, loader: DataLoader) -> float:
    network.eval()
    with torch.inference_mode():
        errors = [(network(numbers).squeeze(1) - quantities).square() for numbers, quantities in loader]
    return float(torch.cat(errors).mean())
