"""Which raw files a suspicion is about, of all that the shop's runs ever read.

The bytes of a file that has changed since are taken from DVC's cache. A file whose bytes are nowhere, or that cannot
be read, is not cleared: it is named.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from pricetrail.errors import DataError, UsageError, translating
from pricetrail.lineage import recall
from pricetrail.lineage.canonical import file_digest
from pricetrail.lineage.ledger import Ledger
from pricetrail.params import Source
from pricetrail.shop import cache, settings
from pricetrail.transactions import expression, formats, source
from pricetrail.transactions.formats import Desk

SHORTEST = 8


@dataclass(frozen=True, slots=True)
class Suspects:
    """The SHA-256 of each file under suspicion, and the paths of those that could not be looked into."""

    digests: frozenset[str]
    unread: tuple[str, ...]


def named(root: Path, ledger: Ledger, given: str) -> Suspects:
    """The files meant by a path, in the shop or elsewhere, or by the beginning of a SHA-256.

    A path in the shop means every version of that file that a run has read.

    Raises:
        UsageError: no run read such a file.
    """
    path = Path(given)
    there = path if path.is_file() else root / path
    digest = file_digest(there) if there.is_file() else given.lower()
    inside = path.resolve().relative_to(root.resolve()).as_posix() if _inside(path, root) else path.as_posix()
    found = {
        each["sha256"]
        for each in _sources(ledger).values()
        if each["path"] == inside or (len(digest) >= SHORTEST and each["sha256"].startswith(digest))
    }
    if not found:
        raise UsageError(
            f"No run read a file {given}. Give its path in the shop, a copy of it, or at least {SHORTEST} digits of its"
            " SHA-256."
        )
    return Suspects(frozenset(found), ())


def with_rows(root: Path, ledger: Ledger, condition: str) -> Suspects:
    """The files with rows that meet an SQL condition over the standard columns.

    Raises:
        UsageError: it is no condition, or names a column that there is not.
    """
    return _searched(root, ledger, lambda path, wanted: _meets(path, wanted, condition))


def with_column(root: Path, ledger: Ledger, column: str) -> Suspects:
    """The files that have a column, by its own heading or by the standard column that is read from it."""
    return _searched(root, ledger, lambda path, wanted: _has(path, wanted, column))


def _searched(root: Path, ledger: Ledger, suspect: Callable[[Path, Source], bool]) -> Suspects:
    wanted, found, unread = settings.read(root).source, set[str](), list[str]()
    for digest, each in _sources(ledger).items():
        path = cache.held(root, each)
        try:
            if path is None:
                unread.append(
                    f"{each['path']} ({digest[:12]}…): its bytes are not here. Get them with 'dvc pull'."
                )
            elif suspect(path, wanted):
                found.add(digest)
        except DataError as error:
            unread.append(f"{each['path']} ({digest[:12]}…): {error}")
    return Suspects(frozenset(found), tuple(unread))


def _meets(path: Path, wanted: Source, condition: str) -> bool:
    lines = source.read([path], wanted)
    parsed = expression.parse(condition, lines.columns)
    if parsed is None:
        raise UsageError(
            f"The condition {condition!r} cannot be used. Expected one over the columns {', '.join(lines.columns)},"
            " such as \"invoicedate >= '2011-11-01' AND country = 'France'\"."
        )
    with translating({duckdb.Error: UsageError}, f"The condition {condition!r} cannot be used"):
        connection = lines.get_backend().con
        found = connection.execute(f"SELECT 1 FROM order_lines WHERE {parsed.sql({})} LIMIT 1").fetchone()
    return found is not None


def _has(path: Path, wanted: Source, column: str) -> bool:
    standard = [heading for name, heading in wanted.columns.items() if name == column.lower()]
    spelled = {each.lower() for each in (column, *standard)}
    with tempfile.TemporaryDirectory(prefix="pricetrail-") as scratch, duckdb.connect() as connection:
        desk = Desk(connection, Path(scratch), "raw", wanted.encoding, headings_only=True)
        return any(name.lower() in spelled for sheet in formats.sheets(path, desk) for name in sheet.names)


def _sources(ledger: Ledger) -> dict[str, Mapping[str, Any]]:
    """Every raw file that a run read, by its SHA-256."""
    return {each["sha256"]: each for _, run in recall.runs(ledger) for each in recall.sources(run)}


def _inside(path: Path, root: Path) -> bool:
    return path.exists() and path.resolve().is_relative_to(root.resolve())
