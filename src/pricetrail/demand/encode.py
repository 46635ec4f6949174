"""Features as numbers a network can take. Numpy alone: the service encodes with the same code.

A numeric feature is mapped, piecewise linearly between quantiles of the training rows, to the scores of a
standard normal: skewed and heavy-tailed columns need no special care, and nothing lies outside the range that was
seen. A missing value is 0, the middle, and raises an indicator of its own. A category is its rank by frequency
among the training rows, from 1; rare and unseen ones are 0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from pricetrail.demand.rows import Codes, Floats

Columns = Mapping[str, npt.NDArray[Any]]
KNOTS = 65
TAIL = 0.005
RAREST = 3
MISSING = "_missing"


@dataclass(frozen=True, slots=True)
class Numeric:
    """A numeric feature: ascending ``knots``, the score of each, and whether training rows lacked it."""

    name: str
    knots: tuple[float, ...]
    scores: tuple[float, ...]
    missing: bool


@dataclass(frozen=True, slots=True)
class Categorical:
    """A categorical feature: its known levels, the most frequent first."""

    name: str
    levels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Encoder:
    """What was learnt from the training rows about each feature."""

    numeric: tuple[Numeric, ...]
    categorical: tuple[Categorical, ...]

    @classmethod
    def fit(cls, columns: Columns, numeric: Sequence[str], categorical: Sequence[str]) -> Encoder:
        """Learn from training rows: one array of shape (n,) per feature, text as objects."""
        return cls(
            tuple(_numeric(name, np.asarray(columns[name], np.float64)) for name in numeric),
            tuple(_categorical(name, Counter(map(str, columns[name].tolist()))) for name in categorical),
        )

    @property
    def names(self) -> list[str]:
        """The encoded numeric columns: each feature, then the indicators."""
        return [each.name for each in self.numeric] + [
            each.name + MISSING for each in self.numeric if each.missing
        ]

    @property
    def categories(self) -> list[str]:
        """The categorical features, in the order of the codes."""
        return [each.name for each in self.categorical]

    @property
    def inputs(self) -> list[str]:
        """Every feature that ``transform`` asks for."""
        return [each.name for each in self.numeric] + self.categories

    def transform(self, columns: Columns) -> tuple[Floats, Codes]:
        """Encode rows: numerics (n, p) float32 in the order of ``names``, and codes (n, c) int32."""
        raw = [np.asarray(columns[each.name], np.float64) for each in self.numeric]
        scored = [_score(each, values) for each, values in zip(self.numeric, raw, strict=True)]
        absent = [
            ~np.isfinite(values) for each, values in zip(self.numeric, raw, strict=True) if each.missing
        ]
        codes = [_codes(each, columns[each.name]) for each in self.categorical]
        rows = len(next(iter(columns.values())))
        return _stack([*scored, *absent], rows, np.float32), _stack(codes, rows, np.int32)

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "numeric": [[n.name, n.knots, n.scores, n.missing] for n in self.numeric],
            "categorical": [[c.name, c.levels] for c in self.categorical],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Encoder:
        """From ``to_json``'s plain data."""
        numbers = tuple(Numeric(name, tuple(k), tuple(s), missing) for name, k, s, missing in data["numeric"])
        return cls(numbers, tuple(Categorical(name, tuple(levels)) for name, levels in data["categorical"]))


def _numeric(name: str, values: npt.NDArray[np.float64]) -> Numeric:
    seen = values[np.isfinite(values)]
    missing = 0 < len(seen) < len(values)
    if not len(seen):
        return Numeric(name, (0.0,), (0.0,), missing)
    shares = np.linspace(TAIL, 1 - TAIL, KNOTS)
    normal = np.array([NormalDist().inv_cdf(share) for share in shares])
    knots, first = np.unique(np.quantile(seen, shares), return_inverse=True)
    scores = np.bincount(first, normal) / np.bincount(first)
    return Numeric(name, tuple(knots.tolist()), tuple(scores.tolist()), missing)


def _score(feature: Numeric, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    scored = np.interp(values, feature.knots, feature.scores)
    return np.where(np.isfinite(values), scored, 0.0)


def _categorical(name: str, counts: Mapping[str, int]) -> Categorical:
    order = sorted((-count, level) for level, count in counts.items())
    return Categorical(name, tuple(level for count, level in order if -count >= RAREST and level))


def _codes(feature: Categorical, values: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    known = {level: code for code, level in enumerate(feature.levels, 1)}
    return np.array([known.get(str(value), 0) for value in values.tolist()], np.int64)


def _stack(columns: Sequence[npt.NDArray[Any]], rows: int, kind: type) -> npt.NDArray[Any]:
    matrix: npt.NDArray[Any] = np.empty((rows, len(columns)), kind)
    for at, column in enumerate(columns):
        matrix[:, at] = column
    return matrix
