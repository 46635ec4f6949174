"""From simulated weeks to a file in the columns of Online Retail, week by week."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv, parquet

from pricetrail.transactions.simulator import dirt, orders
from pricetrail.transactions.simulator.customers import COUNTRIES
from pricetrail.transactions.simulator.lines import BACK, NOBODY, OWN, WEEK, Kind, Lines, blank
from pricetrail.transactions.simulator.settings import START
from pricetrail.transactions.simulator.world import World

SCHEMA = pa.schema(
    [
        pa.field("InvoiceNo", pa.string(), nullable=False),
        pa.field("StockCode", pa.string(), nullable=False),
        pa.field("Description", pa.string()),
        pa.field("Quantity", pa.int32(), nullable=False),
        pa.field("InvoiceDate", pa.timestamp("us"), nullable=False),
        pa.field("UnitPrice", pa.float64(), nullable=False),
        pa.field("CustomerID", pa.int32()),
        pa.field("Country", pa.string(), nullable=False),
    ]
)
TO_THE_SECOND = pa.field("InvoiceDate", pa.timestamp("s"), nullable=False)
FIRST_INVOICE, FIRST_CUSTOMER = 500_000, 12_346
GROUP = 1 << 17

Form = Literal["parquet", "csv"]


def weeks(world: World) -> Iterator[Lines]:
    """The raw lines of one week after the other, in order of time, with their invoice numbers."""
    waiting, number, before = blank(0), FIRST_INVOICE, 0
    for week in range(world.settings.weeks):
        sales = orders.sales(world, week)
        lines = np.concatenate([waiting, dirt.spoil(world, week, sales, before)])
        before += len(sales)
        due = lines["minute"] < (week + 1) * WEEK
        waiting = lines[~due]
        raw, number = _numbered(lines[due], number)
        yield raw


def write(world: World, path: Path, form: Form) -> dict[str, int]:
    """Write all raw lines, holding no more than a week of them and one row group at once.

    Returns:
        How many lines there are of each kind of dirt, under the kind's name, and how many in all (``rows``).
    """
    counts = Counter[int]()

    def tables() -> Iterator[pa.Table]:
        for lines in weeks(world):
            counts.update(dict(enumerate(np.bincount(lines["kind"], minlength=len(Kind)).tolist())))
            yield table(world, lines)

    save(tables(), path, form)
    return {"rows": counts.total()} | {kind.name.lower(): counts[kind] for kind in Kind}


def save(tables: Iterable[pa.Table], path: Path, form: Form, *, group: int = GROUP) -> None:
    """Write tables to one file, ``group`` rows at once; how the tables are cut makes no difference to it."""
    schema, opened = SCHEMA, parquet.ParquetWriter
    if form == "csv":
        schema, opened = SCHEMA.set(SCHEMA.get_field_index("InvoiceDate"), TO_THE_SECOND), csv.CSVWriter
    with opened(path, schema) as writer:
        for rows in _regrouped(tables, group):
            writer.write_table(rows.cast(schema), group)


def table(world: World, lines: Lines) -> pa.Table:
    """Raw lines in the columns, types and habits of the public file."""
    kind, customer = lines["kind"], lines["customer"]
    codes = [*world.catalogue.codes, *dirt.FEES]
    # Fees are numbered from the end, below zero, so that they keep their numbers when products are added.
    product = lines["product"] % len(codes)
    descriptions = [*world.catalogue.descriptions, *dirt.FEES.values()]
    prefix = pa.array(np.where(np.isin(kind, BACK), "C", ""))
    wordless = np.isin(kind, (Kind.BLANK, Kind.UNPRICED))
    moments = np.datetime64(START, "m") + lines["minute"].astype("m8[m]")
    columns = [
        pc.binary_join_element_wise(prefix, pc.cast(pa.array(lines["invoice"]), pa.string()), ""),
        pa.array(codes).take(pa.array(product)),
        pa.array(descriptions).take(pa.array(product, mask=wordless)),
        pa.array(lines["quantity"].astype(np.int32)),
        pa.array(moments.astype("M8[us]")),
        pa.array(lines["pence"] / 100),
        pa.array(customer + np.int32(FIRST_CUSTOMER), mask=customer == NOBODY),
        pa.array(list(COUNTRIES)).take(pa.array(lines["country"])),
    ]
    return pa.Table.from_arrays(columns, schema=SCHEMA)


def _numbered(lines: Lines, first: int) -> tuple[Lines, int]:
    """Sort by time and number the invoices from ``first``; the next free number comes with them."""
    own = lines["invoice"] == OWN
    lines["invoice"][own] += np.arange(own.sum())
    ordered = lines[np.lexsort((lines["invoice"], lines["minute"]))]
    numbers = first + np.cumsum(np.diff(ordered["invoice"], prepend=-1) != 0) - 1
    ordered["invoice"] = numbers
    return ordered, int(numbers[-1]) + 1 if len(numbers) else first


def _regrouped(tables: Iterable[pa.Table], size: int) -> Iterator[pa.Table]:
    held = SCHEMA.empty_table()
    for more in tables:
        held = pa.concat_tables([held, more])
        while len(held) >= size:
            yield held.slice(0, size).combine_chunks()
            held = held.slice(size)
    yield held.combine_chunks()
