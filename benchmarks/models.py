"""The models of order quantity beside each other: the same lines, the same chronological split, one run.

python -m benchmarks.models [--data FILE] [--test-lines N] [--only NAME,...] [--json]

network: stage tune_primary_model as shipped, search included. lightgbm, elastic net: as stage tune_backup_models fits
them, on the same numeric features; the rounds and the penalty are chosen on the validation lines, and the model is
then fitted on training and validation lines together, as the network's members are. naive: what the customer last
bought of the product, else its channel's mean, else its mean. reference: see benchmarks/reference.py.

Seconds are wall time; processor seconds count all processes, and are what compares on a machine with other work.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
import pandas as pd
import pyarrow.parquet as pq
import torch
import yaml
from benchmarks import reference
from benchmarks.etl import shop
from benchmarks.part import DATA, REAL
from benchmarks.turns import processor

from pricetrail.demand import backups
from pricetrail.demand.accuracy import accuracy
from pricetrail.demand.inference import Model
from pricetrail.demand.rows import Rows
from pricetrail.demand.trial import Inputs
from pricetrail.params import load
from pricetrail.stages import etl_pipeline, preprocess, tune_primary_model
from pricetrail.stages.stage import Context
from pricetrail.stages.tables import part
from pricetrail.workers.files import Files

TENTH = 0.1
LINES = ("invoiceno", "invoicedate", "stockcode", "customerid", "country", "unitprice", "is_registered")

Numbers = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Parts:
    """The encoded lines, and the shop that they are of."""

    context: Context
    train: Rows
    val: Rows
    test: Rows

    @classmethod
    def of(cls, context: Context) -> Parts:
        return cls(context, *(part(context.root, name) for name in ("train", "val", "test")))

    @property
    def inputs(self) -> Inputs:
        """What the shipped network takes and gives."""
        return tune_primary_model.inputs(Files.of(self.context.root, tune_primary_model.READ))

    def lines(self, *names: str) -> pd.DataFrame:
        """The lines of some parts as they were."""
        table = pq.read_table(self.context.root / "data/processed_df.parquet", columns=["quantity", *LINES])
        sizes = {"train": len(self.train), "val": len(self.val), "test": len(self.test)}
        starts = dict(zip(sizes, np.cumsum([0, *sizes.values()]).tolist(), strict=False))
        first, last = starts[names[0]], starts[names[-1]] + sizes[names[-1]]
        return table.slice(first, last - first).to_pandas()


@dataclass(frozen=True, slots=True)
class Figures:
    """How well a model forecasts the test lines, and what it takes."""

    mse_log: float
    rmsle: float
    mae: float
    fit_seconds: float
    fit_processor_seconds: float
    predict_seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=DATA / REAL)
    parser.add_argument("--test-lines", type=int, help="so many of the newest lines; a tenth unless given")
    parser.add_argument("--only", default=",".join(MODELS))
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        parts = prepared(Path(folder) / "shop", asked.data.resolve(), asked.test_lines)
        found = {name: measured(MODELS[name], parts) for name in asked.only.split(",")}
        show(parts, found, as_json=asked.json)


def prepared(root: Path, data: Path, test_lines: int | None) -> Parts:
    """The stages before the models, in a shop of its own."""
    shop(root, data)
    etl_pipeline.work(context(root))
    if test_lines is not None:
        lines = pq.read_metadata(root / "data/processed_df.parquet").num_rows
        settings = yaml.safe_load((root / "params.yaml").read_text(encoding="utf-8"))
        settings["preprocess"] = {"test_share": test_lines / lines, "val_share": TENTH}
        (root / "params.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    preprocess.work(context(root))
    return Parts.of(context(root))


def context(root: Path) -> Context:
    return Context(root, load(root / "params.yaml"), lambda share, note: None)


def measured(model: Callable[[Parts], Callable[[], Numbers]], parts: Parts) -> Figures:
    started, worked = time.perf_counter(), processor()
    predict = model(parts)
    fitted, cost = time.perf_counter() - started, processor() - worked
    started = time.perf_counter()
    forecast = predict()
    took = time.perf_counter() - started
    return Figures(**asdict(accuracy(parts.test.target, forecast)), **_rounded(fitted, cost, took))


def network(parts: Parts) -> Callable[[], Numbers]:
    tune_primary_model.work(parts.context)
    model = Model((parts.context.root / "models/production/dfn_best.onnx").read_bytes())
    return lambda: model.predict(parts.test.numeric, parts.test.categories)


def lightgbm(parts: Parts) -> Callable[[], Numbers]:
    return backup(backups.lightgbm(parts.train, parts.val, seed=7, threads=1), parts)


def elastic_net(parts: Parts) -> Callable[[], Numbers]:
    return backup(backups.elastic_net(parts.train, parts.val), parts)


def backup(fitted: backups.Backup, parts: Parts) -> Callable[[], Numbers]:
    session = onnxruntime.InferenceSession(fitted.onnx, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"features": parts.test.numeric})[0].ravel()


def naive(parts: Parts) -> Callable[[], Numbers]:
    column = pq.read_table(parts.context.root / "data/x_test_df.parquet", columns=["naive_log"])["naive_log"]
    return column.to_numpy


def published(parts: Parts) -> Callable[[], Numbers]:
    known, test = parts.lines("train", "val"), parts.lines("test")
    features = reference.Features(known)
    fitted = reference.fit(features(known), np.log1p(known["quantity"].to_numpy(np.float32)))
    return lambda: reference.predict(fitted, features(test))


MODELS = {
    "network": network,
    "lightgbm": lightgbm,
    "elastic net": elastic_net,
    "naive": naive,
    "reference": published,
}


def show(parts: Parts, found: dict[str, Figures], *, as_json: bool) -> None:
    sizes = {"train": len(parts.train), "validation": len(parts.val), "test": len(parts.test)}
    ratio = (
        round(found["network"].mse_log / found["lightgbm"].mse_log, 4)
        if {"network", "lightgbm"} <= found.keys()
        else None
    )
    if as_json:
        models = {name: asdict(each) for name, each in found.items()}
        print(json.dumps({"lines": sizes, "models": models, "network_over_lightgbm": ratio}, indent=2))
        return
    print(", ".join(f"{name} {count:,}" for name, count in sizes.items()))
    print(f"{'':<12}{'MSE(log)':>9}{'RMSLE':>8}{'MAE':>7}{'fit s':>9}{'(cpu)':>9}{'predict s':>11}")
    for name, each in found.items():
        errors = f"{each.mse_log:>9.4f}{each.rmsle:>8.4f}{each.mae:>7.2f}"
        times = f"{each.fit_seconds:>9.1f}{each.fit_processor_seconds:>9.1f}{each.predict_seconds:>11.2f}"
        print(f"{name:<12}{errors}{times}")
    print(f"network / lightgbm: {ratio}")


def _rounded(fitted: float, cost: float, took: float) -> dict[str, float]:
    return {
        "fit_seconds": round(fitted, 1),
        "fit_processor_seconds": round(cost, 1),
        "predict_seconds": round(took, 3),
    }


if __name__ == "__main__":
    main()
