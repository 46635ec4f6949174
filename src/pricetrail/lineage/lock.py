"""What ``dvc.lock`` says of each stage, as DVC wrote it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pricetrail.lineage.declared import Core

NAME = "dvc.lock"


@dataclass(frozen=True, slots=True)
class Locked:
    """One stage's last execution: its command, and MD5 by path of what it read and wrote, and the settings it read."""

    cmd: str
    deps: Mapping[str, str]
    outs: Mapping[str, str]
    settings: Mapping[str, Mapping[str, Any]]


def read(root: Path) -> dict[str, Locked]:
    """Every stage that has run in the shop ``root``, by name."""
    return parse((root / NAME).read_bytes()) if (root / NAME).exists() else {}


def parse(content: bytes) -> dict[str, Locked]:
    """The stages in the bytes of a lock."""
    stages = (yaml.load(content, Core) or {}).get("stages") or {}
    return {name: _locked(values) for name, values in stages.items()}


def _locked(values: Mapping[str, Any]) -> Locked:
    return Locked(
        cmd=str(values["cmd"]),
        deps=_digests(values.get("deps", ())),
        outs=_digests(values.get("outs", ())),
        settings=values.get("params", {}),
    )


def _digests(entries: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    return {str(entry["path"]): str(entry["md5"]) for entry in entries}
