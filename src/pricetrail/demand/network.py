"""The primary model: a feed-forward network with embeddings, for the log1p quantity of an order line."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

WIDEST = 24


class Architecture(BaseModel):
    """The shape of a network. ``levels`` counts the codes of each category, 0 included."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    numeric: int = Field(ge=0)
    levels: tuple[int, ...]
    layers: int = Field(default=3, ge=1)
    width: int = Field(default=256, ge=1)
    dropout: float = Field(default=0.1, ge=0, lt=1)
    embedding_dropout: float = Field(default=0.1, ge=0, lt=1)
    batch_norm: bool = False


class OrderNetwork(nn.Module):
    """Embeddings and numerics side by side, then equal layers, the upper ones half as wide."""

    def __init__(self, shape: Architecture) -> None:
        super().__init__()
        self.shape = shape
        self.embeddings = nn.ModuleList(nn.Embedding(levels, breadth(levels)) for levels in shape.levels)
        for embedding in self.embeddings:
            nn.init.normal_(embedding.weight, std=0.1)  # type: ignore[arg-type]
        self.forget = nn.Dropout(shape.embedding_dropout)
        inputs = shape.numeric + sum(breadth(levels) for levels in shape.levels)
        widths = [inputs, *(max(shape.width >> (at > shape.layers // 2), 1) for at in range(shape.layers))]
        self.body = nn.Sequential(*(part for pair in pairwise(widths) for part in _layer(shape, *pair)))
        self.head = nn.Linear(widths[-1], 1)

    def forward(self, numeric: Tensor, categories: Tensor) -> Tensor:
        """Forecast: ``numeric`` (n, p) float32, ``categories`` (n, c) integers -> (n,) log1p quantity."""
        parts = [embed(categories[:, at]) for at, embed in enumerate(self.embeddings)]
        known = [self.forget(torch.cat(parts, 1))] if parts else []
        return self.head(self.body(torch.cat([numeric, *known], 1))).squeeze(1)  # type: ignore[no-any-return]


def breadth(levels: int) -> int:
    """How many numbers stand for a category of so many levels."""
    return int(min(WIDEST, max(2, round(1.6 * levels**0.4))))


def onnx(network: OrderNetwork) -> bytes:
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


def _layer(shape: Architecture, inputs: int, outputs: int) -> list[nn.Module]:
    norm: list[nn.Module] = [nn.BatchNorm1d(outputs)] if shape.batch_norm else []
    return [nn.Linear(inputs, outputs), *norm, nn.SiLU(), nn.Dropout(shape.dropout)]
