"""Holds the working copy of a shop against its newest run: settings, lock, code, records, and every file's bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pricetrail import __version__
from pricetrail.lineage import agreement, artifact, canonical, graph, manifest, modules, record, surroundings
from pricetrail.lineage.artifact import Artifact
from pricetrail.lineage.declared import PARAMS, inside, load
from pricetrail.lineage.environment import environment
from pricetrail.lineage.lock import NAME as LOCK
from pricetrail.lineage.verify.finding import Finding, Since, since
from pricetrail.lineage.verify.objects import Run

AREA = "shop"


def check(root: Path, run: Run, *, apart: str) -> Iterator[Finding]:
    """Name everything of the shop ``root`` that is not as the run left it.

    Args:
        root: the shop.
        run: its newest run.
        apart: the folder that promotions change, and that is therefore no run's.
    """
    at = since(run.entry)
    yield from _settings(root, run, at)
    yield from _code(run.manifest, at)
    yield from _files(root, _made(run.manifest), at)
    yield from _sources(root, run.manifest, at, apart)
    yield from _records(root, run.manifest, at)


def remarks(run: Run) -> Iterator[str]:
    """How this interpreter and machine are another than the run's: it would not be made here as it was there."""
    for moved in surroundings.differing(run.manifest["environment"], environment()):
        yield f"This environment is not that of run {run.entry.objects[0][:12]}: {moved}."
    if (version := run.manifest["code"]["version"]) != __version__:
        yield f"This version of pricetrail, {__version__}, is not that of the run: {version}."


def _settings(root: Path, run: Run, at: Since) -> Iterator[Finding]:
    """The files that say what is run; of ``params.yaml`` every value."""
    known = run.manifest
    for name, digest in known["pipeline"].items():
        path = root / name
        if not path.is_file():
            yield Finding(AREA, name, "it is missing", at)
        elif canonical.file_digest(path) != digest:
            moved = ", ".join(_values(known["parameters"], load(path))) if name == PARAMS else ""
            fault = (
                f"its values are others than the run's: {moved}" if moved else "it is not the one of the run"
            )
            yield Finding(AREA, name, fault, at)
    for stage, digest in known["code"]["stages"].items():
        if load(root / record.CODE).get(stage) != digest:
            yield Finding(AREA, record.CODE, f"the digest of {stage} is not the run's", at)


def _values(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for name in agreement.differing(then, now):
        block, _, key = name.partition(": ")
        was, found = (each.get(block, {}).get(key) for each in (then, now))
        yield f"{block}.{key} is {found!r} and was {was!r}"


def _code(known: Mapping[str, Any], at: Since) -> Iterator[Finding]:
    """A module of the same version of this package that is not the one that a stage imported."""
    if known["code"]["version"] != __version__:
        return
    then = {name: sha for found in manifest.records(known).values() for name, sha in found.modules.items()}
    now = modules.digests(then)
    for name in surroundings.changed(then, now):
        yield Finding(
            AREA, name, "its code is not what the run imported" if name in now else "it is missing", at
        )


def _made(known: Mapping[str, Any]) -> list[Artifact]:
    return [Artifact.from_dict(each) for each in known["artifacts"]]


def _files(root: Path, known: list[Artifact], at: Since) -> Iterator[Finding]:
    for each in known:
        if fault := _fault(root, each):
            yield Finding(AREA, each.path, fault, at)


def _fault(root: Path, known: Artifact) -> str | None:
    if not (root / known.path).is_file():
        return "it is missing"
    found = artifact.read(root, known.path)
    if found == known:
        return None
    size = f", {found.size:,} bytes and not {known.size:,}" if found.size != known.size else ""
    return f"its bytes are others than the run's (SHA-256 {found.sha256[:12]}…, recorded {known.sha256[:12]}…{size})"


def _sources(root: Path, known: Mapping[str, Any], at: Since, apart: str) -> Iterator[Finding]:
    """What came from no stage: each file that was read, any that is there besides, and what DVC tracks it as."""
    tracked = {
        inside(file, each["path"]): (file, each)
        for file, found in graph.sources(root)
        for each in found["outs"]
    }
    for path, values in known["sources"].items():
        files = [Artifact.from_dict(each) for each in values]
        if path == apart:
            continue
        yield from _files(root, files, at)
        new = set(artifact.files(root, [path] if path else [])) - {each.path for each in files}
        yield from (Finding(AREA, name, "the run did not read it: it is new", at) for name in sorted(new))
        if path:
            file, found = tracked.get(path, (f"{path}.dvc", {}))
            if found.get("md5") != artifact.md5(path, files):
                yield Finding(AREA, file, f"it names another version of {path} than the run read", at)


def _records(root: Path, known: Mapping[str, Any], at: Since) -> Iterator[Finding]:
    then = manifest.records(known)
    for stage, expected in then.items():
        if record.read(root, stage) != expected:
            yield Finding(AREA, record.path(stage), "it is missing, or not the record that the run kept", at)
    for each in agreement.state(root).disagreements:
        if each not in known["disagreements"]:
            stage, _, fault = each.partition(": ")
            yield Finding(AREA, f"{LOCK}, {stage}" if fault.startswith(LOCK) else stage, fault, at)
