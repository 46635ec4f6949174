"""A table of a SQL database, written down as a Parquet file."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path

import duckdb
import ibis
import pyarrow as pa
from ibis.backends import BaseBackend
from ibis.common.exceptions import TableNotFound
from ibis.expr.types import Table

from pricetrail.errors import PricetrailError, SourceUnreadable
from pricetrail.transactions.formats import literal

FILES = {"duckdb", "sqlite"}
SPELLING = (
    "Expected SCHEME://...::TABLE, such as sqlite://orders.db::lines or postgres://me@host/shop::lines."
)


def snapshot(place: str, into: Path) -> Path:
    """Write the rows of a table, sorted by all columns, to ``TABLE.parquet`` in the folder ``into``.

    The same rows give the same bytes, in whatever order the database hands them out.

    Args:
        place: an Ibis connection URL, ``::``, and the table's name, with its schema where there are several.
        into: an existing folder.

    Raises:
        SourceUnreadable: there is no such database or table, its driver is not installed, or it refuses.
    """
    url, _, name = place.rpartition("::")
    if "://" not in url or not re.fullmatch(r"[^\s;'\"]+(\.[^\s;'\"]+)*", name):
        raise SourceUnreadable(f"{masked(place)} is not a table of a database. {SPELLING}")
    with _explaining(url):
        backend = _connect(url)
        try:
            return _write(backend, name, into / f"{name}.parquet")
        finally:
            backend.disconnect()


def masked(url: str) -> str:
    """A connection URL without its password and whatever follows a question mark."""
    return re.sub(r"(://[^/@:]*):[^@/]*@", r"\1:***@", url.partition("?")[0])


def _connect(url: str) -> BaseBackend:
    scheme, _, rest = url.partition("://")
    if scheme not in FILES:
        return ibis.connect(url)
    path = next((path for path in (Path(rest), Path(rest.lstrip("/"))) if path.is_file()), None)
    if path is None:
        raise SourceUnreadable(
            f"There is no database {rest}. Expected {scheme}://orders.db::TABLE for a file in the current "
            f"folder, {scheme}:///folder/orders.db::TABLE for one elsewhere."
        )
    backend: BaseBackend = (
        ibis.duckdb.connect(path, read_only=True) if scheme == "duckdb" else ibis.sqlite.connect(path)
    )
    return backend


def _write(backend: BaseBackend, name: str, target: Path) -> Path:
    schema, _, bare = name.rpartition(".")
    try:
        table = backend.table(bare, database=schema or None)
    except TableNotFound as error:
        known = _tables(backend, schema)
        close = get_close_matches(name, known, n=1) or [each for each in known if each.endswith(f".{bare}")]
        hint = (
            f"Did you mean {close[0]!r}?" if close else f"It has: {', '.join(sorted(known)[:20]) or 'none'}."
        )
        raise SourceUnreadable(f"The database has no table {name!r}. {hint}") from error
    draft = target.with_name(f".{target.name}.draft")
    try:
        _copy(_rows(table), draft)
    except pa.ArrowException:  # SQLite lets a column hold what its type forbids: then all of it as text.
        _copy(_rows(table.cast(dict.fromkeys(table.columns, "string"))), draft)
    draft.replace(target)
    return target


def _tables(backend: BaseBackend, schema: str) -> list[str]:
    if backend.name != "duckdb":
        return list(backend.list_tables(database=schema or None))
    known = "SELECT schema_name, table_name FROM duckdb_tables()"
    return [
        table if home == "main" else f"{home}.{table}"
        for home, table in backend.con.execute(known).fetchall()
    ]


def _rows(table: Table) -> pa.Table | pa.RecordBatchReader:
    """In batches, except from DuckDB: ibis 12 asks DuckDB 2 for them by a name that is gone."""
    return table.to_pyarrow() if table.get_backend().name == "duckdb" else table.to_pyarrow_batches()


def _copy(rows: pa.Table | pa.RecordBatchReader, target: Path) -> None:
    with duckdb.connect(config={"threads": 1, "temp_directory": tempfile.gettempdir()}) as own:
        own.register("rows", rows)
        own.execute("CREATE TABLE snapshot AS SELECT * FROM rows")
        place = literal(str(target))
        own.execute(f"COPY (FROM snapshot ORDER BY ALL) TO {place} (FORMAT parquet, COMPRESSION zstd)")


@contextmanager
def _explaining(url: str) -> Iterator[None]:
    """Every driver has errors of its own: say of any of them what it means."""
    try:
        yield
    except PricetrailError:
        raise
    except ImportError as error:
        kind = url.partition("://")[0]
        raise SourceUnreadable(
            f"Reading from {kind} needs a driver that is not installed: pip install 'ibis-framework[{kind}]'"
        ) from error
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0].replace(url, masked(url))
        known = isinstance(error, ValueError) and "connect to" in reason
        advice = SPELLING if known else "Check the address, the user's rights, and that the server is up."
        raise SourceUnreadable(f"The database {masked(url)} cannot be read. {advice} ({reason})") from error
