"""Having an engine compute: into a table of its own, into a file, or into plain values.

Raw files are read by DuckDB. From there on the same expressions run where the lines are: in DuckDB, or, once ``moved``,
on Spark, as far as it reaches.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import ibis
from ibis.expr.types import Table
from ibis.util import gen_name

from pricetrail.errors import UsageError

if TYPE_CHECKING:
    from ibis.backends.duckdb import Backend
    from ibis.backends.pyspark import Backend as Spark

Name = Literal["duckdb", "pyspark"]

MEMORY = 4 * 2**30
ROW_GROUP = 122_880
SPARK = {
    "spark.driver.memory": "2g",
    "spark.sql.shuffle.partitions": "4",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.sql.session.timeZone": "UTC",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
}


def connect() -> Backend:
    """A DuckDB of one's own. What does not fit in its share of the memory goes to disk for a while."""
    have = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return ibis.duckdb.connect(
        temp_directory=tempfile.gettempdir(),
        memory_limit=f"{min(MEMORY, have // 2)}B",
        preserve_insertion_order=False,
    )


def moved(table: Table, to: Name, scratch: Path) -> Table:
    """The table on another engine, by way of a file in the folder ``scratch``; as it is where it is there already.

    Raises:
        UsageError: the engine is not installed.
    """
    if to == "duckdb":
        return table
    path = scratch / f"{gen_name('moved')}.parquet"
    table.to_parquet(path)
    return _spark().read_parquet(path)


def keep(table: Table, name: str) -> Table:
    """Compute a table once, into a temporary table of its own engine."""
    engine = table.get_backend()
    if engine.name != "pyspark":
        return engine.create_table(gen_name(name), table, temp=True)
    found = engine.raw_sql(engine.compile(table)).localCheckpoint()
    found.createOrReplaceTempView(kept := gen_name(name))
    return engine.table(kept)


def drop(kept: Table) -> None:
    """Give back the room of a table that was kept and is needed no more."""
    engine = kept.get_backend()
    if engine.name == "pyspark":
        engine.raw_sql(f"DROP VIEW {kept.get_name()}")
    else:
        engine.raw_sql(f"DROP TABLE {kept.get_name()}")


def write(table: Table, path: Path, order: Sequence[str]) -> None:
    """Write a table to one Parquet file, sorted: the same rows give the same bytes."""
    if table.get_backend().name == "pyspark":
        with tempfile.TemporaryDirectory(prefix="pricetrail-") as scratch:
            table.to_parquet_dir(f"{scratch}/parts")
            write(connect().read_parquet(f"{scratch}/parts/*.parquet"), path, order)
        return
    options = {"compression": "zstd", "compression_level": 1, "row_group_size": ROW_GROUP}
    table.order_by(order).to_parquet(path, **options)


def rows(table: Table) -> list[dict[str, Any]]:
    """The rows of a small result as plain values, without the half second that importing pandas takes."""
    engine = table.get_backend()
    found = engine.raw_sql(engine.compile(table))
    values = found.collect() if engine.name == "pyspark" else found.fetchall()
    return [dict(zip(table.columns, row, strict=True)) for row in values]


def _spark() -> Spark:
    """The session that there is, or one as Spark's own configuration says; what that leaves open suits one machine."""
    try:
        from pyspark import SparkConf
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise UsageError(
            "The engine pyspark is not installed: pip install 'pricetrail[spark]' (it also needs Java 17), or set "
            "etl_pipeline.engine to duckdb in params.yaml."
        ) from error
    settings = SparkConf().setAppName("pricetrail")
    for name, value in SPARK.items():
        settings.setIfMissing(name, value)
    return ibis.pyspark.connect(SparkSession.builder.config(conf=settings).getOrCreate())
