"""TabM (Gorishniy et al., 2025) as its guide shows it: python -m benchmarks.peers.tabular LINES.npz OUT.npy EPOCHS

Piecewise-linear embeddings of numbers, AdamW, the epochs chosen on the validation lines, then fitted again on both
together. It makes a column of each level of a category: those with thousands of levels are left out. Half the width and
a quarter of the members of its defaults, for it is to end on two cores.
"""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import torch
from benchmarks.peers.lines import Lines, Matrix, Side
from rtdl_num_embeddings import PiecewiseLinearEmbeddings, compute_bins
from tabm import TabM
from torch import Tensor

BLOCKS, WIDTH, MEMBERS, BINS, EMBEDDING, LEVELS = 2, 256, 8, 16, 4, 100
RATE, DECAY, BATCH, CHUNK = 2e-3, 3e-4, 1_024, 8_192


def main() -> None:
    lines, epochs = Lines.read(sys.argv[1]), int(sys.argv[3])
    levels = np.max([np.max(codes, axis=0) for _, codes in lines.inputs()], axis=0) + 1
    few = levels <= LEVELS
    train, val, both, test = (
        replace(side, codes=side.codes[:, few]) for side in (lines.train, lines.val, lines.both, lines.test)
    )
    chosen = fit(train, levels[few], epochs, val)[1]
    network, _ = fit(both, levels[few], chosen, None)
    np.save(sys.argv[2], forecast(network, test))


def fit(side: Side, levels: Matrix, epochs: int, val: Side | None) -> tuple[TabM, int]:
    """The network after the last epoch, and the number of the best one (the last without ``val``)."""
    torch.manual_seed(7)
    numbers, codes, target = tensors(side)
    mean, scale = target.mean(), target.std()
    network = build(numbers, levels)
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)
    errors = list[float]()
    for _ in range(epochs):
        network.train()
        for batch in torch.randperm(len(target)).split(BATCH):
            optimizer.zero_grad()
            told = network(numbers[batch], codes[batch]).squeeze(-1)
            # Each member learns by its own error.
            ((told - ((target[batch] - mean) / scale)[:, None]) ** 2).mean().backward()
            optimizer.step()
        network.scaling = (mean.item(), scale.item())
        errors.append(np.square(forecast(network, val) - val.target).mean() if val is not None else 0.0)
    return network, 1 + int(np.argmin(errors)) if val is not None else epochs


def build(numbers: Tensor, levels: Matrix) -> TabM:
    # Numbers with one value throughout have no bins.
    pieces = PiecewiseLinearEmbeddings(
        compute_bins(numbers, n_bins=BINS), EMBEDDING, activation=False, version="B"
    )
    return TabM.make(
        n_num_features=numbers.shape[1], cat_cardinalities=levels.tolist(), d_out=1, num_embeddings=pieces,
        k=MEMBERS, n_blocks=BLOCKS, d_block=WIDTH,
    )  # fmt: skip


def forecast(network: TabM, side: Side) -> Matrix:
    """The mean of the members."""
    network.eval()
    (numbers, codes, _), (mean, scale) = tensors(side), network.scaling
    with torch.inference_mode():
        parts = [
            network(*each).squeeze(-1).mean(1)
            for each in zip(numbers.split(CHUNK), codes.split(CHUNK), strict=True)
        ]
    return (torch.cat(parts) * scale + mean).numpy()


def tensors(side: Side) -> tuple[Tensor, Tensor, Tensor]:
    return torch.from_numpy(side.numbers), torch.from_numpy(side.codes).long(), torch.from_numpy(side.target)


if __name__ == "__main__":
    main()
