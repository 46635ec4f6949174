"""Having an engine compute: into a table of its own, or into plain values."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING, Any

import ibis
from ibis.expr.types import Table
from ibis.util import gen_name

if TYPE_CHECKING:
    from ibis.backends.duckdb import Backend


MEMORY = 4 * 2**30


def connect() -> Backend:
    """A DuckDB of one's own. What does not fit in its share of the memory goes to disk for a while."""
    have = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return ibis.duckdb.connect(
        temp_directory=tempfile.gettempdir(),
        memory_limit=f"{min(MEMORY, have // 2)}B",
        preserve_insertion_order=False,
    )


def keep(table: Table, name: str) -> Table:
    """Compute a table once, into a temporary table of its own engine."""
    return table.get_backend().create_table(gen_name(name), table, temp=True)


def drop(kept: Table) -> None:
    """Give back the room of a table that was kept and is needed no more."""
    kept.get_backend().raw_sql(f"DROP TABLE {kept.get_name()}")


def rows(table: Table) -> list[dict[str, Any]]:
    """The rows of a small result as plain values, without the half second that importing pandas takes."""
    engine = table.get_backend()
    found = engine.raw_sql(engine.compile(table)).fetchall()
    return [dict(zip(table.columns, row, strict=True)) for row in found]
