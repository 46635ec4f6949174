"""Is there anything for a run to do? Told without DVC, from the last run, git, and every byte.

When a whole run has passed, DVC would find nothing to do at its commit. It still would not while nothing that git
tracks has changed since, the code is the same, and every file has the digest that DVC locked and lies in its cache.
Whatever else is the case is DVC's to judge.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath

from pricetrail.lineage import artifact, declared, graph, lock, record
from pricetrail.lineage.agreement import NO_RECORD
from pricetrail.lineage.artifact import Artifact
from pricetrail.lineage.declared import Stage
from pricetrail.shop import cache, git, note
from pricetrail.stages import code

MOST = 1 << 29
"""To digest more bytes than that takes longer than DVC does, which goes by the times of files."""


def settled(root: Path) -> bool:
    """Whether the shop ``root`` is to the byte what its last run left, and that was a whole one and passed."""
    if note.read(root).passed != git.head(root) or git.dirty(root):
        return False
    stages = declared.stages(root)
    return all(_rests(root, stage) for stage in stages) and _same_bytes(root, stages)


def _rests(root: Path, stage: Stage) -> bool:
    """Whether the stage would not run for its own sake; the digests of the code are taken here instead."""
    if stage.name == NO_RECORD:
        return (root / record.CODE).read_text(encoding="utf-8") == code.text()
    return not stage.always


def _same_bytes(root: Path, stages: Iterable[Stage]) -> bool:
    locked = lock.read(root).values()
    read = {path: md5 for stage in locked for path, md5 in stage.deps.items()}
    kept = dict(graph.tracked(root)) | {path: md5 for stage in locked for path, md5 in stage.outs.items()}
    paths = list(artifact.files(root, read | kept))
    if not all((root / path).is_file() for path in paths) or _size(root, paths) > MOST:
        return False
    files = [artifact.read(root, path) for path in paths]
    if any(artifact.md5(path, files) != md5 for path, md5 in (read | kept).items()):
        return False
    plain = {path for stage in stages for path in stage.plain}
    return _cached(root, {path: md5 for path, md5 in kept.items() if path not in plain}, files)


def _size(root: Path, paths: Iterable[str]) -> int:
    return sum((root / path).stat().st_size for path in paths)


def _cached(root: Path, kept: Mapping[str, str], files: Sequence[Artifact]) -> bool:
    """Whether DVC's cache holds each of those paths, and of a folder every file."""
    place = cache.local(root)
    inside = (
        each.md5 for each in files if any(PurePosixPath(each.path).is_relative_to(path) for path in kept)
    )
    return all(place.path(md5).exists() for md5 in {*kept.values(), *inside})
