"""The manifest of a run: everything that it came from and led to, by digest. Its own SHA-256 is the run's id.

It is derived from ``dvc.lock`` and the stages' records, and where those contradict each other it says so. A run
that was blocked, that failed or was killed has one too, of as much as is up to date.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pricetrail.lineage import agreement, canonical
from pricetrail.lineage.agreement import State
from pricetrail.lineage.artifact import Artifact
from pricetrail.lineage.declared import PARAMS, load
from pricetrail.lineage.environment import environment
from pricetrail.lineage.record import CODE, Record

TYPE = "pricetrail/run/v1"
PIPELINE = ("dvc.yaml", "dvc.lock", PARAMS)
STUDY = "reports/trials.parquet"
METRICS = "metrics/"
GATES = "gates/"

Manifest = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Facts:
    """What of a run cannot be read from the shop's files.

    Attributes:
        outcome: ``passed``, ``blocked``, ``failed`` or ``killed``.
        shop: the commit that the shop is at, and the digest of what is not in it, or None.
        code: this package's version, and the same of its checkout, if it runs from one.
        stopped: the stage that was at work when the run ended early.
        said: what that stage said.
        ran, restored: the stages that did their work, and those whose outputs came from the cache.
        before: the manifest of the run before this one.
    """

    outcome: str
    shop: Mapping[str, str | None]
    code: Mapping[str, str | None]
    stopped: str | None = None
    said: str | None = None
    ran: tuple[str, ...] = ()
    restored: tuple[str, ...] = ()
    before: Manifest = field(default_factory=dict)


def build(root: Path, facts: Facts) -> dict[str, Any]:
    """The manifest of the run that left the shop ``root`` as it is."""
    state = agreement.state(root, facts.stopped)
    records = {name: each.to_dict() for name, each in state.records.items()}
    texts = dict(_texts(root, state))
    tampered = [
        f"{each.path}: it is not what its stage wrote"
        for each in artifacts(state.records)
        if each.path in texts and canonical.digest(texts[each.path]) != each.sha256
    ]
    gates = _values(texts, GATES)
    return {
        "type": TYPE,
        "outcome": facts.outcome,
        "stopped": {"stage": facts.stopped, "said": facts.said} if facts.stopped or facts.said else None,
        "ran": list(facts.ran),
        "restored": list(facts.restored),
        "shop": dict(facts.shop),
        "code": {**facts.code, "stages": load(root / CODE)},
        "pipeline": {name: canonical.file_digest(root / name) for name in PIPELINE if (root / name).exists()},
        "parameters": load(root / PARAMS),
        "sources": _sources(state),
        "environment": environment(),
        **_hoisted(records),
        "artifacts": [each.to_dict() for each in artifacts(state.records)],
        "study": next((each.to_dict() for each in artifacts(state.records) if each.path == STUDY), None),
        "metrics": _values(texts, METRICS),
        "gates": {gate["gate"]: gate["verdict"] for gate in gates.values()},
        "stale": dict(state.stale),
        "disagreements": [
            *state.disagreements,
            *state.replaced,
            *tampered,
            *repeats(state.records, facts.before),
        ],
    }


def identity(manifest: Manifest) -> str:
    """The id of a manifest: the SHA-256 of its canonical bytes."""
    return canonical.digest(canonical.dumps(manifest))


def artifacts(records: Mapping[str, Record]) -> tuple[Artifact, ...]:
    """Every file that the stages made, by path."""
    made = (each for found in records.values() for each in found.outputs)
    return tuple(sorted(made, key=lambda each: each.path))


def records(manifest: Manifest) -> dict[str, Record]:
    """The stages' records that a manifest holds."""
    environments = manifest.get("environments", {})
    return {
        name: Record.from_dict({**values, "environment": environments[values["environment_sha256"]]})
        for name, values in manifest.get("records", {}).items()
    }


def repeats(now: Mapping[str, Record], before: Manifest) -> Iterator[str]:
    """Name each stage that made other bytes than in the run before, of the same inputs, code and environment."""
    for name, earlier in records(before).items():
        found = now.get(name)
        if found is None or found.outputs == earlier.outputs or _origin(found) != _origin(earlier):
            continue
        known = {each.path: each for each in earlier.outputs}
        moved = next(each.path for each in found.outputs if known.get(each.path) != each)
        yield f"{name}: {moved} has other bytes than in the run before, of the same inputs, code and environment"


def _origin(found: Record) -> tuple[Any, ...]:
    return found.inputs, found.settings, found.modules, found.environment


def _texts(root: Path, state: State) -> Iterator[tuple[str, bytes]]:
    """The metrics and gates that the stages wrote, as they are now."""
    for each in artifacts(state.records):
        if each.path.startswith((METRICS, GATES)) and (root / each.path).exists():
            yield each.path, (root / each.path).read_bytes()


def _values(texts: Mapping[str, bytes], under: str) -> dict[str, Any]:
    return {path: json.loads(text) for path, text in texts.items() if path.startswith(under)}


def _sources(state: State) -> dict[str, list[dict[str, Any]]]:
    """Every file that came from no stage, under what DVC tracks it as, or under nothing."""
    made = {each.path for each in artifacts(state.records)}
    read = {
        each.path: each for found in state.records.values() for each in found.inputs if each.path not in made
    }
    tracked = {path: [each for each in read.values() if _in(each, path)] for path in state.sources}
    loose = [each for each in read.values() if not any(_in(each, path) for path in state.sources)]
    return {
        path: [each.to_dict() for each in found] for path, found in {**tracked, "": loose}.items() if found
    }


def _in(each: Artifact, path: str) -> bool:
    return each.path == path or each.path.startswith(f"{path}/")


def _hoisted(records: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """The records with their environments beside them: most stages share one."""
    environments = {each["environment_sha256"]: each["environment"] for each in records.values()}
    plain = {name: {**each} for name, each in records.items()}
    for each in plain.values():
        del each["environment"]
    return {"records": plain, "environments": environments}
