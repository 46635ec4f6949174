"""Finds a receipt by its number: the number says in which segment it is, and where."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from pricetrail.errors import ArtifactMissing, DigestMismatch, UnknownId
from pricetrail.lineage.receipts import log, number, receipt, segment
from pricetrail.lineage.receipts.number import Number
from pricetrail.lineage.receipts.receipt import Receipt
from pricetrail.lineage.store import Store


@dataclass(frozen=True, slots=True)
class Found:
    """A receipt, its whole number, its canonical bytes, and whether its segment is sealed."""

    number: Number
    receipt: Receipt
    content: bytes
    sealed: bool

    @property
    def digest(self) -> str:
        """The SHA-256 of the bytes: the receipt's identity."""
        return hashlib.sha256(self.content).hexdigest()


def find(store: Store, text: str) -> Found:
    """The receipt of a number; its first two parts suffice, and so does the beginning of the first.

    Raises:
        UnknownId: it is no number, has a slip in it, or nothing lies in its place.
        AmbiguousId: what was given of it fits more than one segment.
        DigestMismatch: what lies there is damaged, or is not what the number was given out for.
    """
    asked = number.parse(text)
    if asked.mark is None:
        asked = number.resolve(asked, {*log.segments(store), *segment.names(store)})
    content = log.one(store, asked.segment, asked.index)
    sealed = content is None
    content = _sealed(store, asked) if content is None else content
    if not asked.names(hashlib.sha256(content).digest()):
        raise DigestMismatch(
            f"What lies in the place of {asked} is not what that number was given out for: it was changed, or the"
            " number is of another shop."
        )
    return Found(number.of(asked.segment, asked.index, content), receipt.parse(content), content, sealed)


def _sealed(store: Store, asked: Number) -> bytes:
    try:
        summary = segment.read(store, asked.segment)
    except ArtifactMissing:
        raise UnknownId(
            f"There is no receipt {asked}: nothing was written in the segment {asked.segment}."
        ) from None
    try:
        content = segment.one(store, summary, asked.index)
    except ArtifactMissing:
        raise UnknownId(
            f"The receipt {asked} is not kept any more: the segment {asked.segment} was deleted. 'pricetrail receipts'"
            " says whether that was by policy."
        ) from None
    if content is None:
        raise UnknownId(f"There is no receipt {asked}: the segment {asked.segment} holds {summary.count:,}.")
    return content
