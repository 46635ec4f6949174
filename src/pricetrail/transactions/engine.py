"""Having an engine compute: into a table of its own, or into plain values."""

from __future__ import annotations

from typing import Any

from ibis.expr.types import Table
from ibis.util import gen_name


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
