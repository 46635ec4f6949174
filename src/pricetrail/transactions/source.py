"""Raw files as order lines in the standard columns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import ibis
from ibis.expr.types import Table

from pricetrail.params import Source


def read(files: Sequence[Path], source: Source) -> Table:
    """The order lines of all files, in order, in the standard columns."""
    con = ibis.duckdb.connect()
    parts = [con.read_parquet(str(path)).mutate(file=ibis.literal(path.name)) for path in files]
    raw = ibis.union(*parts) if len(parts) > 1 else parts[0]
    names = source.columns
    return raw.select(
        "file",
        invoiceno=raw[names["invoiceno"]].cast("string"),
        stockcode=raw[names["stockcode"]].cast("string"),
        description=raw[names["description"]].cast("string"),
        quantity=raw[names["quantity"]].cast("float64"),
        invoicedate=raw[names["invoicedate"]].cast("timestamp"),
        unitprice=raw[names["unitprice"]].cast("float64"),
        customerid=raw[names["customerid"]].cast("string"),
        country=raw[names["country"]].cast("string"),
    ).mutate(line=ibis.row_number())
