"""Writes the evidence of a shop into one zip, which ``docs/verify.py`` checks on a machine without this package.

The bytes go in as they lie in the store; nothing is written anew. The same ledger gives the same zip.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from pricetrail.errors import ArtifactMissing
from pricetrail.files import writing
from pricetrail.lineage import canonical, entry
from pricetrail.lineage.artifact import Artifact
from pricetrail.lineage.receipts import segment
from pricetrail.lineage.store import Store
from pricetrail.lineage.verify.chain import Chain

TYPE = "pricetrail/bundle/v1"
NOTE = "bundle.json"
EPOCH = (1980, 1, 1, 0, 0, 0)
KINDS = ("json", "jsonl.gz", "order.gz")

Fetch = Callable[[Artifact], bytes]


@dataclass(frozen=True, slots=True)
class Bundle:
    """What went into a bundle: how many entries, objects, files of receipts and artifacts; and the newest entry."""

    head: str
    entries: int
    objects: int
    receipts: int
    artifacts: int

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def write(
    target: Path,
    store: Store,
    chain: Chain,
    *,
    anchor: Mapping[str, bytes],
    wanted: Iterable[Artifact],
    fetch: Fetch,
) -> Bundle:
    """Write the bundle of a ledger that holds, whole or not at all.

    Args:
        target: the zip.
        store: where the ledger lies.
        chain: the ledger, walked.
        anchor: the file that says with which key it begins, by name; nothing in a shop without one.
        wanted: the files whose bytes are to go in too; the manifests name every one in any case.
        fetch: gives their bytes.

    Raises:
        ArtifactMissing: something that is to go in is missing.
    """
    if chain.head is None:
        raise ArtifactMissing(
            "The ledger was not begun yet: there is nothing to show. 'pricetrail run' begins it."
        )
    ids = dict.fromkeys(id for each in chain.entries for id in each.objects)
    sealed = [segment.path(name, kind) for name in segment.names(store) for kind in KINDS]
    here = set(store.names(segment.FOLDER))
    names = [entry.name(each.number) for each in chain.entries]
    names += [f"{entry.OBJECTS}{id}.json" for id in ids]
    names += [each for each in sealed if each in here]
    files = {each.sha256: each for each in wanted}
    note = {"type": TYPE, "head": {"number": chain.head.number, "digest": chain.head.digest}}
    with writing(target) as draft, ZipFile(draft, "w") as out:
        for name, content in {NOTE: canonical.dumps(note), **anchor}.items():
            _put(out, name, content)
        for name in names:
            _put(out, name, store.read(name))
        for sha256, each in files.items():
            _put(out, f"artifacts/{sha256}", fetch(each))
    counts = (len(chain.entries), len(ids), sum(each in here for each in sealed), len(files))
    return Bundle(str(chain.head.digest), *counts)


def _put(out: ZipFile, name: str, content: bytes) -> None:
    packed = ZIP_STORED if name.endswith((".gz", ".onnx", ".parquet")) else ZIP_DEFLATED
    out.writestr(ZipInfo(name, EPOCH), content, packed)
