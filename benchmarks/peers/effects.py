"""Elasticities by fixed effects in pyfixest: python -m benchmarks.peers.effects LINES.parquet

Units by product and week against the logarithm of the list price, Poisson, with effects of products and of weeks;
weeks without a sale count as none, at the last price. One slope for all, and one for each product whose price changed.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from typing import Any

import numpy as np
import pandas as pd

warnings.simplefilter("ignore")


def main() -> None:
    counted = panel(pd.read_parquet(sys.argv[1]))
    fits(counted)  # what it compiles, it compiles now
    began, used = time.perf_counter(), time.process_time()
    one, own = fits(counted)
    took = {"clock": time.perf_counter() - began, "processor": time.process_time() - used}
    slope = {"mean": one.coef().iloc[0], "sd": one.se().iloc[0]}
    each = {
        name.rpartition("[")[2].removeprefix("T.").rstrip("]"): {"mean": mean, "sd": own.se()[name]}
        for name, mean in own.coef().items()
    }
    print(json.dumps({**took, "one": slope, "own": each}))


def fits(counted: pd.DataFrame) -> tuple[Any, Any]:
    """One slope for all; a slope for each product whose price changed."""
    import pyfixest

    one = pyfixest.fepois("units ~ log_price | stockcode + week", counted, vcov={"CRV1": "stockcode"})
    moved = counted[counted.groupby("stockcode")["price"].transform("nunique") > 1]
    return one, pyfixest.fepois("units ~ log_price:C(stockcode) | stockcode + week", moved, vcov="hetero")


def panel(lines: pd.DataFrame) -> pd.DataFrame:
    """Product-weeks with units and list price, from a product's first week to the last of all."""
    lines = lines.dropna(subset=["list_price"])
    week = lines["invoicedate"].dt.to_period("W").dt.start_time.rename("week")
    counted = lines.groupby(["stockcode", week]).agg(
        units=("quantity", "sum"), price=("list_price", "median")
    )
    weeks = pd.date_range(week.min(), week.max(), freq="7D", name="week")
    every = pd.MultiIndex.from_product([lines["stockcode"].unique(), weeks], names=["stockcode", "week"])
    filled = counted.reindex(every)
    filled["price"] = filled.groupby("stockcode")["price"].ffill()
    filled = filled.dropna(subset=["price"]).fillna({"units": 0}).reset_index()
    return filled.assign(log_price=np.log(filled["price"]))


if __name__ == "__main__":
    main()
