"""SHAP values of a forecast, exactly additive: base value + values = the forecast.

Permutation sampling (Castro et al., 2009; Strumbelj and Kononenko, 2014) as the shap library's
PermutationExplainer does it: one random order of the features per line, walked forwards and backwards,
which is exact up to interactions of two features, and telescopes to the forecast at any number of orders.
It needs nothing of the model but its forecasts, so that categories, ensembles and embeddings are all
explained alike.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]
Predict = Callable[[npt.NDArray[Any], npt.NDArray[Any]], Numbers]

TOLERANCE = 1e-5
STRETCH = 25


@dataclass(frozen=True, slots=True)
class Inputs:
    """Lines as the model takes them: ``numeric`` (n, p) and ``categories`` (n, c)."""

    numeric: npt.NDArray[Any]
    categories: npt.NDArray[Any]

    def __len__(self) -> int:
        return len(self.numeric)

    def take(self, rows: Places) -> Inputs:
        """Some of the lines, in the order asked for."""
        return Inputs(self.numeric[rows], self.categories[rows])


@dataclass(frozen=True, slots=True)
class Explanation:
    """``base + values.sum(axis=1)`` is each line's forecast, within ``TOLERANCE`` on the log1p scale."""

    names: tuple[str, ...]
    base: float
    values: Numbers


def explain(
    predict: Predict,
    inputs: Inputs,
    background: Inputs,
    names: Sequence[str],
    *,
    seed: int,
    progress: Callable[[float], None],
) -> Explanation:
    """Explain the forecast of each line against ``background``.

    Args:
        predict: forecasts on the log1p scale, shape (n,), from numerics and categories.
        inputs: the lines to explain.
        background: the lines whose values stand for "not known"; their mean forecast is the base value.
        names: the feature that each numeric and then each categorical column belongs to. Columns of one name
            (a value, and whether it is missing) are one feature, known or not known together.
        progress: told the share done.
    """
    with warnings.catch_warnings():
        # Matplotlib warns of the way in which shap sets up its colours.
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        import shap

    board = _Board.of(inputs, background, names)
    width = inputs.numeric.shape[1]

    def model(places: Numbers) -> Numbers:
        values = board.values_at(places)
        return predict(values[:, :width], values[:, width:])

    known, unknown = board.places[: len(inputs)], board.places[len(inputs) :]
    masker = shap.maskers.Independent(unknown, max_samples=len(unknown))
    explainer = shap.PermutationExplainer(model, masker, seed=seed)
    parts = []
    for at in range(0, len(known), STRETCH):
        chunk = known[at : at + STRETCH]
        parts.append(explainer(chunk, max_evals=2 * len(board.names) + 1, silent=True).values)
        progress((at + len(chunk)) / len(known))
    return Explanation(board.names, float(model(unknown).mean()), np.vstack(parts))


@dataclass(frozen=True, slots=True)
class _Board:
    """Lines written as places: for each feature the first line with the same values in all of its columns.

    The explainer swaps places, whatever columns stand behind them, and sees where swapping changes nothing.
    """

    names: tuple[str, ...]
    places: Numbers
    values: Numbers
    owner: Places

    @classmethod
    def of(cls, inputs: Inputs, background: Inputs, columns: Sequence[str]) -> _Board:
        values = np.vstack([np.hstack([each.numeric, each.categories]) for each in (inputs, background)])
        names = tuple(dict.fromkeys(columns))
        owner = np.array([names.index(name) for name in columns], dtype=np.intp)
        places = np.stack([_first_alike(values[:, owner == at]) for at in range(len(names))], axis=1)
        return cls(names, places.astype(np.float64), values.astype(np.float64), owner)

    def values_at(self, places: Numbers) -> Numbers:
        """The columns behind places (n, features), shape (n, columns)."""
        return np.take_along_axis(self.values, places.astype(np.intp)[:, self.owner], axis=0)


def _first_alike(values: npt.NDArray[Any]) -> Places:
    _, first, kind = np.unique(values, axis=0, return_index=True, return_inverse=True)
    places: Places = first[kind.reshape(-1)]
    return places


def sample(rows: int, number: int, *, seed: int) -> Places:
    """Which of ``rows`` lines to explain: ``number`` of them, or all, ascending."""
    rng = np.random.default_rng(seed)
    return np.sort(rng.choice(rows, min(number, rows), replace=False))


def typical(forecasts: Numbers, number: int, *, seed: int) -> Places:
    """Lines to stand for all: one drawn from each of ``number`` equal strata by forecast, shape (<= number,).

    Their mean forecast comes far closer to that of all lines than a plain draw's.
    """
    rng = np.random.default_rng(seed)
    strata = np.array_split(np.argsort(forecasts, kind="stable"), min(number, len(forecasts)))
    return np.array([stratum[rng.integers(len(stratum))] for stratum in strata], dtype=np.intp)


def mean_abs(found: Explanation) -> list[dict[str, Any]]:
    """Each feature's mean absolute value, largest first; name and figure stay together."""
    weights = np.abs(found.values).mean(axis=0)
    records = zip(found.names, map(float, weights), strict=True)
    return [
        {"feature_name": name, "mean_abs_shap": weight}
        for name, weight in sorted(records, key=lambda record: (-record[1], record[0]))
    ]


def summary(
    found: Explanation, raw: Mapping[str, npt.NDArray[Any]], *, features: int = 20, rows: int = 300
) -> list[dict[str, Any]]:
    """Points of a beeswarm plot: the heaviest features, and at most ``rows`` lines, evenly spaced.

    ``feature_value`` is the value before encoding; ``feature_level`` says where it lies among the explained
    lines, from 0 (lowest) to 1 (highest). What is missing is null, and text has no level.

    Args:
        raw: the features as they were before encoding, by name, one value per explained line.
    """
    lines = np.unique(np.linspace(0, len(found.values) - 1, min(rows, len(found.values))).round().astype(int))
    place = {name: at for at, name in enumerate(found.names)}
    points = []
    for name in (record["feature_name"] for record in mean_abs(found)[:features]):
        levels = _levels(raw[name])
        points += [
            {
                "feature_name": name,
                "shap_value": float(found.values[line, place[name]]),
                "feature_value": _plain(raw[name][line]),
                "feature_level": _plain(levels[line]),
            }
            for line in lines
        ]
    return points


def _levels(values: npt.NDArray[Any]) -> Numbers:
    """Each value's rank, from 0 to 1; NaN for text and for what is missing."""
    levels = np.full(len(values), np.nan)
    if values.dtype != object:
        known = np.isfinite(values.astype(np.float64))
        kinds, level = np.unique(values[known], return_inverse=True)
        levels[known] = level / max(len(kinds) - 1, 1)
    return levels


def _plain(value: Any) -> float | str | None:
    """A value for JSON: text, a finite number, or nothing."""
    if isinstance(value, str):
        return value
    return float(value) if np.isfinite(value) else None
