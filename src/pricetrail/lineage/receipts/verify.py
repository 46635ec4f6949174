"""Checks every receipt against the ledger: each file's digest, each receipt's hash, each Merkle root."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from pricetrail.apply import Map
from pricetrail.errors import LineageError
from pricetrail.lineage import canonical
from pricetrail.lineage.ledger import Ledger
from pricetrail.lineage.receipts import log, merkle, retention, segment
from pricetrail.lineage.receipts.seal import Sealed, sealed
from pricetrail.lineage.store import FolderStore, Store


@dataclass(frozen=True, slots=True)
class Fault:
    """What does not hold in a file of receipts, and the entry that sealed it, if one did."""

    place: str
    fault: str
    entry: int | None = None

    def __str__(self) -> str:
        by = f", sealed by entry {self.entry}" if self.entry else ""
        return f"{self.place}{by}: {self.fault}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was checked, and what does not hold, each fault with its place.

    ``open`` counts receipts in logs, which their checksums keep from accidents but no signature yet from people.
    ``forgotten`` counts segments that the ledger says were deleted by policy.
    """

    receipts: int
    segments: int
    forgotten: int
    open: int
    found: tuple[Fault, ...]

    @property
    def faults(self) -> tuple[str, ...]:
        """What does not hold, in words."""
        return tuple(map(str, self.found))

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        counts = {name: getattr(self, name) for name in ("receipts", "segments", "forgotten", "open")}
        return {**counts, "faults": list(self.faults)}


def verify(ledger: Ledger, *, apply: Map = map) -> Verdict:
    """Check everything that is kept; in a folder whoever ``apply`` asks does some of it at a time.

    Raises:
        LedgerBroken, NotSigned: the ledger itself does not hold.
    """
    return examine(ledger.store, sealed(ledger), retention.forgotten(ledger), apply=apply)


def examine(store: Store, known: Mapping[str, Sealed], gone: Collection[str], *, apply: Map = map) -> Verdict:
    """Check what is kept of the segments ``known`` to be sealed, those ``gone`` by policy excepted."""
    kept = [facts for name, facts in known.items() if name not in gone]
    faults = [fault for found in _each(store, kept, apply) for fault in found]
    faults += [
        Fault(segment.path(name, "json"), "the ledger names no such segment")
        for name in sorted(set(segment.names(store)) - set(known) - set(log.segments(store)))
    ]
    waiting = 0
    for name in sorted(set(log.segments(store)) - set(known)):
        try:
            waiting += len(log.read(store, name))
        except LineageError as error:
            faults.append(Fault(f"{log.FOLDER}{name}", str(error)))
    return Verdict(sum(facts.count for facts in kept), len(kept), len(gone), waiting, tuple(faults))


def check(store: Store, facts: Sealed) -> list[Fault]:
    """What does not hold in a segment; nothing when all does."""
    return list(_faults(store, facts))


def _each(store: Store, kept: list[Sealed], apply: Map) -> Iterator[list[Fault]]:
    yield from (apply if isinstance(store, FolderStore) else map)(partial(check, store), kept)


def _faults(store: Store, facts: Sealed) -> Iterator[Fault]:
    whole = True
    for kind, digest in (("jsonl.gz", facts.file), ("json", facts.summary), ("parquet", facts.table)):
        name = segment.path(facts.segment, kind)
        try:
            if canonical.digest(store.read(name)) == digest:
                continue
            fault = "it is not what was sealed"
        except LineageError as error:
            fault = str(error)
        whole = whole and kind == "parquet"
        yield Fault(name, fault, facts.entry)
    if whole:
        yield from _tree(store, facts)


def _tree(store: Store, facts: Sealed) -> Iterator[Fault]:
    try:
        receipts = segment.receipts(store, segment.read(store, facts.segment, facts.summary))
    except LineageError as error:
        yield Fault(segment.path(facts.segment, "order.gz"), str(error), facts.entry)
        return
    if (
        merkle.root([merkle.leaf(each) for each in receipts]).hex() != facts.root
        or len(receipts) != facts.count
    ):
        fault = f"its receipts do not lead to the root in entry {facts.entry}"
        yield Fault(segment.path(facts.segment, "jsonl.gz"), fault, facts.entry)
