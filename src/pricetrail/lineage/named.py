"""What the ledger knows by an id: releases and runs, by their SHA-256 or the beginning of it."""

from __future__ import annotations

import json
from dataclasses import dataclass

from pricetrail.errors import UnknownId
from pricetrail.lineage import channel, ids
from pricetrail.lineage.entry import Entry
from pricetrail.lineage.ledger import Ledger
from pricetrail.lineage.manifest import Manifest

KINDS = ("release", "run")


@dataclass(frozen=True, slots=True)
class Run:
    """A run: the entry that recorded it, its manifest, and the release that it became, if it did."""

    entry: Entry
    manifest: Manifest
    release: str | None

    @property
    def id(self) -> str:
        """The SHA-256 of its manifest."""
        return self.entry.objects[0]


def entry(ledger: Ledger, given: str) -> Entry | None:
    """The entry of the release or run of that id; None when none has one that begins so.

    Raises:
        AmbiguousId: more than one has.
    """
    known = {found.objects[0]: found for kind in KINDS for found in ledger.topic(kind)}
    fitting = [id for id in known if id.startswith(given)]
    return known[ids.resolve(given, fitting, "id")] if fitting else None


def manifest(ledger: Ledger, entry: Entry) -> Manifest:
    """The manifest of the run or release that an entry recorded."""
    found: Manifest = json.loads(ledger.object(entry.objects[0]))
    return found


def run(ledger: Ledger, given: str) -> Run:
    """The run of that id, or the one behind the release of that id.

    Raises:
        UnknownId: there is none.
        AmbiguousId: more than one id begins so.
    """
    releases = channel.releases(ledger)
    known = {each.objects[0]: each for each in ledger.topic("run")}
    id = ids.resolve(given.strip().lower(), {**releases, **known}, "release or run")
    made = str(releases[id].body["run"]) if id in releases else id
    if made not in known:
        raise UnknownId(
            f"The release {id[:12]}… came of the run {made[:12]}…, which the ledger does not have."
        )
    release = next((each for each, entry in releases.items() if entry.body["run"] == made), None)
    return Run(known[made], manifest(ledger, known[made]), release)
