"""The primary model: a committee of feed-forward networks for the log1p quantity of an order line.

Quantities lie on few values: singles, half dozens, packs. So a network gives each of these *atoms* a probability and
forecasts their mean, which a cross-entropy teaches more about than the mean's own error alone. Numbers enter
piecewise linearly (Gorishniy et al., 2022); the encoder gave them the scores of a standard normal, so the same edges
cut each of them into pieces of equally many rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import NormalDist
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn
from torch.nn import functional

WIDEST = 48
PIECES = 4
TAIL = 0.005


class Architecture(BaseModel):
    """The shape of a network.

    Attributes:
        numeric: how many encoded numbers a line has.
        flags: how many of them, the last ones, say yes or no: they are not cut into pieces.
        levels: how many codes each category has, 0 included.
        atoms: the log1p quantities that probabilities are given to, ascending.
        unseen: the share of category codes that training takes away, so that code 0 means something.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    numeric: int = Field(ge=0)
    flags: int = Field(default=0, ge=0)
    levels: tuple[int, ...]
    atoms: tuple[float, ...] = Field(min_length=1)
    layers: int = Field(default=2, ge=1)
    width: int = Field(default=64, ge=1)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    embedding_dropout: float = Field(default=0.3, ge=0, lt=1)
    unseen: float = Field(default=0.3, ge=0, lt=1)
    batch_norm: bool = True


