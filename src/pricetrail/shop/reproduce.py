"""Makes a run again from nothing but its commit and its raw data, and says whether it is the same."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pricetrail.errors import Blocked, UsageError
from pricetrail.lineage import canonical, likeness, manifest, modules, named, place, surroundings
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
ENDED = ("passed", "blocked")


@dataclass(frozen=True, slots=True)
class Plan:
    """A run that is to be made again, the release that it became, if it did, and what is not as it was.

    Attributes:
        environment: each field of a stage's environment that is another now, with both values.
        code: each module that a stage imported and that is another now.
    """

    release: str | None
    run_id: str
    run: Manifest
    environment: tuple[str, ...]
    code: tuple[str, ...]

    @property
    def id(self) -> str:
        """What it is known by: the release's id, or the run's."""
        return self.release or self.run_id


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of making a run again; true when all of it is equal.

    ``stopped`` is what a gate said that stopped the new run, and not the old one there.
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
    """Look up a release or run, and what would be different about making it again here and now.

    Args:
        root: the shop.
        wanted: its id, or the beginning of one.

    Raises:
        UnknownId: there is none, or more than one.
        UsageError: the run did not come to its end.
    """
    found = named.run(place.ledger(root), wanted)
    if found.manifest["outcome"] not in ENDED:
        raise UsageError(
            f"The run {found.id[:12]} {found.manifest['outcome']}: only one that came to its end, or to a gate that "
            "stopped it, can be made again."
        )
    now = {**environment(), "hash_seed": dvc.environment()["PYTHONHASHSEED"]}
    then = found.manifest["environments"].values()
    others = {str(each): None for one in then for each in surroundings.differing(one, now)}
    records = manifest.records(found.manifest).values()
    known = {name: digest for record in records for name, digest in record.modules.items()}
    code = surroundings.changed(known, modules.digests(known))
    return Plan(found.release, found.id, found.manifest, tuple(others), tuple(code))


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
    stopped = _stopped(planned.run, reader.failed if failure is not None else None)
    return Outcome(planned, files, tuple(reader.ran), stopped, time.monotonic() - started)


def record(root: Path, outcome: Outcome) -> Entry:
    """Sign the verdict into the ledger, with all that was compared beside it."""
    ledger = place.ledger(root)
    kept = ledger.keep(canonical.dumps(outcome.to_dict()))
    body = {**outcome.summary, "compared": kept}
    return ledger.append(KIND, body, who=git.somebody(root), objects=(outcome.plan.id, kept))


def _stopped(run: Manifest, now: str | None) -> str | None:
    """What was not stopped as it was; nothing where both went as far."""
    then = (run["stopped"] or {}).get("stage")
    return None if then == now else f"then it was stopped by {then or 'no gate'}, now by {now or 'no gate'}"


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
