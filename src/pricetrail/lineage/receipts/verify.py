"""Checks every receipt against the ledger: each file's digest, each receipt's hash, each Merkle root."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

from pricetrail.errors import LineageError
from pricetrail.lineage import canonical
from pricetrail.lineage.ledger import Ledger
from pricetrail.lineage.receipts import log, merkle, retention, segment
from pricetrail.lineage.receipts.seal import Sealed, sealed
from pricetrail.lineage.store import FolderStore, Store


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
    faults: tuple[str, ...]


def verify(ledger: Ledger, *, processes: int = 1) -> Verdict:
    """Check everything that is kept; with several processes, in a folder only, that much faster.

    Raises:
        LedgerBroken, NotSigned: the ledger itself does not hold.
    """
    store, known, gone = ledger.store, sealed(ledger), retention.forgotten(ledger)
    kept = [facts for name, facts in known.items() if name not in gone]
    faults = [fault for found in _each(store, kept, processes) for fault in found]
    strays = sorted(set(segment.names(store)) - set(known) - set(log.segments(store)))
    faults += [f"{segment.path(name, 'json')}: the ledger names no such segment" for name in strays]
    waiting = 0
    for name in sorted(set(log.segments(store)) - set(known)):
        try:
            waiting += len(log.read(store, name))
        except LineageError as error:
            faults.append(str(error))
    return Verdict(sum(facts.count for facts in kept), len(kept), len(gone), waiting, tuple(faults))


def check(store: Store, facts: Sealed) -> list[str]:
    """What does not hold in a segment; nothing when all does."""
    return list(_faults(store, facts))


def _each(store: Store, kept: list[Sealed], processes: int) -> Iterator[list[str]]:
    if processes == 1 or not isinstance(store, FolderStore):
        yield from (check(store, facts) for facts in kept)
        return
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        yield from pool.map(check, [store] * len(kept), kept)


def _faults(store: Store, facts: Sealed) -> Iterator[str]:
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
        yield f"{name}, sealed by entry {facts.entry}: {fault}"
    if whole:
        yield from _tree(store, facts)


def _tree(store: Store, facts: Sealed) -> Iterator[str]:
    try:
        receipts = segment.receipts(store, segment.read(store, facts.segment, facts.summary))
    except LineageError as error:
        yield f"{error} It was sealed by entry {facts.entry}."
        return
    if (
        merkle.root([merkle.leaf(each) for each in receipts]).hex() != facts.root
        or len(receipts) != facts.count
    ):
        yield f"The receipts of the segment {facts.segment} do not lead to the root in entry {facts.entry}."
