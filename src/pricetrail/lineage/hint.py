"""Where the head of a ledger was last seen: a note that spares a listing, and tells of entries cut from the end.

It is derived and never ahead of the ledger: it is written after the entry it names, and whoever reads it reads on
from there.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from pricetrail.errors import ArtifactMissing
from pricetrail.lineage import canonical
from pricetrail.lineage.entry import Entry
from pricetrail.lineage.store import Store

NAME = "head.json"


@dataclass(frozen=True)
class Hint:
    """The number of an entry that was the newest once, and the SHA-256 of its bytes."""

    number: int
    digest: str

    def to_bytes(self) -> bytes:
        """The one spelling of this note."""
        return canonical.dumps(asdict(self))


def read(store: Store) -> Hint | None:
    """The note; None where there is none, or one that cannot be made out."""
    try:
        return parse(store.read(NAME))
    except (ArtifactMissing, ValueError):
        return None


def parse(content: bytes) -> Hint:
    """Read a note's bytes.

    Raises:
        ValueError: they are no note.
    """
    value = json.loads(content)
    match value:
        case {"number": int(number), "digest": str(digest)} if Hint(number, digest).to_bytes() == content:
            return Hint(number, digest)
    raise ValueError("no note of a head")


def write(store: Store, head: Entry) -> None:
    """Note the head."""
    store.replace(NAME, Hint(head.number, head.digest).to_bytes())
