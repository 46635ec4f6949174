"""The read side of what was released: manifests from the ledger, files from wherever they lie, all of it checked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pricetrail.errors import ArtifactMissing, DigestMismatch, LedgerBroken, NoRelease
from pricetrail.lineage import blob, canonical, channel
from pricetrail.lineage.artifact import Artifact
from pricetrail.lineage.entry import Entry
from pricetrail.lineage.ledger import Ledger
from pricetrail.lineage.release import TYPE
from pricetrail.lineage.store import Store


@dataclass(frozen=True, slots=True)
class Vault:
    """Where releases come from.

    Attributes:
        ledger: names them, under its signatures.
        blobs: hold their files by MD5, the nearest first.
        channel: the one that is served.
    """

    ledger: Ledger
    blobs: Sequence[Store]
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
            ArtifactMissing: it lies nowhere.
            DigestMismatch: what lies in its place is something else.
        """
        for store in self.blobs:
            with suppress(ArtifactMissing):
                content = store.read(blob.key(wanted.md5))
                if canonical.digest(content) != wanted.sha256:
                    raise DigestMismatch(
                        f"{wanted.path} in {store!r} is not what was released: its SHA-256 is "
                        f"{canonical.digest(content)[:12]}…, expected {wanted.sha256[:12]}…. Bring the right one "
                        "with 'dvc fetch', or roll back."
                    )
                return content
        raise ArtifactMissing(
            f"{wanted.path} (md5 {wanted.md5}) lies nowhere that the service looks. Bring it with 'dvc fetch', or "
            "send it there with 'dvc push'."
        )
