"""What does not hold: where, what is wrong with it, and since which entry of the ledger."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from pricetrail.lineage.entry import Entry


@dataclass(frozen=True, slots=True)
class Since:
    """An entry of the ledger; of one that is gone or damaged only what others say of it is known."""

    number: int
    digest: str | None = None
    when: str | None = None

    def __str__(self) -> str:
        known = [self.digest and f"{self.digest[:12]}…", self.when and self.when[:19].replace("T", " ")]
        return f"entry {self.number}" + (f" ({', '.join(filter(None, known))})" if any(known) else "")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not hold.

    Attributes:
        area: ``ledger``, ``keys``, ``channel``, ``receipts``, ``shop``, ``git``, ``cache`` or ``remote <name>``.
        place: the file, stage or entry.
        fault: what is wrong with it.
        since: the entry from which on it does not hold, or that recorded it as it should be; None where none did.
    """

    area: str
    place: str
    fault: str
    since: Since | None = None

    def __str__(self) -> str:
        counted = f" [since {self.since}]" if self.since else ""
        return f"{self.area}: {self.place}: {self.fault}{counted}"

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def since(entry: Entry) -> Since:
    """The entry, as what something counts from."""
    return Since(entry.number, entry.digest, entry.when)
