"""Proves that one receipt is under a root that the ledger signed, without the others."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from pricetrail.errors import DigestMismatch, UsageError
from pricetrail.lineage.ledger import Ledger
from pricetrail.lineage.receipts import merkle, segment
from pricetrail.lineage.receipts.find import Found
from pricetrail.lineage.receipts.seal import sealed


@dataclass(frozen=True, slots=True)
class Proof:
    """A receipt's place among ``size``, the hashes beside its way up, and the root in an entry of the ledger."""

    index: int
    size: int
    path: tuple[str, ...]
    root: str
    entry: int

    def holds(self, content: bytes) -> bool:
        """Whether the canonical bytes of a receipt lead to the root."""
        path = [bytes.fromhex(each) for each in self.path]
        found = merkle.rebuilt(merkle.leaf(content), self.index, self.size, path)
        return found is not None and found.hex() == self.root

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def prove(ledger: Ledger, found: Found) -> Proof:
    """The proof of a receipt that was found.

    Raises:
        UsageError: its segment is not sealed yet.
        DigestMismatch: the segment does not lead to its root any more.
    """
    facts = sealed(ledger).get(found.number.segment)
    if facts is None:
        raise UsageError(
            f"The receipt {found.number} is not sealed yet. Seal it with 'pricetrail receipts --seal'."
        )
    summary = segment.read(ledger.store, facts.segment, facts.summary)
    leaves = [merkle.leaf(each) for each in segment.receipts(ledger.store, summary)]
    path = tuple(each.hex() for each in merkle.proof(leaves, found.number.index))
    proof = Proof(found.number.index, len(leaves), path, facts.root, facts.entry)
    if not proof.holds(found.content):
        raise DigestMismatch(
            f"The receipts of the segment {facts.segment} do not lead to the root in entry {facts.entry}."
        )
    return proof


def shown(ledger: Ledger, found: Found) -> dict[str, Any]:
    """A receipt as plain data, with the proof of its place; null while it is not sealed."""
    try:
        proof = prove(ledger, found).to_dict()
    except UsageError:
        proof = None
    return {
        "number": str(found.number),
        "digest": found.digest,
        "receipt": {**asdict(found.receipt), "at": found.receipt.at.isoformat()},
        "proof": proof,
    }
