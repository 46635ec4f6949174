"""Everything that the record holds about a release, as one value."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pricetrail.lineage import channel, place, trace
from pricetrail.lineage.artifact import Artifact
from pricetrail.lineage.entry import Entry
from pricetrail.lineage.exports import subject
from pricetrail.lineage.exports.subject import Subject
from pricetrail.lineage.ledger import Ledger
from pricetrail.lineage.recall import sources
from pricetrail.lineage.trail import Trail
from pricetrail.shop.checkout import recorded
from pricetrail.shop.report.sources import Sources

GATES = {"etl": "gates/etl.json", "data_drift": "gates/data_drift.json", "model": "gates/model.json"}
SHAP = "reports/dfn_shap_mean_abs.json"
TOPICS = ("release", "promotion", "rollback", "quarantine", "clearance", "reproduction")


@dataclass(frozen=True, slots=True)
class Facts:
    """A release, what happened to it, and the files that tell more.

    Attributes:
        until: the number of the ledger's newest entry: what came later is not in here.
        history: every entry about the release or its run, oldest first.
        files: the values of those JSON files that the manifest does not hold itself, by path.
    """

    subject: Subject
    id: str
    release: Mapping[str, Any]
    until: int
    history: tuple[Entry, ...]
    channels: tuple[str, ...]
    files: Mapping[str, Any]
    trail: Trail

    @property
    def run(self) -> Mapping[str, Any]:
        """The run's manifest."""
        return self.subject.run

    @property
    def reproduction(self) -> Entry | None:
        """The newest verdict of a reproduction."""
        return next((each for each in reversed(self.history) if each.kind == "reproduction"), None)

    @property
    def quarantined(self) -> bool:
        """Whether it is kept from being promoted."""
        return bool(channel.shunned(self.history))

    def sources(self) -> Sources:
        """What can be cited."""
        return Sources(dict(self._known()))

    def figures(self, path: str) -> Any:
        """The values in a JSON file of the run; empty where there is none."""
        return self.run["metrics"].get(path) or self.files.get(path) or {}

    def _known(self) -> Iterator[tuple[str, tuple[str, str]]]:
        for each in self.run["artifacts"]:
            yield each["path"], (each["sha256"], "file made by the run")
        for each in sources(self.run):
            yield each["path"], (each["sha256"], "file read by the run")
        for path, sha256 in self.run["pipeline"].items():
            yield path, (sha256, "file of the shop's repository")
        yield "run", (self.subject.run_id, "manifest of the run, an object of the ledger")
        yield "release", (self.id, "manifest of the release, an object of the ledger")
        for each in self.history:
            yield f"entry {each.number}", (each.digest, f"entry of the ledger: {each.kind}")
            if "compared" in each.body:
                yield f"comparison {each.number}", (str(each.body["compared"]), "object of the ledger")


def gather(root: Path, wanted: str) -> Facts:
    """Read all that the record holds about a release.

    Raises:
        UnknownId: there is none of that id.
        UsageError: the run of that id is no release.
    """
    ledger = place.ledger(root)
    found = subject.find(ledger, wanted)
    id, release = found.released()
    head = ledger.head()
    history = tuple(sorted(_history(ledger, found), key=lambda each: each.number))
    return Facts(
        found,
        id,
        release,
        head.number if head else 0,
        history,
        tuple(name for name, release in channel.standing(ledger).items() if release == id),
        dict(_read(root, found)),
        trace.trace(ledger, id),
    )


def _history(ledger: Ledger, found: Subject) -> Iterator[Entry]:
    yield found.entry
    for topic in TOPICS:
        for each in ledger.topic(topic):
            if found.release_id in {each.body.get("release"), *each.body.get("releases", ())}:
                yield each


def _read(root: Path, found: Subject) -> Iterator[tuple[str, Any]]:
    wanted = {SHAP, *GATES.values()}
    for each in map(Artifact.from_dict, found.run["artifacts"]):
        content = recorded(root, found.run, each) if each.path in wanted else None
        if content is not None:
            yield each.path, json.loads(content)
