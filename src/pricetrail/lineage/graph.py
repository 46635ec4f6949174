"""Which stage feeds which, derived from what each one declares to DVC and never written down."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path, PurePosixPath
from typing import Any

from pricetrail.lineage.declared import Stage, inside, load, stages


def overlap(one: str, other: str) -> bool:
    """As for DVC, a folder and what is in it are the same data."""
    here, there = PurePosixPath(one), PurePosixPath(other)
    return here.is_relative_to(there) or there.is_relative_to(here)


@dataclass(frozen=True, slots=True)
class Graph:
    """A path that one stage writes and another reads is an edge."""

    stages: tuple[Stage, ...]

    def __getitem__(self, name: str) -> Stage:
        return next(stage for stage in self.stages if stage.name == name)

    def makers(self, path: str) -> tuple[Stage, ...]:
        """The stages that ``path`` comes from."""
        return tuple(stage for stage in self.stages if _touches(stage.writes, path))

    def parents(self, stage: Stage) -> frozenset[Stage]:
        """The stages that it reads from."""
        return frozenset(maker for path in needs(stage) for maker in self.makers(path)) - {stage}

    def edges(self) -> frozenset[tuple[str, str]]:
        """Every pair of names of a stage and one that reads from it."""
        return frozenset((parent.name, stage.name) for stage in self.stages for parent in self.parents(stage))

    def order(self) -> list[Stage]:
        """The stages, each after all that it reads from."""
        before = {stage: self.parents(stage) for stage in self.stages}
        return list(TopologicalSorter(before).static_order())

    def ancestry(self, path: str) -> Iterator[Stage]:
        """Every stage behind ``path``, nearest first."""
        waiting, met = list(self.makers(path)), set[Stage]()
        while waiting:
            stage = waiting.pop(0)
            if stage not in met:
                met.add(stage)
                waiting += sorted(self.parents(stage), key=lambda parent: parent.name)
                yield stage


def read(root: Path) -> Graph:
    """The graph of the shop ``root``: the stages of its ``dvc.yaml``, and the data that it tracks without one.

    Such data is a stage too, under the name of its ``.dvc`` file, that reads nothing.

    Raises:
        ShopMissing: there is no ``dvc.yaml``.
    """
    tracked = [
        Stage(path, "", (), tuple(inside(path, each["path"]) for each in values["outs"]))
        for path, values in sources(root)
    ]
    return Graph((*tracked, *stages(root)))


def sources(root: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every ``.dvc`` file of the shop, by path, with what it says. What is hidden, or tracked data, is not searched."""
    for folder, inner, names in os.walk(root):
        found = sorted(name for name in names if name.endswith(".dvc"))
        data = {name.removesuffix(".dvc") for name in found}
        inner[:] = sorted(name for name in inner if not name.startswith(".") and name not in data)
        for name in found:
            path = Path(folder, name)
            yield path.relative_to(root).as_posix(), load(path)


def tracked(root: Path) -> Iterator[tuple[str, str]]:
    """Every path that DVC tracks without a stage, with its MD5."""
    for path, values in sources(root):
        for each in values["outs"]:
            yield inside(path, each["path"]), str(each["md5"])


def needs(stage: Stage) -> Iterator[str]:
    """Every path that the stage reads, files of settings included."""
    yield from stage.reads
    yield from (file for file, _ in stage.settings)


def _touches(paths: tuple[str, ...], path: str) -> bool:
    return any(overlap(path, each) for each in paths)
