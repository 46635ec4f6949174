"""Deletes receipts by policy, whole segments at a time, and says so in the ledger first.

Roots and summaries stay: what was kept still proves that it belongs, and ``recall`` still counts what is gone.
A deletion that a crash cut short is finished by the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pricetrail.lineage.entry import Entry
from pricetrail.lineage.ledger import Ledger
from pricetrail.lineage.receipts import segment
from pricetrail.lineage.receipts.seal import sealed
from pricetrail.lineage.receipts.segment import Summary

KIND = "forgotten"


@dataclass(frozen=True, slots=True)
class Policy:
    """Segments go when all their receipts are from before a time, or when the newest others hold enough."""

    before: datetime | None = None
    newest: int | None = None

    def drops(self, summaries: list[Summary]) -> list[Summary]:
        """Those that go, of summaries with the newest first."""
        held, gone = 0, list[Summary]()
        for each in summaries:
            old = self.before is not None and datetime.fromisoformat(each.last) < self.before
            spare = self.newest is not None and held >= self.newest
            held += each.count
            gone += [each] if old or spare else []
        return gone

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {"before": self.before.isoformat() if self.before else None, "newest": self.newest}


def forgotten(ledger: Ledger) -> Mapping[str, Entry]:
    """The entry that let each deleted segment go, by the segment's name."""
    return named(ledger.topic(KIND))


def named(entries: Iterable[Entry]) -> Mapping[str, Entry]:
    """The segments that entries of this kind let go, each with its entry."""
    return {name: entry for entry in entries for name in entry.body["segments"]}


def forget(ledger: Ledger, policy: Policy, *, who: str, why: str) -> Entry | None:
    """Delete what the policy lets go; None when that is nothing.

    Raises:
        ArtifactMissing, DigestMismatch: a summary is gone or not what was sealed.
    """
    known, gone = sealed(ledger), forgotten(ledger)
    kept = [
        segment.read(ledger.store, name, facts.summary) for name, facts in known.items() if name not in gone
    ]
    dropped = policy.drops(sorted(kept, key=lambda each: datetime.fromisoformat(each.last), reverse=True))
    entry = None
    if dropped:
        body = {
            "segments": sorted(each.segment for each in dropped),
            "receipts": sum(each.count for each in dropped),
            "kept": sum(each.count for each in kept) - sum(each.count for each in dropped),
            "policy": policy.to_dict(),
            "why": why,
        }
        entry = ledger.append(KIND, body, who=who)
    for name in [*gone, *(each.segment for each in dropped)]:
        for kind in ("jsonl.gz", "order.gz", "parquet"):
            ledger.store.delete(segment.path(name, kind))
    return entry
