"""Which raw files a suspicion is about, of all that the shop's runs ever read.

The bytes of a file that has changed since are taken from DVC's cache. A file whose bytes are nowhere, or that cannot
be read, is not cleared: it is named.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from pricetrail.errors import DataError, LineageError, UsageError, translating
from pricetrail.lineage import ids, recall
from pricetrail.lineage.artifact import Artifact
from pricetrail.lineage.canonical import file_digest
from pricetrail.lineage.ledger import Ledger
from pricetrail.lineage.manifest import Manifest
from pricetrail.lineage.origin import RAW
from pricetrail.params import Source
from pricetrail.shop import production, settings, trails
from pricetrail.transactions import expression, formats, source
from pricetrail.transactions.formats import Desk

COMMIT = re.compile(r"[0-9a-f]{4,40}")


@dataclass(frozen=True, slots=True)
class Suspect:
    """A file under suspicion at one version, and how many of its rows are; None where that was not asked."""

    path: str
    sha256: str
    rows: int | None


@dataclass(frozen=True, slots=True)
class Suspects:
    """The files under suspicion, and in words those that could not be looked into."""

    files: tuple[Suspect, ...]
    unread: tuple[str, ...]

    @property
    def digests(self) -> frozenset[str]:
        """The SHA-256 of each file under suspicion."""
        return frozenset(each.sha256 for each in self.files)


def named(root: Path, ledger: Ledger, given: str) -> Suspects:
    """The files meant by a path, in the shop or elsewhere, or by the beginning of a SHA-256.

    A path in the shop means every version of that file that a run has made or read.

    Raises:
        UsageError: no run made or read such a file.
        AmbiguousId: digits of more than one.
    """
    path, name = trails.meant(root, given)
    known = [(each["path"], each["sha256"]) for run in _runs(ledger) for each in recall.files(run)]
    plain = given.strip().lower()
    if path is None and any(id.startswith(plain) for _, id in known) and ids.PREFIX.fullmatch(plain):
        digest = ids.resolve(plain, [id for _, id in known], "file")
    else:
        digest = file_digest(path) if path else ""
    found = tuple(Suspect(where, id, None) for where, id in known if where == name or id == digest)
    if not found:
        raise UsageError(
            f"No run made or read a file {given[:200]}. Give its path in the shop, a copy of it, or at least"
            f" {ids.SHORTEST} digits of its SHA-256."
        )
    return Suspects(tuple(dict.fromkeys(found)), ())


def with_rows(root: Path, ledger: Ledger, condition: str) -> Suspects:
    """The raw files with rows that meet an SQL condition over the standard columns.

    Raises:
        UsageError: it is no condition, or names a column that there is not.
    """
    return _searched(root, ledger, lambda path, wanted: _meeting(path, wanted, condition))


def with_column(root: Path, ledger: Ledger, column: str) -> Suspects:
    """The raw files that have a column, by its own heading or by the standard column that comes of it.

    Raises:
        UsageError: all could be looked into, and none has it.
    """
    met = set[str]()

    def have(path: Path, wanted: Source) -> int | None:
        names = _headings(path, wanted)
        met.update(names)
        standard = [heading for name, heading in wanted.columns.items() if name == column.lower()]
        within = [name for heading in standard for name in expression.columns(heading)]
        spelled = {each.lower() for each in (column, *standard, *within)}
        return 0 if any(name.lower() in spelled for name in names) else None

    found = _searched(root, ledger, have)
    if not found.files and not found.unread:
        raise UsageError(f"No raw file has a column {column!r}. Their columns are: {', '.join(sorted(met))}.")
    return Suspects(tuple(replace(each, rows=None) for each in found.files), found.unread)


def committed(ledger: Ledger, commit: str) -> str:
    """A commit that runs were made at, as it was given.

    Raises:
        UsageError: it is no commit's name or the beginning of one, or no run was made there.
    """
    name = commit.strip().lower()
    if not COMMIT.fullmatch(name):
        raise UsageError(f"A commit is named by its first 4 to 40 hexadecimal digits; found {commit[:80]!r}.")
    if not any(recall.committed(name)(run) for run in _runs(ledger)):
        raise UsageError(
            f"No run was made at a commit, of the shop or of pricetrail, that begins with {name}."
        )
    return name


def _searched(root: Path, ledger: Ledger, suspect: Callable[[Path, Source], int | None]) -> Suspects:
    """The raw files in which something is found: how many rows, or None where nothing is."""
    wanted, found, unread = settings.read(root).source, list[Suspect](), list[str]()
    raw = {each["sha256"]: each for run in _runs(ledger) for each in run["sources"].get(RAW, ())}
    with tempfile.TemporaryDirectory(prefix="pricetrail-") as scratch:
        for digest, each in raw.items():
            try:
                path = production.at_hand(root, Artifact.from_dict(each), Path(scratch, digest))
                if (rows := suspect(path, wanted)) is not None:
                    found.append(Suspect(each["path"], digest, rows))
            except (DataError, LineageError) as error:
                unread.append(f"{each['path']} ({digest[:12]}…): {error}")
    return Suspects(tuple(found), tuple(unread))


def _meeting(path: Path, wanted: Source, condition: str) -> int | None:
    """How many order lines meet the condition; None for none."""
    lines = source.read([path], wanted)
    try:
        parsed = expression.parse(condition, lines.columns)
    except UsageError as error:
        raise UsageError(str(error).removesuffix(f" {expression.EXAMPLE}")) from None
    if parsed is None:
        raise UsageError(
            f"The condition {condition!r} cannot be used. Expected one over the columns {', '.join(lines.columns)},"
            " such as \"invoicedate >= '2011-11-01' AND country = 'France'\"."
        )
    with translating({duckdb.Error: UsageError}, f"The condition {condition!r} cannot be used"):
        connection = lines.get_backend().con
        found = connection.execute(f"SELECT count(*) FROM order_lines WHERE {parsed.sql({})}").fetchone()
    return found[0] or None if found else None


def _headings(path: Path, wanted: Source) -> list[str]:
    with tempfile.TemporaryDirectory(prefix="pricetrail-") as scratch, duckdb.connect() as connection:
        desk = Desk(connection, Path(scratch), "raw", wanted.encoding, headings_only=True)
        return [name for sheet in formats.sheets(path, desk) for name in sheet.names]


def _runs(ledger: Ledger) -> Iterator[Manifest]:
    return (run for _, run in recall.runs(ledger))
