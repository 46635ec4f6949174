"""Seals segments that nobody writes any more: their Merkle roots go into the ledger, under its signature.

What a killed process left is sealed like the rest, up to its last whole receipt. A crash in the middle of sealing
loses nothing: a log is deleted only after the entry that names its root, and is otherwise sealed the next time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pricetrail.errors import ShopBusy
from pricetrail.lineage import canonical
from pricetrail.lineage.entry import Entry
from pricetrail.lineage.ledger import Ledger
from pricetrail.lineage.receipts import log, segment, table
from pricetrail.lineage.store import Store

KIND = "receipts"


@dataclass(frozen=True, slots=True)
class Sealed:
    """What the ledger says of a segment: its root, the SHA-256 of each of its files, and in which entry."""

    segment: str
    count: int
    root: str
    file: str
    summary: str
    table: str
    entry: int


def sealed(ledger: Ledger) -> dict[str, Sealed]:
    """Every segment that the ledger names, newest first."""
    return named(ledger.topic(KIND))


def named(entries: Iterable[Entry]) -> dict[str, Sealed]:
    """Every segment that entries of this kind name."""
    return {
        each["segment"]: Sealed(**each, entry=entry.number)
        for entry in entries
        for each in entry.body["segments"]
    }


def seal(ledger: Ledger, *, who: str) -> Entry | None:
    """Seal every segment whose writer is done or dead; None when there is none.

    Raises:
        DigestMismatch: a log is damaged; it stays as it is, and nothing is sealed.
        ShopBusy: somebody else sealed the same segments meanwhile.
    """
    store, known = ledger.store, set(sealed(ledger))
    made = [facts for name in _idle(store, known) for facts in _kept(store, name)]
    entry = _record(ledger, made, who) if made else None
    for name in known | {facts["segment"] for facts in made}:
        log.delete(store, name)
    return entry


def _record(ledger: Ledger, made: list[dict[str, Any]], who: str) -> Entry:
    new = {facts["segment"] for facts in made}

    def alone(_: Entry) -> None:
        if new & set(sealed(ledger)):
            raise ShopBusy(
                "Somebody else sealed the same receipts just now. Nothing is lost; there is nothing to do."
            )

    return ledger.append(KIND, {"segments": made}, who=who, check=alone)


def _idle(store: Store, known: set[str]) -> Iterator[str]:
    """The segments that are closed, or are closed by this, and not sealed yet; an empty one is taken away."""
    for name in sorted(set(log.segments(store)) - known):
        with log.closing(store, name) as closed:
            if closed and not log.read(store, name):
                log.delete(store, name)
            elif closed:
                yield name


def _kept(store: Store, name: str) -> Iterator[dict[str, Any]]:
    receipts = log.read(store, name)
    parsed = [json.loads(each) for each in receipts]
    summary = segment.keep(store, name, receipts, parsed)
    rows = table.build(name, receipts, parsed)
    store.replace(segment.path(name, "parquet"), rows)
    yield {
        "segment": name,
        "count": summary.count,
        "root": summary.root,
        "file": summary.file,
        "summary": canonical.digest(summary.to_bytes()),
        "table": canonical.digest(rows),
    }