class OrderNetwork(nn.Module):
    """Embeddings and pieces of numbers side by side, then equal layers, the upper ones half as wide."""

    edges: Tensor
    atoms: Tensor

    def __init__(self, shape: Architecture) -> None:
        super().__init__()
        self.shape = shape
        self.embeddings = nn.ModuleList(nn.Embedding(levels, breadth(levels)) for levels in shape.levels)
        for embedding in self.embeddings:
            nn.init.normal_(embedding.weight, std=0.1)  # type: ignore[arg-type]
        widths = [max(shape.width >> (at > shape.layers // 2), 1) for at in range(shape.layers)]
        self.numbers = (shape.numeric - shape.flags) * PIECES + shape.flags
        self.entry = nn.Linear(self.numbers + sum(breadth(levels) for levels in shape.levels), widths[0])
        self.body = nn.Sequential(*_after(shape, widths[0]))
        for inputs, outputs in pairwise(widths):
            self.body.extend([nn.Linear(inputs, outputs), *_after(shape, outputs)])
        self.head = nn.Linear(widths[-1], len(shape.atoms))
        self.register_buffer("edges", torch.tensor(_edges()))
        self.register_buffer("atoms", torch.tensor(shape.atoms))

    def forward(self, numeric: Tensor, categories: Tensor) -> Tensor:
        """Forecast: ``numeric`` (n, p) float32, ``categories`` (n, c) integers -> (n,) log1p quantity."""
        return self.mean(self.logits(numeric, categories))

    def logits(self, numeric: Tensor, categories: Tensor) -> Tensor:
        """How likely each atom is, unnormalised: (n, atoms)."""
        if self.training:
            categories = categories * (
                torch.rand(categories.shape, device=categories.device) >= self.shape.unseen
            )
        parts = [_narrow(embed(categories[:, at])) for at, embed in enumerate(self.embeddings)]
        # The two sides are not joined: no gradient flows to the numbers, and they are most of the columns.
        own, other = torch.split(self.entry.weight, [self.numbers, self.entry.in_features - self.numbers], 1)
        told = functional.linear(self._pieces(numeric), own, self.entry.bias)
        if parts:
            told = told + functional.linear(torch.cat(parts, 1), self._forgetting(other))
        return self.head(self.body(told))  # type: ignore[no-any-return]

    def _forgetting(self, weights: Tensor) -> Tensor:
        """In training a share of what embeddings say is not heard, by all rows of a batch alike: that costs nothing."""
        share = self.shape.embedding_dropout
        if not self.training or not share:
            return weights
        kept = torch.rand(weights.shape[1], device=weights.device) >= share
        return weights * (kept / (1 - share))

    def matrices(self) -> list[Tensor]:
        """The weights of the layers between the inputs and the head."""
        return [each.weight for each in (self.entry, *self.body) if isinstance(each, nn.Linear)]

    def mean(self, logits: Tensor) -> Tensor:
        """The expected log1p quantity: (n, atoms) -> (n,)."""
        return logits.softmax(1) @ self.atoms

    def _pieces(self, numeric: Tensor) -> Tensor:
        """How far each number has come through each piece, 0 to 1, then the flags: (n, p) -> (n, numbers)."""
        cut, flags = torch.split(numeric, [self.shape.numeric - self.shape.flags, self.shape.flags], 1)
        # One piece of all numbers after the other: few long loops cost less than many short ones.
        cut, steep = cut.contiguous(), 1 / (self.edges[1:] - self.edges[:-1])
        pieces = (
            _narrow((cut - low).mul_(rise).clamp_(0, 1))
            for low, rise in zip(self.edges[:-1], steep, strict=True)
        )
        return torch.cat([*pieces, _narrow(flags)], 1)


class Dropout(nn.Module):
    """As ``nn.Dropout``, from one random byte an element: a fifth of the time goes into the usual draws."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.taken = min(round(256 * share), 255)

    def forward(self, values: Tensor) -> Tensor:
        """``values`` of any shape; in training a share of them 0, and the rest as much larger."""
        if not self.training or not self.taken:
            return values
        words = torch.empty(-(-values.numel() // 8), dtype=torch.int64, device=values.device)
        words.random_(-(2**63), None)
        kept = words.view(torch.uint8)[: values.numel()].view_as(values) >= self.taken
        return values * (kept.to(values.dtype) * (256 / (256 - self.taken)))


class Committee(nn.Module):
    """Networks of one shape that were trained apart; their mean forecast errs less than any one of them."""

    def __init__(self, members: Sequence[OrderNetwork]) -> None:
        super().__init__()
        self.shape = members[0].shape
        self.members = nn.ModuleList(members)

    def forward(self, numeric: Tensor, categories: Tensor) -> Tensor:
        """Forecast as each member does: (n, p) and (n, c) -> (n,)."""
        return torch.stack([member(numeric, categories) for member in self.members]).mean(0)


def breadth(levels: int) -> int:
    """How many numbers stand for a category of so many levels."""
    return int(min(WIDEST, max(2, round(3.2 * levels**0.4))))


def onnx(network: OrderNetwork | Committee) -> bytes:
    """The network as ONNX: inputs ``numeric`` float32 and ``categories`` int64, output ``forecast``, any batch."""
    network = network.eval().cpu()
    rows = torch.export.Dim("rows")
    numeric = torch.zeros(2, network.shape.numeric)
    categories = torch.zeros(2, len(network.shape.levels), dtype=torch.int64)
    program: Any = torch.onnx.export(
        network,
        (numeric, categories),
        dynamo=True,
        dynamic_shapes=({0: rows}, {0: rows}),
        input_names=["numeric", "categories"],
        output_names=["forecast"],
        external_data=False,
        verbose=False,
    )
    return _bare(program.model_proto)


def _bare(model: Any) -> bytes:
    """An ONNX model's bytes without the exporter's notes, which hold paths of the machine."""
    graph = model.graph
    for part in (
        model,
        graph,
        *graph.node,
        *graph.input,
        *graph.output,
        *graph.value_info,
        *graph.initializer,
    ):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    return bytes(model.SerializeToString())


def _edges() -> list[float]:
    """Where the pieces meet, on the encoder's scale of normal scores."""
    shares = [min(max(at / PIECES, TAIL), 1 - TAIL) for at in range(PIECES + 1)]
    return [NormalDist().inv_cdf(share) for share in shares]


def _narrow(values: Tensor) -> Tensor:
    """Numbers of the type that products of matrices take: where that is a narrow one, less to put side by side."""
    kind = values.device.type
    able = torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind)
    return values.to(torch.get_autocast_dtype(kind)) if able else values


def _after(shape: Architecture, width: int) -> list[nn.Module]:
    """What follows a linear layer."""
    norm: list[nn.Module] = [nn.BatchNorm1d(width)] if shape.batch_norm else []
    return [*norm, nn.Hardswish(), Dropout(shape.dropout)]
