"""What one stage did: what it read and wrote, by digest, and all else that its outputs may depend on.

It is written beside the outputs as ``records/<stage>.json`` and declared as one of them, so that DVC's cache gives
it back together with them: it always tells where and how the outputs were really made. (It has to be kept in the
cache like them: DVC remembers no run of a stage that has an output outside of it, other than metrics and plots.)
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pricetrail.files import write_json
from pricetrail.lineage import canonical
from pricetrail.lineage.artifact import Artifact
from pricetrail.lineage.declared import Stage, load

TYPE = "pricetrail/record/v1"
FOLDER = "records"
CODE = "code.yaml"

Settings = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Record:
    """One execution of a stage.

    Attributes:
        inputs: every file that it read, those in folders one by one.
        outputs: every file that it wrote.
        settings: the values that it read, by file and dotted name; ``code.yaml`` holds its code's digest.
        modules: SHA-256 by name of each module of this package that it really imported.
        environment: as ``lineage.environment`` describes it.
    """

    stage: str
    cmd: str
    inputs: tuple[Artifact, ...]
    outputs: tuple[Artifact, ...]
    settings: Settings
    modules: Mapping[str, str]
    environment: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """As plain data; the digests of settings and environment are there to be compared at a glance."""
        return {
            "type": TYPE,
            "stage": self.stage,
            "cmd": self.cmd,
            "inputs": [each.to_dict() for each in self.inputs],
            "outputs": [each.to_dict() for each in self.outputs],
            "settings": self.settings,
            "settings_sha256": digest(self.settings),
            "modules": self.modules,
            "environment": self.environment,
            "environment_sha256": digest(self.environment),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Record:
        """What ``to_dict`` gave."""
        inputs, outputs = (tuple(map(Artifact.from_dict, values[side])) for side in ("inputs", "outputs"))
        rest = {name: values[name] for name in ("stage", "cmd", "settings", "modules", "environment")}
        return cls(inputs=inputs, outputs=outputs, **rest)


def digest(value: object) -> str:
    """The SHA-256 of plain data."""
    return canonical.digest(canonical.dumps(value))


def path(stage: str) -> str:
    """Where a stage's record is, in the shop."""
    return f"{FOLDER}/{stage}.json"


def write(root: Path, record: Record) -> None:
    """Put the record into the shop."""
    write_json(root / path(record.stage), record.to_dict())


def read(root: Path, stage: str) -> Record | None:
    """The record of a stage, or None where there is none, or none that can be read."""
    try:
        return Record.from_dict(json.loads((root / path(stage)).read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def settings(root: Path, stage: Stage) -> dict[str, dict[str, Any]]:
    """The values that the stage reads, as they are now."""
    return {file: _named(load(root / file), names) for file, names in stage.settings}


def _named(values: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: _value(values, name) for name in names} if names else dict(values)


def _value(values: Any, name: str) -> Any:
    for part in name.split("."):
        values = values.get(part) if isinstance(values, Mapping) else None
    return values
