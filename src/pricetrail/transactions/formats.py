"""Raw files as tables of a DuckDB connection: told apart by what they hold, never by their name.

CSV and workbooks become tables of text; Parquet is read in place, lazily, with its own types.
"""

from __future__ import annotations

import csv
import gzip
import re
import shutil
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import Any

import duckdb
from python_calamine import CalamineError, CalamineWorkbook

from pricetrail.errors import SourceUnreadable, translating
from pricetrail.transactions import encoding

EXPECTED = "Expected CSV, XLSX or Parquet, or one of them zipped."
OVERFLOW = "more fields than headings"
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
SAMPLE = 1 << 18
FIRST = 100
"""Rows that tell where the headings are, and which columns are empty."""
CHUNK = 50_000
LONGEST_FIELD = 50
"""Lines that one quoted field may hold."""
BROKEN: dict[type[Exception], type[SourceUnreadable]] = dict.fromkeys(
    (duckdb.Error, CalamineError, zipfile.BadZipFile, zlib.error, EOFError, OSError, csv.Error),
    SourceUnreadable,
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table of a raw file.

    ``relation`` is what SQL can select from, ``row`` the SQL of a row's position in it. The columns of a text
    sheet are all text; where ``delimiter`` is given there is a last one, ``OVERFLOW``, that is null unless a
    row has more fields than there are headings. ``blank`` are those in which the first rows hold nothing.
    """

    label: str
    relation: str
    row: str
    names: tuple[str, ...]
    note: str = ""
    delimiter: str | None = None
    blank: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Desk:
    """Where raw files are opened: a connection, a folder for drafts, and a name that no other table has.

    With ``headings_only`` the rows of text and workbooks are not loaded.
    """

    connection: duckdb.DuckDBPyConnection
    scratch: Path
    prefix: str
    encoding: str | None = None
    headings_only: bool = False


def sheets(path: Path, desk: Desk) -> list[Sheet]:
    """Open a raw file; a workbook may hold several sheets, any other file is one.

    Raises:
        SourceUnreadable: the file is missing, empty, damaged, or not a table.
    """
    if not path.is_file():
        raise SourceUnreadable(f"There is no file {path}. Check the spelling, or give the full path.")
    with translating(BROKEN, f"{path.name} cannot be read; it may be damaged or cut short. {EXPECTED}"):
        return _open(path, path.name, desk)


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def _open(path: Path, label: str, desk: Desk) -> list[Sheet]:
    with path.open("rb") as stream:
        head = stream.read(8)
    if not head:
        raise SourceUnreadable(f"{label} is empty. {EXPECTED}")
    if head.startswith(b"PAR1"):
        return [_parquet(path, label, desk)]
    if head.startswith(b"\x1f\x8b"):
        return _open(_unpacked(gzip.open(path), desk), label, desk)
    if head.startswith(b"PK\x03\x04"):
        return _zipped(path, label, desk)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return _workbook(path, label, desk)
    return [_text(path, label, desk)]


def _parquet(path: Path, label: str, desk: Desk) -> Sheet:
    relation, row = f"read_parquet({literal(_exact(path))}, file_row_number=true)", "file_row_number"
    described = desk.connection.execute(f"DESCRIBE SELECT * EXCLUDE (file_row_number) FROM {relation}")
    names = tuple(name for name, *_ in described.fetchall())
    filled = ", ".join(f"count({quoted(name)})" for name in names)
    first = f"(SELECT * FROM {relation} LIMIT {FIRST})"
    counts = desk.connection.execute(f"SELECT {filled} FROM {first}").fetchall()[0]
    if path.parent == desk.scratch:  # What was unpacked does not outlive the reading.
        desk.connection.execute(f"CREATE TABLE {quoted(desk.prefix)} AS SELECT * FROM {relation}")
        relation = quoted(desk.prefix)
    blank = frozenset(name for name, count in zip(names, counts, strict=True) if not count)
    return Sheet(label, relation, row, names, blank=blank)


def _zipped(path: Path, label: str, desk: Desk) -> list[Sheet]:
    with zipfile.ZipFile(path) as archive:
        members = [
            name for name in archive.namelist() if not name.endswith("/") and not name.startswith("__MACOSX/")
        ]
        if "xl/workbook.xml" in members or "content.xml" in members or "xl/workbook.bin" in members:
            return _workbook(path, label, desk)
        if len(members) != 1:
            raise SourceUnreadable(
                f"{label} holds {len(members)} files: {_some(members)}. Expected one; unpack it and name "
                "those that hold order lines."
            )
        return _open(_unpacked(archive.open(members[0]), desk), label, desk)


def _unpacked(stream: Any, desk: Desk) -> Path:
    target = desk.scratch / f"{desk.prefix}.unpacked"
    with stream, target.open("wb") as out:
        shutil.copyfileobj(stream, out, SAMPLE)
    return target


def _text(path: Path, label: str, desk: Desk) -> Sheet:
    with path.open("rb") as stream:
        code = desk.encoding or encoding.detect(stream, label)
        stream.seek(0)
        sample = stream.read(SAMPLE).decode(code, errors="ignore")
        old_newlines = "\r" in sample and "\n" not in sample
        if old_newlines or not code.startswith("utf-8"):
            path = _transcoded(path, code, label, desk)
    sample = sample.replace("\r", "\n") if old_newlines else sample
    skip, delimiter, (headings, *first) = _heading(sample, label)
    if not desk.headings_only:
        _load(path, [*headings, OVERFLOW], desk, skip=skip, delimiter=delimiter)
        _check_quotes([*headings, OVERFLOW], label, desk)
    named = tuple(name for name in headings if not _anonymous(name))
    note = f"{DELIMITERS[delimiter]}-separated, {code}"
    return Sheet(label, quoted(desk.prefix), "rowid", named, note, delimiter, _blank(headings, first))


def _load(path: Path, columns: Sequence[str], desk: Desk, *, skip: int, delimiter: str) -> None:
    shape = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in columns)
    desk.connection.execute(
        f"CREATE TABLE {quoted(desk.prefix)} AS SELECT * FROM read_csv({literal(_exact(path))}, "
        f"delim={literal(delimiter)}, quote='\"', escape='\"', header=true, skip={skip}, columns={{{shape}}}, "
        "auto_detect=false, parallel=false, null_padding=true, strict_mode=false) "
        f"WHERE coalesce({', '.join(map(quoted, columns))}) IS NOT NULL"
    )


def _check_quotes(columns: Sequence[str], label: str, desk: Desk) -> None:
    """A quotation mark that is opened and not closed makes one field of all the lines after it."""
    breaks = (
        f"CASE WHEN contains({name}, chr(10)) THEN length({name}) - length(replace({name}, chr(10), '')) END"
        for name in map(quoted, columns)
    )
    (row,) = desk.connection.execute(
        f"SELECT min(rowid) + 2 FROM {quoted(desk.prefix)} "
        f"WHERE greatest({', '.join(breaks)}) > {LONGEST_FIELD}"
    ).fetchall()
    if row[0] is not None:
        raise SourceUnreadable(
            f"{label} opens a quotation mark about line {row[0]:,} and does not close it: the lines after "
            "it run into one field. Close it, or write it twice where it is part of the text."
        )


def _transcoded(path: Path, code: str, label: str, desk: Desk) -> Path:
    target = desk.scratch / f"{desk.prefix}.utf8"
    try:
        with (
            path.open(encoding=code, newline=None) as old,
            target.open("w", encoding="utf-8", newline="") as new,
        ):
            shutil.copyfileobj(old, new, SAMPLE)
    except UnicodeError as error:
        raise SourceUnreadable(
            f"{label} is not in the encoding {code} throughout ({error}). Save it as 'CSV UTF-8', or name "
            "its encoding as source.encoding in params.yaml (--encoding)."
        ) from error
    return target


def _heading(sample: str, label: str) -> tuple[int, str, list[list[str]]]:
    """How many lines to skip before the headings, what separates fields, and the headings with the first rows."""
    lines = sample.splitlines(keepends=True)
    start = next((at for at, line in enumerate(lines) if line.strip(" \t\r\n,;|\ufeff")), None)
    if start is None:
        raise SourceUnreadable(f"{label} holds nothing but blank lines. {EXPECTED}")
    said = re.fullmatch(r"\ufeff?sep=(.)\s*", lines[start])
    start += said is not None
    body = "".join(lines[start:]).lstrip("\ufeff")
    found = {
        mark: _first_records(body, mark) for mark in ([said[1]] if said else DELIMITERS) if mark in DELIMITERS
    }
    marked = re.match(r"\s*(<|\{|\[\s*\{)", body) is not None
    delimiter = max(found, key=lambda mark: _regularity(found[mark][1]), default=",")
    above, records = found.get(delimiter, (0, [[]]))
    if len(records[0]) < 2 or marked:
        raise SourceUnreadable(
            f"{label} is not a table: its first line, {_short(body)!r}, has no headings separated by comma, "
            f"semicolon, tab or bar. {EXPECTED} Where it is no data, name the others by a pattern: 'folder/*.csv'."
        )
    return start + above, delimiter, [_unique(records[0]), *records[1:]]


def _first_records(body: str, delimiter: str) -> tuple[int, list[list[str]]]:
    """How many lines stand above the headings, and the records from there on."""
    reader = csv.reader(body.splitlines(keepends=True), delimiter=delimiter)
    begin, records = [0], list[list[str]]()
    for record in islice(reader, FIRST):
        begin.append(reader.line_num)
        records.append(record)
    top = _top(records)
    return begin[top], records[top:]


def _top(rows: Sequence[Sequence[str | None]]) -> int:
    """Which of the first rows holds the headings: titles above them fill fewer cells than half of what is usual."""
    filled = [sum(cell is not None and cell.strip() != "" for cell in row) for row in rows]
    usual = sorted(count for count in filled if count)
    middle = usual[len(usual) // 2] if usual else 0
    return next((at for at, count in enumerate(filled) if count > 1 and 2 * count >= middle), 0)


def _blank(headings: Sequence[str], rows: Sequence[Sequence[str | None]]) -> frozenset[str]:
    """The columns in which none of the rows holds anything."""
    filled = {at for row in rows for at, cell in enumerate(row) if cell and cell.strip()}
    return frozenset(heading for at, heading in enumerate(headings) if at not in filled)


def _regularity(records: list[list[str]]) -> tuple[bool, float, int]:
    """Many headings, and rows that have as many fields."""
    width = len(records[0])
    like = sum(len(record) == width for record in records) / len(records)
    return width > 1, like if like > 0.5 else 0, width


def _workbook(path: Path, label: str, desk: Desk) -> list[Sheet]:
    with CalamineWorkbook.from_path(str(path)) as book:
        found = [
            _sheet(label, name, book.get_sheet_by_name(name).iter_rows(), desk) for name in book.sheet_names
        ]
    filled = [sheet for sheet in found if sheet is not None]
    if not filled:
        raise SourceUnreadable(f"{label} holds no sheet with rows below a line of headings.")
    return filled


def _sheet(label: str, name: str, rows: Iterator[list[Any]], desk: Desk) -> Sheet | None:
    import pyarrow as pa

    texts = (tuple(map(_cell, row)) for row in rows)
    first = list(islice(texts, FIRST))
    top = _top(first)
    if not first or sum(cell is not None for cell in first[top]) < 2:
        return None
    headings = first[top]
    kept = [at for at, heading in enumerate(headings) if heading]
    names = _unique([str(headings[at]) for at in kept])
    table = quoted(f"{desk.prefix}: {name}")
    shape = ", ".join(f"{quoted(heading)} VARCHAR" for heading in names)
    desk.connection.execute(f"CREATE TABLE {table} ({shape})")
    below = [[row[at] for at in kept] for row in first[top + 1 :] if any(row)]
    rest = ([row[at] for at in kept] for row in texts if any(row))
    for chunk in _chunks(() if desk.headings_only else chain(below, rest)):
        columns = [pa.array(column, pa.string()) for column in zip(*chunk, strict=True)]
        desk.connection.from_arrow(pa.table(columns, names=names)).insert_into(table)
    return Sheet(f"{label}, sheet '{name}'", table, "rowid", tuple(names), blank=_blank(names, below))


def _cell(value: object) -> str | None:
    """A cell as text that reads back as what the cell held: whole numbers without a point, dates as ISO."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return value.isoformat(" ") if isinstance(value, datetime) else str(value)


def _chunks(rows: Iterable[list[str | None]]) -> Iterator[list[list[str | None]]]:
    waiting = iter(rows)
    while chunk := list(islice(waiting, CHUNK)):
        yield chunk


def _unique(headings: Sequence[str]) -> list[str]:
    """Headings that differ in more than case, with a name for those that are blank."""
    met: list[str] = []
    for at, heading in enumerate(headings, 1):
        name = heading.strip() or f"column {at}"
        met.append(name if name.lower() not in map(str.lower, met) else f"{name}_{at}")
    return met


def _anonymous(name: str) -> bool:
    return re.fullmatch(r"column \d+", name) is not None


def _exact(path: Path) -> str:
    return re.sub(r"([\[*?])", r"[\1]", str(path))


def _short(body: str) -> str:
    line = body.splitlines()[0]
    return line if len(line) <= 60 else line[:57] + "..."


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
