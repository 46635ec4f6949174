"""Keys over time: which one signed which entries, and how another one takes over."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from pricetrail.lineage import canonical, keys
from pricetrail.lineage.entry import Entry
from pricetrail.lineage.keys import Keyring
from pricetrail.lineage.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Term:
    """The time of one key, or of none.

    Attributes:
        first, last: the entry that put it in force, and the last that it signed; None while it signs.
        here: whether its private half is at hand.
    """

    key: str | None
    first: int
    last: int | None
    when: str
    who: str
    here: bool

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def terms(ledger: Ledger, ring: Keyring) -> list[Term]:
    """Every key that the ledger was signed with, newest first; the entry of a rotation is still the one before's."""
    here, found, last = set(ring.ids()), list[Term](), None
    for entry in ledger.topic("key"):
        id = canonical.digest(entry.key) if entry.key else None
        found.append(Term(id, entry.number, last, entry.when, entry.who, id in here))
        last = entry.number
    return found


def rotate(ledger: Ledger, ring: Keyring, *, who: str) -> Entry:
    """Make a key and let it sign from here on. Its private half is durable before the ledger names it."""
    return ledger.rotate(ring.add(keys.make()), who=who)
