"""Makes a release again from nothing but its commit and its raw data, and says whether it is the same."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pricetrail.errors import Blocked
from pricetrail.lineage import canonical, channel, ids, likeness, manifest, modules, place, surroundings
from pricetrail.lineage.artifact import Artifact
from pricetrail.lineage.entry import Entry
from pricetrail.lineage.environment import environment
from pricetrail.lineage.likeness import Likeness
from pricetrail.lineage.manifest import Manifest
from pricetrail.shop import dvc, git
from pricetrail.shop.checkout import checkout, made, recorded
from pricetrail.shop.follow import Follow, Observer, follow

TYPE = "pricetrail/reproduction/v1"
KIND = "reproduction"


@dataclass(frozen=True, slots=True)
class Plan:
    """A release that is to be made again, and what is not as it was.

    Attributes:
        environment: each field of a stage's environment that is another now, with both values.
        code: each module that a stage imported and that is another now.
    """

    release: str
    run_id: str
    run: Manifest
    environment: tuple[str, ...]
    code: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of making a release again; true when all of it is equal.

    ``stopped`` is what a gate said that stopped the new run and had let the old one pass.
    """

    plan: Plan
    files: tuple[Likeness, ...]
    stages: tuple[str, ...]
    stopped: str | None
    seconds: float

    def __bool__(self) -> bool:
        return self.stopped is None and all(self.files)

    def to_dict(self) -> dict[str, Any]:
        """As plain data, without clock times: what is kept beside the ledger."""
        return {
            "type": TYPE,
            "release": self.plan.release,
            "run": self.plan.run_id,
            "verdict": "equal" if self else "different",
            "environment": list(self.plan.environment),
            "code": list(self.plan.code),
            "stages": list(self.stages),
            "stopped": self.stopped,
            "files": [each.to_dict() for each in self.files],
        }

    @property
    def summary(self) -> dict[str, Any]:
        """The verdict in a few fields: what the ledger's entry says."""
        return {
            "release": self.plan.release,
            "run": self.plan.run_id,
            "verdict": "equal" if self else "different",
            "files": len(self.files),
            "tensors": sum(each.tensors for each in self.files),
            "different": [each.path for each in self.files if not each],
            "environment": "different" if self.plan.environment else "same",
            "code": "different" if self.plan.code else "same",
            "seconds": round(self.seconds, 1),
        }


def plan(root: Path, wanted: str) -> Plan:
    """Look up a release, and what would be different about making it again here and now.

    Args:
        root: the shop.
        wanted: the release's id, or the beginning of one.

    Raises:
        UnknownId: there is no such release, or more than one.
    """
    ledger = place.ledger(root)
    id = ids.resolve(wanted, channel.releases(ledger), "release")
    run_id = str(json.loads(ledger.object(id))["run"])
    run: Manifest = json.loads(ledger.object(run_id))
    records = manifest.records(run)
    now = {**environment(), "hash_seed": dvc.environment()["PYTHONHASHSEED"]}
    others = {
        str(each): None for then in run["environments"].values() for each in surroundings.differing(then, now)
    }
    known = {name: digest for record in records.values() for name, digest in record.modules.items()}
    return Plan(id, run_id, run, tuple(others), tuple(surroundings.changed(known, modules.digests(known))))


def reproduce(root: Path, planned: Plan, observer: Observer) -> Outcome:
    """Run the whole pipeline again in a clean copy, without any cache, and compare every file that it makes.

    Raises:
        ArtifactMissing: something that the run began with cannot be had.
        DigestMismatch: something of it is not what it was.
        StageFailed: a stage ended with a fault, so that there is no verdict.
    """
    started = time.monotonic()
    with checkout(root, planned.run) as copy:
        reader = Follow(observer)
        failure = reader.failure(
            follow(copy, ["repro", "--force", "--no-commit"], reader, extra=_apart(copy))
        )
        if failure is not None and not isinstance(failure, Blocked):
            raise failure
        files = tuple(_compared(root, copy, planned.run, reader.ran))
    stopped = None if failure is None else f"{reader.failed}: {failure}"
    return Outcome(planned, files, tuple(reader.ran), stopped, time.monotonic() - started)


def record(root: Path, outcome: Outcome) -> Entry:
    """Sign the verdict into the ledger, with all that was compared beside it."""
    ledger = place.ledger(root)
    kept = ledger.keep(canonical.dumps(outcome.to_dict()))
    body = {**outcome.summary, "compared": kept}
    return ledger.append(KIND, body, who=git.somebody(root), objects=(outcome.plan.release, kept))


def _apart(copy: Path) -> dict[str, str]:
    """Nothing that the stages of a copy find goes to anybody, and nothing that they or DVC put aside outlives it."""
    aside = copy.parent / "aside"
    aside.mkdir()
    return {"EVIDENTLY_API_KEY": "", "DVC_SITE_CACHE_DIR": str(aside / "dvc"), "TMPDIR": str(aside)}


def _compared(root: Path, copy: Path, run: Manifest, ran: list[str]) -> Iterator[Likeness]:
    """Every file of the run, in the order in which they are made: what differs first leads to the reason."""
    rest = [name for name in run["records"] if name not in ran]
    made_by = [each for name in (*ran, *rest) for each in run["records"].get(name, {}).get("outputs", ())]
    for then in map(Artifact.from_dict, made_by):
        now = made(copy, then.path)
        after = None if now is None else (copy / then.path).read_bytes()
        before = None if now is None or now.sha256 == then.sha256 else recorded(root, run, then)
        yield likeness.compare(then, now, before, after)
