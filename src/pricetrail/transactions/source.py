"""Raw files as order lines in the standard columns.

Nothing is dropped here: a number or date that cannot be read becomes null, and ``unread`` keeps the text, so
that the contract can reject the line with its reason. Parquet is read lazily, text once.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import duckdb
import ibis
import ibis.expr.datatypes as dt
from ibis.expr.schema import Schema
from ibis.expr.types import Table

from pricetrail.errors import SchemaMismatch, SourceUnreadable, translating
from pricetrail.params import Source
from pricetrail.transactions import dates, formats, mapping, numerals, standard
from pricetrail.transactions.contract import TYPES
from pricetrail.transactions.engine import connect, known
from pricetrail.transactions.formats import Desk
from pricetrail.transactions.headings import TRACES
from pricetrail.transactions.mapping import NONE, Wishes
from pricetrail.transactions.standard import Part


@dataclass(frozen=True, slots=True)
class Reading:
    """Order lines, how many each file has, and what a person should know about how they were read."""

    lines: Table
    rows: tuple[int, ...]
    notes: tuple[str, ...]


def read(files: Sequence[Path], source: Source) -> Table:
    """The order lines of all raw files, in order.

    Columns: ``invoiceno``, ``stockcode`` (str), ``description`` (str or null), ``quantity`` (float64),
    ``invoicedate`` (timestamp, the shop's local time), ``unitprice`` (float64), ``customerid`` (str or null),
    ``country`` (str), ``status`` (str or null) where the source has one, the covariates (float64), the key
    (str), then ``line`` (int64, the position over all files from 0), ``file`` (its name), ``unread`` (str: what
    could not be read as a number or a date and why, null where all could) and ``further`` (int64: differs where
    the file's other columns do). Weekly rows have no invoice: ``invoiceno`` is then the key and the week.

    Raises:
        SourceUnreadable: a file is missing, empty, damaged, no table, or mixes two ways of writing dates.
        SchemaMismatch: a column that the source needs is not in a file.
        UsageError: an expression of the source cannot be used.
    """
    return examine(files, source).lines


def examine(files: Sequence[Path], source: Source) -> Reading:
    """As ``read``, and say how each file was understood."""
    if not files:
        raise SourceUnreadable("There are no raw files to read. Add some with 'pricetrail ingest'.")
    engine = connect()
    parts: list[Part] = []
    notes: list[str] = []
    rows: list[int] = []
    with tempfile.TemporaryDirectory(prefix="pricetrail-") as scratch:
        for at, path in enumerate(files):
            desk = Desk(engine.con, Path(scratch), f"raw {at}", source.encoding)
            found, ignored = _parts(path, source, desk)
            parts += found
            notes += ignored
            rows.append(sum(part.rows for part in found))
    orders = [_order(part, [other for other in parts if other is not part], source) for part in parts]
    offsets = accumulate((part.rows for part in parts), initial=0)
    selects = [
        standard.select(part, source, order, offset=offset)
        for part, order, offset in zip(parts, orders, offsets, strict=False)
    ]
    engine.con.execute(f"CREATE VIEW order_lines AS {' UNION ALL '.join(selects)}")
    notes += [_note(part, order, source) for part, order in zip(parts, orders, strict=True)]
    return Reading(known(engine, "order_lines", _schema(source)), tuple(rows), tuple(notes))


def settle(files: Sequence[Path], wishes: Wishes = NONE) -> Source:
    """Say where each standard column comes from, by the first of the files."""
    return settled(files, wishes)[0]


def settled(files: Sequence[Path], wishes: Wishes = NONE) -> tuple[Source, tuple[str, ...]]:
    """Say where each standard column comes from, by the first of the files, and which columns that has.

    Raises:
        SourceUnreadable: the file is missing, empty, damaged, or no table.
        SchemaMismatch: a column that is needed, or that the user named, is not there.
        UsageError: a wish cannot be understood.
    """
    with tempfile.TemporaryDirectory(prefix="pricetrail-") as scratch, duckdb.connect() as connection:
        desk = Desk(connection, Path(scratch), "raw", wishes.written.encoding, headings_only=True)
        sheets = formats.sheets(files[0], desk)
        refused: list[SchemaMismatch] = []
        for sheet in sheets:
            try:
                return mapping.settle(sheet.names, wishes, label=sheet.label, blank=sheet.blank), sheet.names
            except SchemaMismatch as error:
                refused.append(error)
    raise min(refused, key=lambda error: len(error.missing))


def _schema(source: Source) -> Schema:
    kinds = {**TYPES, "further": dt.int64, **dict.fromkeys(source.covariates, dt.float64)}
    names = (*mapping.columns(source), *TRACES)
    return ibis.schema({name: kinds.get(name, dt.string) for name in names})


def _parts(path: Path, source: Source, desk: Desk) -> tuple[list[Part], list[str]]:
    parts: list[Part] = []
    refused: list[SchemaMismatch] = []
    notes: list[str] = []
    with translating(formats.BROKEN, f"{path.name} cannot be read; it may be damaged or cut short."):
        for sheet in formats.sheets(path, desk):
            try:
                places = mapping.resolve(sheet.names, source, label=sheet.label)
            except SchemaMismatch as error:
                refused.append(error)
                notes.append(f"{sheet.label}: ignored, its columns are not those of order lines")
                continue
            parts.append(standard.prepare(desk.connection, sheet, places, source, file=path.name))
    if not parts:
        raise min(refused, key=lambda error: len(error.missing))
    if not any(part.rows for part in parts):
        raise SourceUnreadable(f"{path.name} has headings but no rows below them.")
    return parts, notes


def _order(part: Part, others: Sequence[Part], source: Source) -> dates.Order:
    if source.dates != "auto" or part.dates is None:
        return "month" if source.dates == "month" else "day"
    return dates.settle(part.sheet.label, part.dates, [p.dates for p in others if p.dates is not None])


def _note(part: Part, order: dates.Order, source: Source) -> str:
    said = [f"{part.rows:,} row{'' if part.rows == 1 else 's'}"]
    if part.sheet.note:
        said.append(part.sheet.note)
    if part.sign == ",":
        said.append("decimal comma")
    if source.decimal == "auto" and not numerals.settled(part.numbers.values()):
        said.append(f"1{part.sign}234 read as less than 2")
        said.append("which no number of the file settles (source.decimal in params.yaml, or --decimal, does)")
    if part.dates is not None and "numeric" in part.dates.shapes:
        said.append(f"dates with the {order} first")
        if part.dates.order() is None:
            said.append("which no date of the file settles (source.dates in params.yaml, or --dates, does)")
    if part.counted:
        counts = "days" if part.step == 1 else "weeks"
        said.append(f"numbers of {counts}, counted from Monday 1970-01-05, as dates")
    return f"{part.sheet.label}: {', '.join(said)}"
