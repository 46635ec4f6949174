"""A sealed segment: its receipts compressed, and a summary that most questions are answered from.

``receipts/sealed/<segment>.jsonl.gz`` holds the canonical bytes, a line each, in gzip members of 256 receipts: any
program that reads gzip reads it, and one receipt is found without the others. ``<segment>.json`` tells where the
members begin, what they hash to, and what each release quoted.
"""

from __future__ import annotations

import gzip
import json
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
        file: the SHA-256 of the compressed file.
        offsets: where its members begin.
        first, last: the earliest and the latest time in a receipt.
        releases: by release, ``products`` in order, and for each the number of ``receipts`` and the ``revenue``.
    """

    segment: str
    count: int
    root: str
    file: str
    offsets: tuple[int, ...]
    first: str
    last: str
    releases: Mapping[str, Mapping[str, Sequence[Any]]]

    def to_bytes(self) -> bytes:
        """The canonical bytes."""
        return canonical.dumps({**asdict(self), "type": TYPE})


def path(segment: str, kind: str) -> str:
    """Where a segment's file of a kind lies: ``jsonl.gz``, ``json`` or ``parquet``."""
    return f"{FOLDER}{segment}.{kind}"


def names(store: Store) -> list[str]:
    """The segments of which there is a summary."""
    return [n[len(FOLDER) : -len(".json")] for n in store.names(FOLDER) if n.endswith(".json")]


def keep(
    store: Store, segment: str, receipts: Sequence[bytes], parsed: Sequence[Mapping[str, Any]]
) -> Summary:
    """Write a segment's file and summary; of receipts that were kept before, by whatever zlib, the file stays."""
    members = [
        gzip.compress(b"".join(each + b"\n" for each in receipts[at : at + BLOCK]), 6, mtime=0)
        for at in range(0, len(receipts), BLOCK)
    ]
    content, name = b"".join(members), path(segment, "jsonl.gz")
    try:
        store.create(name, content)
    except AlreadyThere:
        content = store.read(name)
        members = list(_members(content, name))
        if lines(content, name) != list(receipts):
            raise
    times = [each["at"] for each in parsed]
    summary = Summary(
        segment,
        len(receipts),
        merkle.root([merkle.leaf(each) for each in receipts]).hex(),
        canonical.digest(content),
        tuple(_offsets(members)),
        min(times),
        max(times),
        _quoted(parsed),
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
        ArtifactMissing: the file is gone.
        DigestMismatch: it is damaged.
    """
    if index >= summary.count:
        return None
    content, name = store.read(path(summary.segment, "jsonl.gz")), path(summary.segment, "jsonl.gz")
    begin, *end = summary.offsets[index // BLOCK :][:2]
    found = lines(content[begin : end[0] if end else None], name)
    if index % BLOCK >= len(found):
        raise DigestMismatch(f"{name} is damaged: receipt {index} is not in it.")
    return found[index % BLOCK]


def lines(content: bytes, name: str) -> list[bytes]:
    """The receipts of a file or of a member of it; ``name`` is for messages.

    Raises:
        DigestMismatch: it is damaged.
    """
    with translating(BROKEN, f"{name} is damaged"):
        return gzip.decompress(content).split(b"\n")[:-1]


def _members(content: bytes, name: str) -> Iterator[bytes]:
    with translating(BROKEN, f"{name} is damaged"):
        while content:
            member = zlib.decompressobj(wbits=31)
            member.decompress(content)
            if not member.eof:
                raise EOFError("it ends within a member")
            yield content[: len(content) - len(member.unused_data)]
            content = member.unused_data


def _offsets(members: Sequence[bytes]) -> Iterator[int]:
    at = 0
    for member in members:
        yield at
        at += len(member)


def _quoted(parsed: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, list[Any]]]:
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
