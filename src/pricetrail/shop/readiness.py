"""What would let a long run fail at its end, looked for at its beginning."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from pricetrail.errors import DiskFull
from pricetrail.lineage import place
from pricetrail.lineage.canonical import digest
from pricetrail.shop import settings

ROOM = 1 << 30


def check(root: Path) -> dict[str, Any]:
    """The head of the ledger and the room on the disk.

    Raises:
        ParamsInvalid: a setting cannot be used.
        StoreFailed: the ledger cannot be reached.
        KeyMissing: the key that signs it is not at hand.
        DiskFull: there is less than a gigabyte left.
    """
    settings.read(root)
    ledger = place.ledger(root)
    head, key = ledger.head(), ledger.key()
    if key is not None and ledger.keyring is not None:
        ledger.keyring.get(digest(key))
    free = shutil.disk_usage(root).free
    if free < ROOM:
        raise DiskFull(f"A run needs about a gigabyte of room, and {root} has {free / ROOM:.1f}. Free some.")
    return {"entry": head.number if head else 0, "free": free}
