"""What lies in a ledger's store without belonging to it, and files that only point at their bytes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from pricetrail.lineage import hint, lease
from pricetrail.lineage.entry import NAME, OBJECTS
from pricetrail.lineage.receipts import log, segment
from pricetrail.lineage.store import FolderStore, Store
from pricetrail.lineage.verify.chain import Chain

PART = re.compile(rf"{log.FOLDER}(\w+)/\d+")
SEALED = re.compile(rf"{segment.FOLDER}(\w+)\.(?:jsonl\.gz|order\.gz|json|parquet)")


def strays(store: Store, chain: Chain, sealed: Collection[str], apart: tuple[str, ...]) -> Iterator[str]:
    """Name each of them, with the reason.

    Args:
        store: where the ledger lies.
        chain: the ledger as it was walked.
        sealed: the segments of receipts that it names.
        apart: how the names begin of what others keep there.
    """
    objects = {f"{OBJECTS}{id}.json" for each in chain.entries for id in each.objects}
    segments = {*sealed, *log.segments(store)}
    for name in store.names():
        if isinstance(store, FolderStore) and (store.root / name).is_symlink():
            yield f"{name} is a link to bytes elsewhere"
        elif not name.startswith((*apart, lease.FOLDER)) and not _belongs(name, objects, segments):
            yield f"{name} is named by no entry"


def _belongs(name: str, objects: Collection[str], segments: Collection[str]) -> bool:
    found = PART.fullmatch(name) or SEALED.fullmatch(name)
    ours = name == hint.NAME or bool(NAME.fullmatch(name)) or name in objects
    return ours or (found is not None and found[1] in segments)
