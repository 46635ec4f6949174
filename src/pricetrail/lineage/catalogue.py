"""Every release that a ledger knows, with the channels that point at it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pricetrail.lineage import channel
from pricetrail.lineage.entry import Entry
from pricetrail.lineage.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Known:
    """A release: its id and manifest, the entry that recorded it, and the channels that point at it."""

    id: str
    manifest: Mapping[str, Any]
    entry: Entry
    channels: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        said = {name: self.manifest[name] for name in ("run", "gates", "metrics", "rows_until")}
        return {"release": self.id, "when": self.entry.when, "channels": list(self.channels), **said}


def releases(ledger: Ledger) -> list[Known]:
    """Every release, newest first."""
    standing = {name: channel.current(ledger, name) for name in _channels(ledger)}
    return [
        Known(
            id,
            json.loads(ledger.object(id)),
            entry,
            tuple(name for name, found in standing.items() if found is not None and found.release == id),
        )
        for id, entry in channel.releases(ledger).items()
    ]


def _channels(ledger: Ledger) -> Iterator[str]:
    head = ledger.head()
    yield from (
        topic.removeprefix("channel/")
        for topic in (head.newest if head else ())
        if topic.startswith("channel/")
    )
