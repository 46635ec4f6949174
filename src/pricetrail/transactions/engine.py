"""Having an engine compute: into a table of its own, into a file, or into plain values.

Raw files are read by DuckDB. From there on the same expressions run where the lines are: in DuckDB, or, once ``moved``,
on Spark, as far as it reaches. To put a statement together takes Python about as long as it takes DuckDB to run one:
``ahead``, the one goes on while the other is at work.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import ibis
import ibis.expr.operations as ops
from ibis.expr.schema import Schema
from ibis.expr.types import Table
from ibis.util import gen_name

from pricetrail.errors import UsageError
from pricetrail.files import writing
from pricetrail.transactions.errands import Errands
from pricetrail.transactions.formats import literal, quoted

if TYPE_CHECKING:
    from ibis.backends.duckdb import Backend
    from ibis.backends.pyspark import Backend as Spark

Name = Literal["duckdb", "pyspark"]
T = TypeVar("T")

MEMORY = 4 * 2**30
PARQUET = (
    "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE 122880, WRITE_BLOOM_FILTER false"
)
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


_ERRANDS: ContextVar[Errands | None] = ContextVar("errands", default=None)


def connect() -> Backend:
    """A DuckDB of one's own. What does not fit in its share of the memory goes to disk for a while."""
    return ibis.duckdb.connect(
        temp_directory=tempfile.gettempdir(),
        memory_limit=f"{min(MEMORY, memory() // 2)}B",
        preserve_insertion_order=False,
    )


def memory() -> int:
    """How many bytes of memory the machine has."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


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


@contextmanager
def ahead(table: Table) -> Iterator[None]:
    """Within, the statements of the table's engine are errands: only who waits for an answer waits for them.

    At the end all have run; what fails is raised there, or by the next answer. Nobody else may use the engine's
    connection meanwhile. Spark is told one by one.
    """
    engine = table.get_backend()
    if engine.name == "pyspark":
        yield
        return
    with Errands(engine.con.interrupt) as errands:
        outside = _ERRANDS.set(errands)
        try:
            yield
        finally:
            _ERRANDS.reset(outside)


def keep(table: Table, name: str) -> Table:
    """Compute a table once, into a temporary table of its own engine."""
    engine, kept = table.get_backend(), gen_name(name)
    if engine.name == "pyspark":
        found = engine.raw_sql(engine.compile(table)).localCheckpoint()
        found.createOrReplaceTempView(kept)
        return engine.table(kept)
    kind = engine.compiler.type_mapper.to_string
    columns = ", ".join(f"{quoted(column)} {kind(dtype)}" for column, dtype in table.schema().items())
    _run(engine, f"CREATE TEMP TABLE {kept} ({columns}); INSERT INTO {kept} {engine.compile(table)}")
    return known(engine, kept, table.schema())


def view(table: Table, name: str) -> Table:
    """A name for an expression, computed anew wherever it is used."""
    engine, seen = table.get_backend(), gen_name(name)
    if engine.name == "pyspark":
        return engine.create_view(seen, table)
    _run(engine, f"CREATE TEMP VIEW {seen} AS {engine.compile(table)}")
    return known(engine, seen, table.schema())


def known(engine: Backend, name: str, schema: Schema) -> Table:
    """A table of DuckDB of which the columns are known: nobody asks for them, and Arrow is not needed to answer."""
    return ops.DatabaseTable(name, schema=schema, source=engine).to_expr()


def drop(kept: Table) -> None:
    """Give back the room of a table that was kept and is needed no more."""
    engine = kept.get_backend()
    if engine.name == "pyspark":
        engine.raw_sql(f"DROP VIEW {kept.get_name()}")
    else:
        _run(engine, f"DROP TABLE {kept.get_name()}")


def write(table: Table, path: Path, order: Sequence[str]) -> None:
    """Write a table to one Parquet file, whole or not at all, sorted: the same rows give the same bytes."""
    engine = table.get_backend()
    if engine.name == "pyspark":
        with tempfile.TemporaryDirectory(prefix="pricetrail-") as scratch:
            table.to_parquet_dir(f"{scratch}/parts")
            write(connect().read_parquet(f"{scratch}/parts/*.parquet"), path, order)
        return
    query = engine.compile(table.order_by(order))

    def copy() -> None:
        with writing(path) as draft:
            engine.con.execute(f"COPY ({query}) TO {literal(str(draft))} ({PARQUET})")

    _soon(copy)


def rows(table: Table) -> list[dict[str, Any]]:
    """The rows of a small result as plain values, without the half second that importing pandas takes."""
    return ask(table).result()


def ask(table: Table) -> Future[list[dict[str, Any]]]:
    """The same, for later: more can be asked for before the first answer is waited for."""
    engine, names = table.get_backend(), table.columns
    query = engine.compile(table)

    def answer() -> list[dict[str, Any]]:
        found = engine.raw_sql(query)
        values = found.collect() if engine.name == "pyspark" else found.fetchall()
        return [dict(zip(names, row, strict=True)) for row in values]

    return _soon(answer)


def _run(engine: Backend, statements: str) -> None:
    _soon(lambda: engine.con.execute(statements))


def _soon(work: Callable[[], T]) -> Future[T]:
    errands = _ERRANDS.get()
    if errands is not None:
        return errands.add(work)
    done: Future[T] = Future()
    done.set_result(work())
    return done


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
