"""Holds the working copy of a shop against its newest run: settings, lock, code, records, and every file's bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from yaml import YAMLError

from pricetrail import __version__
from pricetrail.lineage import (
    agreement,
    artifact,
    canonical,
    graph,
    lock,
    manifest,
    modules,
    record,
    surroundings,
)
from pricetrail.lineage.artifact import Artifact
from pricetrail.lineage.declared import PARAMS, inside, load, stages
from pricetrail.lineage.environment import environment
from pricetrail.lineage.lock import NAME as LOCK
from pricetrail.lineage.verify import parameters
from pricetrail.lineage.verify.finding import Finding, Since, since
from pricetrail.lineage.verify.objects import Run

AREA = "shop"
STRANGE = (ValueError, KeyError, TypeError, AttributeError)


@dataclass(frozen=True, slots=True)
class Here:
    """What this process runs from: the commit that the package is at, and the digest of what is not committed."""

    commit: str | None
    diff: str | None

    def other(self, known: Mapping[str, Any]) -> bool:
        """Whether it is as a whole another pricetrail than the run's: of another version, or all of another commit."""
        moved = self.commit not in (None, known["code"].get("commit")) and self.diff is None
        return moved or known["code"]["version"] != __version__


def check(root: Path, run: Run, here: Here, *, apart: str) -> Iterator[Finding]:
    """Name everything of the shop ``root`` that is not as the run left it.

    Args:
        root: the shop.
        run: its newest run.
        here: the package that looks.
        apart: the folder that promotions change, and that is therefore no run's.
    """
    at, broken = since(run.entry), unreadable(root)
    yield from (Finding(AREA, name, fault, at) for name, fault in broken.items())
    if not here.other(run.manifest):
        yield from _code(run.manifest, at)
    yield from _files(root, _made(run.manifest), at)
    if not broken:
        yield from _settings(root, run, at)
        yield from _sources(root, run.manifest, at, apart)
        yield from _new(root, run.manifest, at, apart)
        yield from _records(root, run.manifest, at)


def tracks(said: Mapping[str, Any], path: str, files: Sequence[Artifact]) -> bool:
    """Whether what DVC tracks a file or folder by is what the files in it lead to."""
    md5 = artifact.md5(path, files)
    folder = {"nfiles": len(files)} if str(md5).endswith(".dir") else {}
    expected = {"md5": md5, "hash": "md5", "size": sum(each.size for each in files), **folder}
    return {name: said.get(name) for name in expected} == expected


def unreadable(root: Path) -> dict[str, str]:
    """The files from which everything else is read, and that cannot be: each with the reason."""
    tracked = [each for each in (*root.glob("*.dvc"), *root.glob("*/*.dvc")) if each.is_file()]
    readers: dict[str, Callable[[], object]] = {
        "dvc.yaml": lambda: graph.Graph(stages(root)).order(),
        LOCK: lambda: lock.read(root),
        record.CODE: lambda: load(root / record.CODE),
        **{each.relative_to(root).as_posix(): partial(_tracks, each) for each in tracked},
    }
    found = dict[str, str]()
    for name, read in readers.items():
        try:
            read()
        except (YAMLError, *STRANGE) as error:
            found[name] = f"it cannot be read any more: {' '.join(str(error).split())[:120]}"
    return found


def _tracks(path: Path) -> list[tuple[str, str]]:
    return [(str(each["path"]), str(each["md5"])) for each in load(path)["outs"]]


def remarks(root: Path, run: Run, here: Here) -> Iterator[str]:
    """What is no fault: another pricetrail or environment than the run's, and words or places that no stage reads."""
    if moved := surroundings.differing(run.manifest["environment"], environment()):
        told = "; ".join(map(str, moved))
        yield f"This environment is not that of run {run.entry.objects[0][:12]} in {len(moved)} points: {told}."
    if here.other(run.manifest):
        yield _upgraded(run.manifest, here)
    values = parameters.compare(root, run)
    yield from (f"{PARAMS}: {each}; no result depends on that." for each in values.apart)
    if values.rewritten:
        yield f"{PARAMS} is written otherwise than for the run; its values are the same."


