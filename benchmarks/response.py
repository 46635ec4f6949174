"""The response to price where others have measured it, and where the future is known.

python -m benchmarks.response [--on orange,stores,real] [--json]

orange: the log-log slopes of orange juice by brand, not featured and featured, beside those published (Taddy,
    Business Data Science, 2019, chapter 2), with 95 % intervals clustered by store.
stores: the same data through the stage, a response for each brand in each store, featured or not told apart.
real: the real order lines through the stage: seconds, slopes by other ways, and changes of price held out.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from benchmarks.part import DATA, REAL
from benchmarks.telling import tell

from pricetrail.demand.response import regression
from pricetrail.params import Params
from pricetrail.stages import etl_pipeline, fit_price_response
from pricetrail.stages.stage import Context
from pricetrail.stages.tables import columns
from pricetrail.transactions.simulator.files import SCHEMA

BRANDS = ("dominicks", "minute.maid", "tropicana")
PUBLISHED = (-2.77, -3.25, -1.99, -3.57, -2.04, -3.50)
# What the published intervals reach to each side.
REACH = 0.15
HEADINGS = {name.lower(): name for name in SCHEMA.names}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--on", default="orange,stores,real")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = dict(measure(asked.on.split(",")))
    tell(found, as_json=asked.json)


def measure(wanted: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    if "orange" in wanted:
        yield "orange", dict(orange())
    if "stores" in wanted:
        yield "stores", dict(stores())
    if "real" in wanted:
        with tempfile.TemporaryDirectory() as folder:
            yield "real", dict(real(Path(folder)))


def orange() -> Iterator[tuple[str, str]]:
    """Ours beside the published, by brand and feature."""
    juice = columns(pq.read_table(DATA / "orange_juice.parquet"))
    brand, feat = np.searchsorted(BRANDS, juice["brand"].astype(str)), juice["feat"]
    cells = [(brand == one) & (feat == shown) for one in range(3) for shown in (0, 1)]
    log = np.log(juice["price"])
    design = np.stack([log * cell for cell in cells], axis=1)
    found = regression.fit(juice["logmove"], design, [2 * brand + feat], [juice["store"]], family="gaussian")
    names = [f"{name}, {shown}" for name in BRANDS for shown in ("not featured", "featured")]
    for name, slope, error, published in zip(names, found.coefficients, found.errors, PUBLISHED, strict=True):
        reach = 1.96 * error
        holds = "holds" if abs(slope - published) < reach else "MISSES"
        yield (
            name,
            f"{slope:.2f} +/- {reach:.2f} {holds} {published:.2f}; width {reach / REACH:.2f} x published",
        )


def stores() -> Iterator[tuple[str, str]]:
    """Brands' responses store by store, as a pool of 249."""
    juice = columns(pq.read_table(DATA / "orange_juice.parquet"))
    week = np.datetime64("1989-09-14", "us") + (juice["week"] * 7).astype("m8[D]")
    brand, blank = juice["brand"].astype(str), np.full(len(week), "")
    read = pa.table(
        {
            **{name: brand for name in ("stockcode", "description")},
            **{name: blank for name in ("invoiceno", "customerid")},
            **{name: juice["price"] for name in ("unitprice", "list_price")},
            "invoicedate": week,
            "quantity": np.exp(juice["logmove"]),
            "is_registered": np.ones(len(week), np.int64),
            "store": juice["store"].astype(str),
            "feat": juice["feat"].astype(float),
        }
    )
    params = Params.model_validate({"source": {"grain": "weekly", "key": "store", "covariates": ["feat"]}})
    spent = time.process_time()
    found = fit_price_response.estimated(read, params).facts
    yield "seconds of the processor", f"{time.process_time() - spent:.1f}"
    pooled = found["pool"]["slope"]
    yield (
        "pool",
        f"{pooled['mean']:.2f} +/- {1.96 * pooled['sd']:.2f}, stores and brands differ by {pooled['between_sd']:.2f}",
    )
    for name in BRANDS:
        mine = [product["slope"]["mean"] for product in found["products"] if product["stockcode"] == name]
        yield (
            name,
            f"{np.mean(mine):.2f} on average, {min(mine):.2f} to {max(mine):.2f} over {len(mine)} stores",
        )


def real(root: Path) -> Iterator[tuple[str, str]]:
    """The stage's own figures."""
    (root / "data/raw").mkdir(parents=True)
    (root / "data/raw/0001.parquet").symlink_to((DATA / REAL).resolve())
    context = Context(
        root, Params.model_validate({"source": {"columns": HEADINGS}}), lambda share, note: None
    )
    etl_pipeline.work(context)
    began, spent = time.perf_counter(), time.process_time()
    fit_price_response.work(context)
    seconds = f"{time.perf_counter() - began:.1f} ({time.process_time() - spent:.1f} of the processor)"
    yield "seconds of the stage, all products", seconds
    figures = json.loads((root / "metrics/price_response.json").read_text(encoding="utf-8"))
    for name in ("products", "identified", "borrowed", "unknown", "changes"):
        yield name, f"{figures[name]:,}"
    for name, way in figures["slopes"].items():
        yield f"slope, {name}", f"{way['slope']:.2f} ({way['low']:.2f} to {way['high']:.2f})"
    for name, held in figures["holdout"].items():
        told = f"{held['cases']:>6,} cases; covered {held['covered']:.1%}"
        if held["ratio"] is not None:
            told += f"; deviance {held['ratio']:.3f} ({held['low']:.3f} to {held['high']:.3f})"
        yield f"held out, {name}", told


if __name__ == "__main__":
    main()
