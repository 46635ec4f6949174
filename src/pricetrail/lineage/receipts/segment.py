"""A sealed segment: its receipts compressed, and a summary that most questions are answered from.

``receipts/sealed/<segment>.jsonl.gz`` holds the canonical bytes, a line each, in gzip members of 256 receipts: any
program that reads gzip reads it, and one receipt is found without the others. The lines are sorted by release and
product, because the same question to the same release has the same answer, and equal lines side by side take next to
no room; ``<segment>.order.gz`` gives each line's place in the segment, a little-endian 32-bit number each.
``<segment>.json`` tells where the members begin, what all hash to, and what each release quoted.
"""

from __future__ import annotations

import gzip
import json
import struct
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import fsum
from typing import Any

from pricetrail.errors import AlreadyThere, DigestMismatch, translating
from pricetrail.lineage import canonical
from pricetrail.lineage.receipts import merkle
from pricetrail.lineage.store import Store

FOLDER = "receipts/sealed/"
TYPE = "pricetrail/segment/v1"
BLOCK = 256
BROKEN = {
    zlib.error: DigestMismatch,
    OSError: DigestMismatch,
    EOFError: DigestMismatch,
    ValueError: DigestMismatch,
}


@dataclass(frozen=True, slots=True)
class Summary:
    """What a segment holds.

    Attributes:
        root: the Merkle root over its receipts, in hexadecimal.
        file, order: the SHA-256 of the file with the receipts, and of the one with their places.
        offsets: where its members begin.
        first, last: the earliest and the latest time in a receipt.
        releases: by release, ``products`` in order, and for each the number of ``receipts`` and the ``revenue``.
    """

    segment: str
    count: int
    root: str
    file: str
    order: str
    offsets: tuple[int, ...]
    first: str
    last: str
    releases: Mapping[str, Mapping[str, Sequence[Any]]]

    def to_bytes(self) -> bytes:
        """The canonical bytes."""
        return canonical.dumps({**asdict(self), "type": TYPE})


def path(segment: str, kind: str) -> str:
    """Where a segment's file of a kind lies: ``jsonl.gz``, ``order.gz``, ``json`` or ``parquet``."""
    return f"{FOLDER}{segment}.{kind}"


def names(store: Store) -> list[str]:
    """The segments of which there is a summary."""
    return [n[len(FOLDER) : -len(".json")] for n in store.names(FOLDER) if n.endswith(".json")]


def keep(
    store: Store, segment: str, receipts: Sequence[bytes], parsed: Sequence[Mapping[str, Any]]
) -> Summary:
    """Write a segment's file and summary; of receipts that were kept before, by whatever zlib, the file stays."""
    order = sorted(range(len(parsed)), key=lambda at: (parsed[at]["release"], parsed[at]["product"], at))
    content = _compressed([receipts[at] for at in order])
    name, places = path(segment, "jsonl.gz"), gzip.compress(struct.pack(f"<{len(order)}I", *order), mtime=0)
    try:
        store.create(name, content)
    except AlreadyThere:
        kept = store.read(name)
        if lines(kept, name) != lines(content, name):
            raise
        content = kept
    store.replace(path(segment, "order.gz"), places)
    times = [each["at"] for each in parsed]
    summary = Summary(
        segment=segment,
        count=len(receipts),
        root=merkle.root([merkle.leaf(each) for each in receipts]).hex(),
        file=canonical.digest(content),
        order=canonical.digest(places),
        offsets=tuple(_offsets(content, name)),
        first=min(times),
        last=max(times),
        releases=quoted(parsed),
    )
    store.replace(path(segment, "json"), summary.to_bytes())
    return summary


def read(store: Store, segment: str, digest: str | None = None) -> Summary:
    """A segment's summary.

    Raises:
        ArtifactMissing: there is none.
        DigestMismatch: it is not the one of that SHA-256, or no summary.
    """
    name = path(segment, "json")
    content = store.read(name)
    if digest is not None and canonical.digest(content) != digest:
        raise DigestMismatch(f"{name} is not what was sealed: expected SHA-256 {digest[:12]}….")
    with translating(
        {**BROKEN, KeyError: DigestMismatch, TypeError: DigestMismatch}, f"{name} is no summary"
    ):
        values = json.loads(content)
        if values.pop("type") != TYPE:
            raise ValueError("of another type")
        return Summary(**{**values, "offsets": tuple(values["offsets"])})


def one(store: Store, summary: Summary, index: int) -> bytes | None:
    """The receipt at a place; None where there is none.

    Raises:
        ArtifactMissing: a file is gone.
        DigestMismatch: a file is damaged.
    """
    if index >= summary.count:
        return None
    name = path(summary.segment, "jsonl.gz")
    content, at = store.read(name), _order(store, summary).index(index)
    begin, *end = summary.offsets[at // BLOCK :][:2]
    found = lines(content[begin : end[0] if end else None], name)
    if at % BLOCK >= len(found):
        raise DigestMismatch(f"{name} is damaged: receipt {index} is not in it.")
    return found[at % BLOCK]


def receipts(store: Store, summary: Summary) -> list[bytes]:
    """Every receipt of a segment, in the order in which they were written.

    Raises:
        ArtifactMissing: a file is gone.
        DigestMismatch: a file is damaged.
    """
    name = path(summary.segment, "jsonl.gz")
    found, order = lines(store.read(name), name), _order(store, summary)
    if len(found) != len(order):
        raise DigestMismatch(
            f"{name} is damaged: it holds {len(found):,} receipts, and {len(order):,} were sealed."
        )
    return [line for _, line in sorted(zip(order, found, strict=True))]


def lines(content: bytes, name: str) -> list[bytes]:
    """The receipts of a file or of a member of it; ``name`` is for messages.

    Raises:
        DigestMismatch: it is damaged.
    """
    with translating(BROKEN, f"{name} is damaged"):
        return gzip.decompress(content).split(b"\n")[:-1]


def _order(store: Store, summary: Summary) -> tuple[int, ...]:
    """The place of each line's receipt."""
    name = path(summary.segment, "order.gz")
    content = store.read(name)
    if canonical.digest(content) != summary.order:
        raise DigestMismatch(f"{name} is not what was sealed: expected SHA-256 {summary.order[:12]}….")
    with translating(BROKEN, f"{name} is damaged"):
        return struct.unpack(f"<{summary.count}I", gzip.decompress(content))


def _compressed(receipts: Sequence[bytes]) -> bytes:
    blocks = (receipts[at : at + BLOCK] for at in range(0, len(receipts), BLOCK))
    return b"".join(gzip.compress(b"".join(each + b"\n" for each in block), 6, mtime=0) for block in blocks)


def _offsets(content: bytes, name: str) -> Iterator[int]:
    """Where each gzip member begins."""
    rest = content
    with translating(BROKEN, f"{name} is damaged"):
        while rest:
            yield len(content) - len(rest)
            member = zlib.decompressobj(wbits=31)
            member.decompress(rest)
            rest = member.unused_data


def quoted(parsed: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, list[Any]]]:
    """By release: its products, and the number of receipts and the revenue of each."""
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for each in parsed:
        found[each["release"]][each["product"]].append(each["revenue"] or 0.0)
    return {
        release: {
            "products": sorted(products),
            "receipts": [len(products[name]) for name in sorted(products)],
            "revenue": [fsum(products[name]) for name in sorted(products)],
        }
        for release, products in sorted(found.items())
    }