def _settings(root: Path, run: Run, at: Since) -> Iterator[Finding]:
    """The files that say what is run; of ``params.yaml`` every value."""
    for name, digest in run.manifest["pipeline"].items():
        path = root / name
        if not path.is_file():
            yield Finding(AREA, name, "it is missing", at)
        elif name != PARAMS and canonical.file_digest(path) != digest:
            yield Finding(AREA, name, "it is not the one of the run", at)
    if moved := parameters.compare(root, run).moved:
        yield Finding(AREA, PARAMS, f"its values are others than the run's: {', '.join(moved)}", at)
    written = load(root / record.CODE)
    others = [
        stage for stage, digest in run.manifest["code"]["stages"].items() if written.get(stage) != digest
    ]
    yield from (Finding(AREA, record.CODE, f"the digest of {each} is not the run's", at) for each in others)
    told = [each.outs[record.CODE] for each in lock.read(root).values() if record.CODE in each.outs]
    if not others and told and told != [artifact.read(root, record.CODE).md5]:
        yield Finding(AREA, record.CODE, f"its bytes are not those that {LOCK} tells", at)


def _code(known: Mapping[str, Any], at: Since) -> Iterator[Finding]:
    """A module of this package that is not the one that a stage imported."""
    other = f"its code is not what the run imported, which was made by pricetrail at {_short(known['code'])}"
    yield from (
        Finding(AREA, name, other if there else "it is missing", at) for name, there in _others(known)
    )


def _upgraded(known: Mapping[str, Any], here: Here) -> str:
    this = f"This is pricetrail {__version__} at {(here.commit or 'no commit')[:12]}"
    others = ", ".join(name for name, _ in _others(known)) or "none"
    return (
        f"{this}, and the run was made by {known['code']['version']} at {_short(known['code'])}."
        f" Modules that are others by now: {others}."
    )


def _others(known: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """Each module that is not the one that a stage imported, and whether there is one of that name."""
    then = {name: sha for found in manifest.records(known).values() for name, sha in found.modules.items()}
    now = modules.digests(then)
    return ((name, name in now) for name in surroundings.changed(then, now))


def _short(code: Mapping[str, Any]) -> str:
    return (code.get("commit") or "no commit")[:12]


def _made(known: Mapping[str, Any]) -> list[Artifact]:
    return [Artifact.from_dict(each) for each in known["artifacts"]]


def _files(root: Path, known: list[Artifact], at: Since) -> Iterator[Finding]:
    for each in known:
        if fault := _fault(root, each):
            yield Finding(AREA, each.path, fault, at)


def _fault(root: Path, known: Artifact) -> str | None:
    path = root / known.path
    if not path.is_file():
        return "it is missing"
    if path.is_symlink() and not path.resolve().as_posix().endswith(f"/{known.md5[:2]}/{known.md5[2:]}"):
        return "it is a link to something outside of DVC's cache, and not a file"
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
        if path:
            file, found = tracked.get(path, (f"{path}.dvc", {}))
            if not tracks(found, path, files):
                yield Finding(AREA, file, f"it does not say of {path} what the run read", at)


def _new(root: Path, known: Mapping[str, Any], at: Since, apart: str) -> Iterator[Finding]:
    """Files beside those of the run, in the folders that it read and wrote."""
    done = [stage for stage in stages(root) if stage.name in known["records"]]
    written = [path for stage in done for path in stage.writes]
    read = {*(path for stage in done for path in stage.reads), *known["sources"]} - {apart, ""}
    there = {
        *artifact.files(root, (path for path in written if (root / path).is_dir())),
        *artifact.files(
            root, (path for path in read if (root / path).is_dir() and not _under(path, written))
        ),
    }
    met = {each["path"] for values in (known["artifacts"], *known["sources"].values()) for each in values}
    for name in sorted(there - met):
        did = "make" if _under(name, written) else "read"
        yield Finding(AREA, name, f"the run did not {did} it: it is new", at)


def _under(path: str, folders: Sequence[str]) -> bool:
    return any(path == each or path.startswith(f"{each}/") for each in folders)


def _records(root: Path, known: Mapping[str, Any], at: Since) -> Iterator[Finding]:
    then = manifest.records(known)
    for stage, expected in then.items():
        if record.read(root, stage) != expected:
            yield Finding(AREA, record.path(stage), "it is missing, or not the record that the run kept", at)
    for each in agreement.state(root, (known["stopped"] or {}).get("stage")).disagreements:
        if each not in known["disagreements"]:
            stage, _, fault = each.partition(": ")
            yield Finding(AREA, f"{LOCK}, {stage}" if fault.startswith(LOCK) else stage, fault, at)
