"""The read side of what was released: manifests from the ledger, files from wherever they lie, all of it checked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pricetrail.errors import LedgerBroken, NoRelease
from pricetrail.lineage import blob, channel
from pricetrail.lineage.artifact import Artifact
from pricetrail.lineage.blob import Blobs
from pricetrail.lineage.entry import Entry
from pricetrail.lineage.ledger import Ledger
from pricetrail.lineage.release import TYPE


@dataclass(frozen=True, slots=True)
class Vault:
    """Where releases come from.

    Attributes:
        ledger: names them, under its signatures.
        blobs: hold their files by MD5, the nearest first.
        channel: the one that is served.
    """

    ledger: Ledger
    blobs: Sequence[Blobs]
    channel: str

    def standing(self) -> str:
        """The id of the release that the channel points at.

        Raises:
            NoRelease: nothing was promoted to it yet.
        """
        standing = channel.current(self.ledger, self.channel)
        if standing is None:
            raise NoRelease(
                f"No release serves as {self.channel} yet. Make one with 'pricetrail run', and let it serve with "
                "'pricetrail promote'."
            )
        return standing.release

    def entry(self, release: str) -> Entry:
        """The signed entry that recorded a release.

        Raises:
            LedgerBroken: no entry did.
        """
        if (entry := channel.recorded(self.ledger, release)) is None:
            raise LedgerBroken(
                f"The release {release[:12]} was never recorded in this ledger. See 'pricetrail verify'."
            )
        return entry

    def manifest(self, release: str) -> Mapping[str, Any]:
        """What a release is made of.

        Raises:
            ArtifactMissing, DigestMismatch: it is not there, or not what its id was taken of.
            LedgerBroken: it is no release.
        """
        found = json.loads(self.ledger.object(release))
        if found.get("type") != TYPE:
            raise LedgerBroken(f"The object {release[:12]} is no release. See 'pricetrail verify'.")
        return dict(found)

    def file(self, wanted: Artifact) -> bytes:
        """The bytes of a file, which are those that were released or are not given.

        Raises:
            ArtifactMissing, StoreFailed, DigestMismatch: as ``blob.fetch`` does.
        """
        return blob.fetch(self.blobs, wanted)
