"""Does what DVC locked agree with what the stages recorded, and are both of what the shop holds now?

DVC believes whoever writes the lock: a dependency edited behind a stage's back, or a model written by hand and
committed with ``dvc commit --force``, looks to it like any other. A record says what the stage itself saw.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pricetrail.lineage import artifact, graph, lock, modules, record
from pricetrail.lineage.declared import Stage
from pricetrail.lineage.graph import Graph
from pricetrail.lineage.lock import Locked
from pricetrail.lineage.record import Record

NO_RECORD = "code"


@dataclass(frozen=True, slots=True)
class State:
    """How each stage stands.

    Attributes:
        records: of every stage that is up to date with what the shop holds, in the order of the graph.
        sources: MD5 by path of the data that DVC tracks without a stage.
        stale: why each of the other stages would have to run; their outputs belong to something earlier.
        disagreements: where lock and record, or record and bytes, contradict each other.
        replaced: where the code is another than the one that was recorded, under the same digest.
    """

    records: Mapping[str, Record]
    sources: Mapping[str, str]
    stale: Mapping[str, str]
    disagreements: tuple[str, ...]
    replaced: tuple[str, ...]


def state(root: Path, stopped: str | None = None) -> State:
    """Compare the lock of the shop ``root`` with its records, stage by stage; ``stopped`` has not come to its end."""
    shop = Shop(root, graph.read(root), lock.read(root), dict(graph.tracked(root)))
    records, stale = dict[str, Record](), dict[str, str]()
    disagreements, replaced = list[str](), list[str]()
    for stage in shop.graph.order():
        if not stage.cmd or stage.name == NO_RECORD:
            continue
        found = record.read(root, stage.name)
        why = "it was stopped" if stage.name == stopped else shop.stale(stage, found, records, stale)
        if why is not None:
            stale[stage.name] = why
        elif found is None:
            disagreements.append(f"{stage.name}: dvc.lock says that it has run, and it left no record")
        else:
            records[stage.name] = found
        if found is not None:
            disagreements += shop.contradictions(stage, found)
            replaced += shop.replaced(stage, found)
    return State(records, shop.sources, stale, tuple(disagreements), tuple(replaced))


@dataclass(frozen=True, slots=True)
class Shop:
    """What a shop declares, has locked and tracks."""

    root: Path
    graph: Graph
    locked: Mapping[str, Locked]
    sources: Mapping[str, str]

    def stale(
        self, stage: Stage, found: Record | None, records: Mapping[str, Record], stale: Mapping[str, str]
    ) -> str | None:
        """Why the stage would have to run, if it would."""
        known = self.locked.get(stage.name)
        if known is None:
            return "it has not run"
        if behind := sorted(parent.name for parent in self.graph.parents(stage) if parent.name in stale):
            return f"{behind[0]} is not up to date"
        return next(self._moved(stage, known, found, records), None)

    def _moved(
        self, stage: Stage, known: Locked, found: Record | None, records: Mapping[str, Record]
    ) -> Iterator[str]:
        now = record.settings(self.root, stage)
        yield from (f"{each} is another now" for each in differing(known.settings, now))
        for path, md5 in known.deps.items():
            if self.sources.get(path, md5) != md5:
                yield f"{path} is another now"
        made = {each.path: each for maker in records.values() for each in maker.outputs}
        for each in found.inputs if found else ():
            if made.get(each.path, each) != each:
                yield f"{each.path} is another now"

    def contradictions(self, stage: Stage, found: Record) -> Iterator[str]:
        """Where lock and record of the stage say different things."""
        known = self.locked.get(stage.name)
        if known is None:
            return
        if known.cmd != found.cmd:
            yield f"{stage.name}: dvc.lock has the command {known.cmd!r}, its record {found.cmd!r}"
        own = record.path(stage.name)
        outputs = (*found.outputs, artifact.read(self.root, own))
        for path, md5 in (*known.deps.items(), *known.outs.items()):
            seen = artifact.md5(path, found.inputs if path in known.deps else outputs)
            if seen != md5:
                yield f"{stage.name}: dvc.lock has {path} as md5 {md5}, its record as {seen}"
        for each in differing(known.settings, found.settings):
            yield f"{stage.name}: dvc.lock and its record have different values of {each}"

    def replaced(self, stage: Stage, found: Record) -> Iterator[str]:
        """Name the modules that the stage ran in another version, though it would not run again for it."""
        here = modules.digests(found.modules)
        code = record.settings(self.root, stage).get(record.CODE)
        if code == found.settings.get(record.CODE):
            for name in sorted(name for name, sha in found.modules.items() if here.get(name) != sha):
                yield f"{stage.name}: it ran another {name} than there is"


def differing(one: Mapping[str, Mapping[str, Any]], other: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Name, by file, every setting of the two that is not the same."""
    for file in sorted(one.keys() | other.keys()):
        here, there = one.get(file) or {}, other.get(file) or {}
        for name in sorted(here.keys() | there.keys()):
            if here.get(name) != there.get(name):
                yield f"{file}: {name}"
