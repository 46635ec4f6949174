"""Every release that a ledger knows, with the channels that point at it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pricetrail.lineage import channel, release
from pricetrail.lineage.entry import Entry
from pricetrail.lineage.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Known:
    """A release: its id and manifest, the entry that recorded it, and the channels that point at it.

    ``quarantine`` says why it must not be promoted, if it must not.
    """

    id: str
    manifest: Mapping[str, Any]
    entry: Entry
    channels: tuple[str, ...]
    quarantine: str | None

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        said = {name: self.manifest[name] for name in ("run", "gates", "metrics", "rows_until")}
        known = {"release": self.id, "content": release.content(self.manifest), "when": self.entry.when}
        return {**known, "channels": list(self.channels), "quarantine": self.quarantine, **said}


def releases(ledger: Ledger) -> list[Known]:
    """Every release, newest first."""
    standing, kept = channel.standing(ledger), channel.quarantined(ledger)
    return [
        Known(
            id,
            json.loads(ledger.object(id)),
            entry,
            tuple(name for name, release in standing.items() if release == id),
            str(kept[id].body["why"]) if id in kept else None,
        )
        for id, entry in channel.releases(ledger).items()
    ]
