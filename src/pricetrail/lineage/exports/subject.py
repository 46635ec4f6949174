"""What is exported: a run with all that the ledger says of it, and the release that it became."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pricetrail.errors import UsageError
from pricetrail.lineage import named
from pricetrail.lineage.entry import Entry
from pricetrail.lineage.ledger import Ledger
from pricetrail.lineage.manifest import Manifest

NAMESPACE = uuid.UUID("5f9b1a52-8f0e-5c0b-9d6d-7f3f6c1c0f11")


@dataclass(frozen=True, slots=True)
class Subject:
    """A run, its entry, and the release of it, if it is one.

    ``shop`` tells shops apart, whatever their folders are called: the digest of the first entry of the ledger.
    """

    shop: str
    run_id: str
    run: Manifest
    entry: Entry
    release_id: str | None = None
    release: Mapping[str, Any] | None = None

    @property
    def namespace(self) -> str:
        """The name under which the shop's files and stages are known."""
        return f"pricetrail:{self.shop[:16]}"

    def uuid(self, of: str) -> str:
        """An id that is always the same for a part of this run."""
        return identity(f"{self.run_id}/{of}")

    def released(self) -> tuple[str, Mapping[str, Any]]:
        """The release's id and manifest.

        Raises:
            UsageError: the run is no release.
        """
        if self.release_id is None or self.release is None:
            raise UsageError(
                f"The run {self.run_id[:12]} is no release: its outcome is '{self.run['outcome']}', its gates are "
                f"{self.run['gates'] or 'not run'}. 'pricetrail releases' lists those that are."
            )
        return self.release_id, self.release


def identity(of: str) -> str:
    """The UUID that always stands for the same text."""
    return str(uuid.uuid5(NAMESPACE, of))


def find(ledger: Ledger, wanted: str) -> Subject:
    """The run or release of that id, or of the one id that begins so.

    Raises:
        UnknownId: there is none.
        AmbiguousId: there are several.
    """
    found = named.run(ledger, wanted)
    release = None if found.release is None else json.loads(ledger.object(found.release))
    return Subject(ledger.read(1).digest, found.id, found.manifest, found.entry, found.release, release)
