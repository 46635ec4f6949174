"""The first stage in pandas: python -m benchmarks.peers.pandas rows|moments IN.parquet OUT.parquet

rows: a line's history is every earlier row of its group, by running sums. moments: every row of an earlier moment, by
rolling windows that leave out their right end.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
import pandas as pd
from benchmarks.peers.histories import HISTORIES, NO_PRODUCT

ALL = "10000D"
History = Callable[[pd.DataFrame, list[str]], tuple[pd.Series, pd.Series]]


def main() -> None:
    way, source, target = sys.argv[1:]
    lines = clean(pd.read_parquet(source).rename(columns=str.lower))
    features(lines, {"rows": by_rows, "moments": by_moments}[way]).to_parquet(target)


def clean(lines: pd.DataFrame) -> pd.DataFrame:
    """Sales of products: no repetitions, no fees, no cancellations nor what they cancel."""
    lines = lines.drop_duplicates()
    lines = lines[~lines["stockcode"].astype(str).str.upper().str.match(NO_PRODUCT)]
    back = lines["invoiceno"].astype(str).str.startswith("C") | (lines["quantity"] <= 0)
    goods = ["customerid", "stockcode", "unitprice", "quantity"]
    returned = lines[back].assign(quantity=lambda found: -found["quantity"])[goods].drop_duplicates()
    sales = lines[~back & (lines["unitprice"] > 0)].merge(returned, on=goods, how="left", indicator=True)
    return sales[sales["_merge"] == "left_only"].drop(columns="_merge")


def features(lines: pd.DataFrame, history: History) -> pd.DataFrame:
    """Counts and means of each history before a line, prices against earlier ones, and the calendar."""
    lines = lines.sort_values(["invoicedate", "invoiceno"], kind="stable").reset_index(drop=True)
    lines["is_registered"] = lines["customerid"].notna().astype("int8")
    lines["log"] = np.log1p(lines["quantity"])
    lines["band"] = np.floor(2 * np.log(lines["unitprice"]))
    for name, keys in HISTORIES.items():
        lines[f"{name}_count"], lines[f"{name}_mean"] = history(lines, keys)
    product = lines.groupby("stockcode", sort=False)
    lines["vs_last"] = np.log(lines["unitprice"] / product["unitprice"].shift())
    lines["vs_most"] = np.log(lines["unitprice"] / product["unitprice"].cummax())
    lines["vs_least"] = np.log(lines["unitprice"] / product["unitprice"].cummin())
    lines["product_days"] = product["invoicedate"].diff().dt.total_seconds() / 86_400
    lines["customer_days"] = lines.groupby("customerid")["invoicedate"].diff().dt.total_seconds() / 86_400
    repeat = lines.groupby(["customerid", "stockcode"], sort=False)
    lines["repeat_last"] = repeat["log"].shift()
    lines["repeat_days"] = repeat["invoicedate"].diff().dt.total_seconds() / 86_400
    moment = lines["invoicedate"].dt
    lines["weekday"], lines["day_of_month"] = moment.dayofweek, moment.day
    lines["week_of_year"] = moment.isocalendar().week
    lines["minute_of_day"] = 60 * moment.hour + moment.minute
    return lines


def by_rows(lines: pd.DataFrame, keys: list[str]) -> tuple[pd.Series, pd.Series]:
    group = lines.groupby(keys, sort=False)
    count = group.cumcount()
    return count, (group["log"].cumsum() - lines["log"]) / count


def by_moments(lines: pd.DataFrame, keys: list[str]) -> tuple[pd.Series, pd.Series]:
    told = lines.dropna(subset=keys)
    group = told.groupby(keys)
    both = group.rolling(ALL, on="invoicedate", closed="left")["log"].agg(["count", "mean"])
    # Rows come back group by group; in a group they keep their order.
    both.index = told.index[group.ngroup().argsort(kind="stable")]
    return both["count"], both["mean"]


if __name__ == "__main__":
    main()
