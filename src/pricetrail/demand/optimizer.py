"""What moves a network's weights.

Muon (Jordan et al., 2024) makes the step of a matrix orthogonal, so that it goes equally far in all directions: by
few steps over large batches it gets as far as Adam does by many over small ones. Tables of embeddings, biases, and
the head have no directions to even out; AdamW moves them.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch.optim import Optimizer

from pricetrail.demand.network import OrderNetwork

Name = Literal["muon", "adamw"]

# A one-cycle schedule divides by zero where its warm-up ends with the first step.
SHORTEST = 11
WARM_UP = 0.1
# How much further than matrices all else goes at a step.
FURTHER = 2.0


class Descent:
    """Steps of a one-cycle schedule (Smith and Topin, 2019), each from the gradients that lie at the weights."""

    def __init__(self, network: OrderNetwork, name: Name, *, rate: float, decay: float, steps: int) -> None:
        self._network = network
        self._parts = _parts(network, name, rate, decay)
        self._schedules = [
            torch.optim.lr_scheduler.OneCycleLR(
                part, part.defaults["lr"], max(steps, SHORTEST), pct_start=WARM_UP
            )
            for part in self._parts
        ]

    def step(self, loss: torch.Tensor) -> None:
        """Go down by one step."""
        self._network.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        for part, schedule in zip(self._parts, self._schedules, strict=True):
            part.step()
            schedule.step()


def _parts(network: OrderNetwork, name: Name, rate: float, decay: float) -> list[Optimizer]:
    chosen = network.matrices() if name == "muon" else []
    known = {id(matrix) for matrix in chosen}
    others = [each for each in network.parameters() if id(each) not in known]
    if not chosen:
        return [torch.optim.AdamW(others, lr=rate, weight_decay=decay, fused=True)]
    muon = torch.optim.Muon(chosen, lr=rate, weight_decay=decay, adjust_lr_fn="match_rms_adamw")
    return [muon, torch.optim.AdamW(others, lr=FURTHER * rate, weight_decay=decay, fused=True)]
