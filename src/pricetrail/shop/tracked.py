"""Which of DVC's bytes belong to a shop's commit: what ``dvc.lock`` and ``*.dvc`` name, and DVC keeps in its cache."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pricetrail.errors import UsageError
from pricetrail.lineage.declared import OUTS, inside, parse
from pricetrail.shop import cache, git

LOCK, STAGES = "dvc.lock", "dvc.yaml"
LIST = ".dir"


@dataclass(frozen=True, slots=True)
class Tracked:
    """A file or folder that DVC keeps, by path, with its MD5 and the stage that makes it (None: an input)."""

    path: str
    md5: str
    stage: str | None = None


def at(root: Path, commit: str = "HEAD") -> list[Tracked]:
    """All that DVC keeps for a commit."""
    names = git.git(root, "ls-tree", "-r", "--name-only", "-z", commit).split("\0")
    held = {
        name: parse(git.git(root, "show", f"{commit}:{name}"))
        for name in names
        if name in {LOCK, STAGES} or name.endswith(".dvc")
    }
    plain = set(_plain(held.pop(STAGES, {})))
    found = (each for name, values in held.items() for each in _named(name, values))
    return [each for each in found if each.path not in plain]


def of(found: Iterable[Tracked], stage: str | None) -> list[Tracked]:
    """Those that a stage makes; all of them without one.

    Raises:
        UsageError: no stage of that name makes anything.
    """
    every = list(found)
    if stage is None:
        return every
    if chosen := [each for each in every if each.stage == stage]:
        return chosen
    known = sorted({each.stage for each in every if each.stage})
    raise UsageError(f"No stage {stage!r} has made anything. Those that have: {', '.join(known) or 'none'}.")


def files(root: Path, found: Iterable[Tracked]) -> dict[str, Path]:
    """Where the cache keeps each of them, by MD5, and the files in the folders whose lists are there."""
    kept = cache.local(root)
    paths = {each.md5: kept.path(each.md5) for each in found}
    for md5, path in list(paths.items()):
        if md5.endswith(LIST) and path.exists():
            inner = (str(each["md5"]) for each in json.loads(path.read_bytes()))
            paths |= {each: kept.path(each) for each in inner}
    return paths


def _named(file: str, values: dict[str, Any]) -> Iterator[Tracked]:
    stages = values.get("stages") or {}
    for stage, said in [(None, values), *stages.items()]:
        for out in said.get("outs") or ():
            if "md5" in out:
                yield Tracked(inside(file, str(out["path"])), str(out["md5"]), stage)


def _plain(declared: dict[str, Any]) -> Iterator[str]:
    """What the stages declare to be kept by git, and not in the cache."""
    for stage in (declared.get("stages") or {}).values():
        for entry in (each for kind in OUTS for each in stage.get(kind) or ()):
            if isinstance(entry, dict):
                yield from (str(path) for path, how in entry.items() if how and how.get("cache") is False)
