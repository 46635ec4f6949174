"""Two versions of a table, compared with DuckDB: rows that one has and the other has not, and columns that moved."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from pricetrail.errors import SourceUnreadable, translating

PLACES = ("line", "file")
"""Where a row lies, which is not what it says."""
ROW = ("invoiceno", "stockcode", "invoicedate", "quantity", "unitprice", "customerid", "country")
"""What an order line says for itself; all else is worked out from other lines."""
NAMES = ("invoiceno", "description", "unread")
"""Texts of which hardly two are alike: how they are spread tells nothing."""
TEXT, TIME = ("VARCHAR", "BOOLEAN"), ("TIMESTAMP", "DATE", "TIME")
SMALLEST = 1e-9
"""Shares add up to no more than this of rounding."""
SHARES = """
WITH counted AS (
    SELECT v, sum(a) AS a, sum(b) AS b
    FROM (SELECT {name} AS v, 1 AS a, 0 AS b FROM a UNION ALL SELECT {name}, 0, 1 FROM b)
    WHERE v IS NOT NULL GROUP BY v
), shares AS (SELECT v, a / sum(a) OVER () AS a, b / sum(b) OVER () AS b FROM counted)
"""
TEXTS = f"{SHARES} SELECT sum(abs(a - b)) / 2 FROM shares"
NUMBERS = f"{SHARES} SELECT max(abs(gap)) FROM (SELECT sum(a - b) OVER (ORDER BY v) AS gap FROM shares)"


@dataclass(frozen=True, slots=True)
class Column:
    """A column that is spread otherwise.

    Attributes:
        distance: between 0 and 1. Of numbers and times the largest gap between the shares of rows up to a value
            (Kolmogorov and Smirnov's), of texts half of the summed differences in shares (total variation).
        before, after: the mean of numbers, the latest of times, how many texts there are; None where all are null.
        nulls: the share of rows without a value, before and after.
    """

    name: str
    distance: float
    before: float | str | None
    after: float | str | None
    nulls: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Rows:
    """How two versions of a table differ.

    ``changed`` counts rows that are in both and say something else in another column than those of ``ROW``.
    """

    before: int
    after: int
    added: int
    removed: int
    changed: int
    new_columns: tuple[str, ...]
    lost_columns: tuple[str, ...]
    columns: tuple[Column, ...]


def compare(before: Path, after: Path) -> Rows:
    """Compare two Parquet files; the columns that moved most come first.

    Raises:
        SourceUnreadable: one of them is no Parquet file.
    """
    with (
        translating({duckdb.Error: SourceUnreadable}, "The tables cannot be compared"),
        duckdb.connect() as desk,
    ):
        for name, path in (("a", before), ("b", after)):
            desk.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet({_text(str(path))})")
        old, new = _types(desk, "a"), _types(desk, "b")
        shared = {name: kind for name, kind in old.items() if new.get(name) == kind and name not in PLACES}
        row = [name for name in ROW if name in shared] or list(shared)
        added, removed = _except(desk, "b", "a", row), _except(desk, "a", "b", row)
        moved = (_column(desk, name, kind) for name, kind in shared.items() if name not in NAMES)
        return Rows(
            before=_count(desk, "a"),
            after=_count(desk, "b"),
            added=added,
            removed=removed,
            changed=max(_except(desk, "b", "a", list(shared)) - added, 0),
            new_columns=tuple(name for name in new if name not in old),
            lost_columns=tuple(name for name in old if name not in new),
            columns=tuple(
                sorted((each for each in moved if each), key=lambda each: (-each.distance, each.name))
            ),
        )


def _types(desk: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    return {name: kind for name, kind, *_ in desk.execute(f"DESCRIBE {table}").fetchall()}


def _count(desk: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(_one(desk, f"SELECT count(*) FROM {table}")[0])


def _except(desk: duckdb.DuckDBPyConnection, table: str, other: str, names: list[str]) -> int:
    """How many rows of a table the other has not, each as often as it is there."""
    listed = ", ".join(map(_name, names))
    query = f"SELECT count(*) FROM (SELECT {listed} FROM {table} EXCEPT ALL SELECT {listed} FROM {other})"
    return int(_one(desk, query)[0])


def _column(desk: duckdb.DuckDBPyConnection, name: str, kind: str) -> Column | None:
    """A column, if it is spread otherwise."""
    distance = _one(desk, (TEXTS if kind in TEXT else NUMBERS).format(name=_name(name)))[0]
    told = "count(DISTINCT v)" if kind in TEXT else "max(v)::VARCHAR" if kind.startswith(TIME) else "avg(v)"
    query = f"SELECT {told}, coalesce(avg((v IS NULL)::INT), 0) FROM (SELECT {_name(name)} AS v FROM {{}})"
    (before, gone), (after, missing) = (_one(desk, query.format(table)) for table in ("a", "b"))
    if (distance or 0) < SMALLEST and gone == missing:
        return None
    return Column(name, float(distance or 0), before, after, (gone, missing))


def _one(desk: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    found = desk.execute(query).fetchone()
    return found or ()


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
