"""Forecasts of order quantities that none of the models has seen: the newest tenth of the lines, in MSE(log).

Ours is stage `tune_primary_model` as shipped, teacher, search and committee included. Peers are given the same encoded
features and the same lines, choose their rounds or epochs on the validation lines and then learn from both together:
LightGBM and CatBoost with their defaults, TabM smaller than its own, the published reference's network on its own
features, and, where somebody installed it, AutoGluon. An error's spread is over 20 resamplings of the test lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
import torch
from benchmarks import models, peer
from benchmarks.figures import OURS, Figure, compared
from benchmarks.models import Parts, prepared
from benchmarks.part import How
from benchmarks.peers import lines
from benchmarks.turns import Cost, cost, figures

RESAMPLINGS = 20
Numbers = npt.NDArray[np.floating]
Forecast = Callable[[], Numbers]


def run(how: How) -> Iterator[Figure]:
    torch.set_num_threads(1)
    parts = learnt(how)
    told = {
        OURS: lambda: models.network(parts)(),
        "reference": lambda: models.published(parts)(),
        **peers(how, parts),
    }
    errors: dict[str, list[float] | None] = {}
    costs: dict[str, list[Cost] | None] = {}
    for name, forecast in told.items():
        if forecast is None:
            errors[name] = costs[name] = None
            continue
        found: list[Numbers] = []
        costs[name] = [cost(lambda found=found, forecast=forecast: found.append(forecast()))]
        errors[name] = resampled((found[0] - parts.test.target) ** 2)
    yield compared("MSE(log)", "", errors)
    yield from figures("fit and forecast", costs)


def learnt(how: How) -> Parts:
    """The lines encoded: all of them; for the quick measure the newest."""
    if not how.quick:
        return prepared(how.folder / "shop", how.lines(), None)
    few, path = how("newest lines", None, 30_000), how.folder / "few.parquet"
    table = pq.read_table(how.lines())
    pq.write_table(table.slice(len(table) - few), path)
    return prepared(how.folder / "shop", path, None)


def peers(how: How, parts: Parts) -> dict[str, Forecast | None]:
    known = how.folder / "lines.npz"
    sides = {name: getattr(parts, name) for name in lines.NAMES}
    lines.write(
        str(known), **{name: (each.numeric, each.categories, each.target) for name, each in sides.items()}
    )
    epochs, seconds = how("TabM's epochs at most", 6, 1), how("AutoGluon's seconds", 600, 60)
    asked = {
        "LightGBM": (("lightgbm",), "boosters", "lightgbm", known),
        "CatBoost": (("catboost",), "boosters", "catboost", known),
        "TabM": (("tabm", "rtdl_num_embeddings", "torch"), "tabular", known),
        "AutoGluon": (("autogluon.tabular",), "auto", known),
    }
    last = {"TabM": (epochs,), "AutoGluon": (seconds,)}
    return {
        name: said(how.folder / f"{name}.npy", words, last.get(name, ())) if peer.installed(*needs) else None
        for name, (needs, *words) in asked.items()
    }


def said(path: Path, words: list[object], last: tuple[object, ...]) -> Forecast:
    """What a peer forecasts, in its own process."""
    name, *rest = words

    def forecast() -> Numbers:
        peer.run(str(name), *rest, path, *last)
        return np.load(path)

    return forecast


def resampled(squares: Numbers) -> list[float]:
    """Mean errors of lines drawn with replacement, the same draws for every model."""
    drawn = np.random.default_rng(7)
    return [
        float(squares[drawn.integers(len(squares), size=len(squares))].mean()) for _ in range(RESAMPLINGS)
    ]
