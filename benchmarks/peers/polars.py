"""The first stage in Polars: python -m benchmarks.peers.polars rows|moments IN.parquet OUT.parquet

rows: a line's history is every earlier row of its group, by running sums. moments: every row of an earlier moment, by
rolling windows that leave out their right end.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import polars as pl
from benchmarks.peers.histories import HISTORIES, NO_PRODUCT

GOODS = ("customerid", "stockcode", "unitprice", "quantity")
ALL = "10000d"
History = Callable[[str, list[str]], tuple[pl.Expr, pl.Expr]]
DAY = 86_400


def main() -> None:
    way, source, target = sys.argv[1:]
    lines = pl.scan_parquet(source).rename(str.lower)
    features(clean(lines), {"rows": by_rows, "moments": by_moments}[way]).collect().write_parquet(target)


def clean(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Sales of products: no repetitions, no fees, no cancellations nor what they cancel."""
    code = pl.col("stockcode").cast(pl.String).str.to_uppercase()
    lines = lines.unique(maintain_order=True).filter(~code.str.contains(NO_PRODUCT))
    back = pl.col("invoiceno").cast(pl.String).str.starts_with("C") | (pl.col("quantity") <= 0)
    returned = lines.filter(back).with_columns(-pl.col("quantity")).select(GOODS).unique()
    sales = lines.filter(~back & (pl.col("unitprice") > 0))
    return sales.join(returned, on=GOODS, how="anti", nulls_equal=True)


def features(lines: pl.LazyFrame, history: History) -> pl.LazyFrame:
    """Counts and means of each history before a line, prices against earlier ones, and the calendar."""
    lines = lines.sort("invoicedate", "invoiceno", maintain_order=True).with_columns(
        pl.col("customerid").is_not_null().cast(pl.Int8).alias("is_registered"),
        pl.col("quantity").log1p().alias("log"),
        (2 * pl.col("unitprice").log()).floor().alias("band"),
        pl.lit(1).alias("one"),
    )
    told = [each for name, keys in HISTORIES.items() for each in history(name, keys)]
    return lines.with_columns(*told, *prices(), *ages(), *calendar())


def by_rows(name: str, keys: list[str]) -> tuple[pl.Expr, pl.Expr]:
    count = pl.int_range(pl.len()).over(keys)
    mean = (pl.col("log").cum_sum().over(keys) - pl.col("log")) / count
    return named(name, keys, count, mean)


def by_moments(name: str, keys: list[str]) -> tuple[pl.Expr, pl.Expr]:
    how = {"by": "invoicedate", "window_size": ALL, "closed": "left"}
    count = pl.col("one").rolling_sum_by(**how).over(keys)
    mean = pl.col("log").rolling_mean_by(**how).over(keys)
    return named(name, keys, count, mean)


def named(name: str, keys: list[str], count: pl.Expr, mean: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Nobody's lines are no history."""
    known = pl.all_horizontal(pl.col(keys).is_not_null())
    return pl.when(known).then(count).alias(f"{name}_count"), pl.when(known).then(mean).alias(f"{name}_mean")


def prices() -> list[pl.Expr]:
    paid = pl.col("unitprice")
    earlier = {"last": paid.shift(), "most": paid.cum_max(), "least": paid.cum_min()}
    return [(paid / other.over("stockcode")).log().alias(f"vs_{name}") for name, other in earlier.items()]


def ages() -> list[pl.Expr]:
    keys = {"product": ["stockcode"], "customer": ["customerid"], "repeat": ["customerid", "stockcode"]}
    moment = pl.col("invoicedate")
    found = [
        (moment.diff().over(each).dt.total_seconds() / DAY).alias(f"{name}_days")
        for name, each in keys.items()
    ]
    return [*found, pl.col("log").shift().over(keys["repeat"]).alias("repeat_last")]


def calendar() -> list[pl.Expr]:
    moment = pl.col("invoicedate").dt
    return [
        moment.weekday().alias("weekday"),
        moment.day().alias("day_of_month"),
        moment.week().alias("week_of_year"),
        (60 * moment.hour().cast(pl.Int32) + moment.minute()).alias("minute_of_day"),
    ]


if __name__ == "__main__":
    main()
