"""Adding raw files to a shop's ``data/raw``, and what is made of periods that several of them cover.

The files stay as they were given, numbered in the order in which they came. Where they overlap, lines
are reconciled when they are read, by one rule over *orders* (an order is an invoice; in weekly data, one
product's row of a week and key):

- an order that a later file holds in the same lines counts once, as the earlier file has it;
- an order that a later file holds in other lines is taken from the later file, as far as its earlier lines
  are dated within the later file's period (from its first date to its last);
- everything else is kept. So are lines without an order or a date: the contract rejects them anyway.

Equal lines within one file are not this module's matter; cleaning counts them once.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

import ibis
from ibis import _
from ibis.expr.types import Table

from pricetrail.errors import SourceUnreadable, translating
from pricetrail.params import Source
from pricetrail.transactions import formats, source
from pricetrail.transactions.engine import keep, rows
from pricetrail.transactions.headings import TRACES

Progress = Callable[[float, str], None]
Grain = Literal["lines", "weekly"]

ORDER: dict[Grain, tuple[str, ...]] = {"lines": ("invoiceno",), "weekly": ("invoiceno", "stockcode")}
LONGEST = 120
NUMBERED = re.compile(r"(\d{4,})-(.+)")


@dataclass(frozen=True, slots=True)
class Report:
    """What new files bring: how many rows; of these, how many lines that were not there (``new``) and how
    many that were (``same``); how many orders they change, and how many earlier lines these replace; and the
    first and last date of the new rows, None when none could be read."""

    rows: int
    new: int
    same: int
    changed_invoices: int
    replaced: int
    period: tuple[datetime, datetime] | None


@dataclass(frozen=True, slots=True)
class Added:
    """What became of the files given: the names under which some were added, the names of those whose bytes
    were there already, what the added ones bring (None if there are none), and how they were understood."""

    names: tuple[str, ...]
    already: tuple[str, ...]
    report: Report | None
    notes: tuple[str, ...]


def files(raw: Path) -> list[Path]:
    """The raw files of a shop, in the order in which they came."""
    return sorted(
        (path for path in raw.iterdir() if path.is_file() and not path.name.startswith(".")), key=_place
    )


def add(raw: Path, given: Sequence[Path], settings: Source, progress: Progress | None = None) -> Added:
    """Add files to a shop's raw folder: those whose bytes it has not, whole or not at all.

    Args:
        raw: the folder ``data/raw``; it must exist.
        given: local files, as ``fetch`` gives them.
        settings: where the standard columns come from.
        progress: called with the share done and a note.

    Raises:
        SourceUnreadable: a file is no table that can be read, or the disk is full. Nothing was added then.
        SchemaMismatch: a file lacks a column. Nothing was added then.
    """
    tell = progress or _silent
    tell(0.0, "comparing with what is there")
    there = files(raw)
    known = {_digest(path): path.name for path in there}
    fresh: dict[str, Path] = {}
    already: list[str] = []
    for path in given:
        digest = _digest(path)
        if digest in known or digest in fresh:
            already.append(path.name)
        else:
            fresh[digest] = path
    if not fresh:
        return Added((), tuple(already), None, ())
    tell(0.2, f"reading {len(fresh):,} new file{'s' if len(fresh) > 1 else ''}")
    report, notes = _compared(there, list(fresh.values()), settings)
    tell(0.8, "adding")
    names = _copied(list(fresh.values()), raw, _next_number(there))
    tell(1.0, "done")
    return Added(names, tuple(already), report, notes)


def compare(existing: Sequence[Path], new: Sequence[Path], settings: Source) -> Report:
    """Say what new files would bring to those that are there. Reads every value of them all."""
    return _compared(existing, new, settings)[0]


def reconcile(lines: Table, grain: Grain = "lines") -> Table:
    """Leave out the lines that a later file repeats or replaces, by the rule above.

    Args:
        lines: what ``source.read`` gives; of a single file it comes back as it is.
        grain: ``source.grain`` of the shop's parameters.
    """
    if rows(lines.agg(files=_.file.nunique()))[0]["files"] < 2:
        return lines
    gathered = keep(lines, "gathered_lines")
    return gathered.anti_join(_fates(gathered, ORDER[grain]), "line")


def _fates(lines: Table, order: tuple[str, ...]) -> Table:
    """The lines that do not count: ``line``, and in ``by`` the file that replaces it, or null: repeated."""
    several = lines.group_by(order).agg(files=_.file.nunique()).filter(_.files > 1)
    content = ibis.struct({name: lines[name] for name in lines.columns if name not in TRACES}).hash() % 2**40
    hashed = lines.filter(*(lines[name].notnull() for name in order)).mutate(content=content)
    slim = hashed.select("line", "file", "invoicedate", "content", *order)
    shared = keep(slim.semi_join(several, order), "shared_lines")
    versions = shared.group_by(*order, "file").agg(size=_.count(), total=_.content.sum(), place=_.line.min())
    before = {"group_by": order, "order_by": "place"}
    same = (_.size == _.size.lag(1).over(**before)) & (_.total == _.total.lag(1).over(**before))
    chained = keep(versions.mutate(same=same.fill_null(False)), "versions")
    periods = lines.group_by("file").agg(first=_.invoicedate.min(), last=_.invoicedate.max())
    later = chained.filter(~_.same).join(periods, "file").rename({f"later_{name}": name for name in order})
    old = shared.inner_join(chained.filter(~_.same), [*order, "file"]).select(
        "line", "invoicedate", "place", *order
    )
    met = [old[name] == later[f"later_{name}"] for name in order]
    covered = old.inner_join(
        later, [*met, old.place < later.place, old.invoicedate.between(later["first"], later["last"])]
    )
    replaced = covered.group_by("line").agg(by=_.file.min())
    repeated = shared.semi_join(chained.filter(_.same), [*order, "file"])
    return keep(repeated.select("line", by=ibis.null("string")).union(replaced), "fates")


def _compared(
    existing: Sequence[Path], new: Sequence[Path], settings: Source
) -> tuple[Report, tuple[str, ...]]:
    read = source.examine([*existing, *new], settings)
    with translating(formats.BROKEN, "A raw file cannot be read to its end; it may be damaged or cut short."):
        lines = keep(read.lines, "gathered_lines")
    start = sum(read.rows[: len(existing)])
    return _report(lines, start, ORDER[settings.grain]), read.notes


def _report(lines: Table, start: int, order: tuple[str, ...]) -> Report:
    """Compare the lines from position ``start`` on with those before."""
    content = [name for name in lines.columns if name not in TRACES]
    new, old = lines.filter(_.line >= start), lines.filter(_.line < start)
    met = [new[name].identical_to(old[name]) for name in content]
    facts = new.agg(rows=_.count(), first=_.invoicedate.min(), last=_.invoicedate.max())
    found = facts.to_pyarrow().to_pylist()[0]
    fresh = int(new.anti_join(old, met).count().execute())
    origin = lines.group_by("file").agg(place=_.line.min()).filter(_.place >= start).rename(by="file")
    gone = old.inner_join(_fates(lines, order).semi_join(origin, "by"), "line")
    changed = gone.agg(replaced=_.count(), orders=ibis.struct({name: _[name] for name in order}).nunique())
    counts = changed.to_pyarrow().to_pylist()[0]
    return Report(
        rows=found["rows"],
        new=fresh,
        same=found["rows"] - fresh,
        changed_invoices=counts["orders"],
        replaced=counts["replaced"],
        period=(found["first"], found["last"]) if found["first"] is not None else None,
    )


def _copied(given: Sequence[Path], raw: Path, number: int) -> tuple[str, ...]:
    """Copy files beside the folder first: a name appears in it only with all of its bytes."""
    names = [f"{number + at:04}-{_clean(path.name)}" for at, path in enumerate(given)]
    drafts = [raw.parent / f".{name}.draft" for name in names]
    done: list[Path] = []
    try:
        with translating(
            {OSError: SourceUnreadable}, f"The files could not be copied to {raw}; nothing was added."
        ):
            for path, draft in zip(given, drafts, strict=True):
                shutil.copyfile(path, draft)
            for name, draft in zip(names, drafts, strict=True):
                os.replace(draft, raw / name)
                done.append(raw / name)
    except BaseException:
        for path in done:
            path.unlink(missing_ok=True)
        raise
    finally:
        for draft in drafts:
            draft.unlink(missing_ok=True)
    return tuple(names)


def _next_number(there: Sequence[Path]) -> int:
    return 1 + max((_place(path)[0] for path in there if NUMBERED.fullmatch(path.name)), default=0)


def _place(path: Path) -> tuple[int, str]:
    """Numbered files by their number, and after them what somebody put there by hand."""
    numbered = NUMBERED.fullmatch(path.name)
    return (int(numbered[1]), path.name) if numbered else (10**9, path.name)


def _clean(name: str) -> str:
    return re.sub(r"[^\w .+()-]", "_", name).strip(" .")[-LONGEST:] or "data"


def _digest(path: Path) -> str:
    if not path.is_file():
        raise SourceUnreadable(f"There is no file {path}. Check the spelling, or give the full path.")
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _silent(share: float, note: str) -> None:
    pass
