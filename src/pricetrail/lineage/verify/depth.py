"""Looks at the bytes of every version that the ledger names, wherever they are kept: git, DVC's cache, its remotes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from pricetrail.errors import ArtifactMissing, StoreFailed
from pricetrail.lineage import canonical, lock, recall
from pricetrail.lineage.blob import Blobs
from pricetrail.lineage.lock import NAME as LOCK
from pricetrail.lineage.verify.finding import Finding, Since, since
from pricetrail.lineage.verify.objects import Run

THREADS = 8
NAMED = 3
MISSING = "it is missing"
GIT = "git"

Versions = Callable[[Sequence[str]], list[bytes | None]]
"""The bytes of ``<commit>:<path>``, or None, for each of several."""
Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes that an entry of the ledger names; of what ``dvc.lock`` alone tells there is no SHA-256."""

    path: str
    md5: str
    sha256: str | None
    at: Since


@dataclass(frozen=True, slots=True)
class Wanted:
    """The contents that DVC must have, by MD5, and what git should have and does not."""

    blobs: Mapping[str, Blob]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Looked:
    """How many contents a place was asked for, what is wrong with them, and why it was not asked further.

    ``elsewhere`` names those that it lacks and another place holds whole.
    """

    place: str
    contents: int
    findings: tuple[Finding, ...]
    unreached: str | None
    elsewhere: tuple[str, ...] = ()

    @property
    def remarks(self) -> Iterator[str]:
        """What to know beside the findings."""
        if self.unreached:
            yield f"{self.place}: NOT CHECKED: {self.unreached}"
        if self.elsewhere:
            more = len(self.elsewhere) - NAMED
            named = ", ".join(self.elsewhere[:NAMED]) + (f" and {more:,} more" if more > 0 else "")
            yield f"{self.place}: it lacks {named}; a remote holds that whole."


def wanted(runs: Iterable[Run], versions: Versions) -> Wanted:
    """All that the runs name, oldest first, apart from what git keeps under their commits."""
    blobs, findings = dict[str, Blob](), list[Finding]()
    for run in runs:
        known, faults = _known(run, versions)
        held, others = _held(run, known, versions)
        findings += [*faults, *others]
        for blob in known:
            if blob.path not in held:
                blobs.setdefault(blob.md5, blob)
    return Wanted(blobs, tuple(findings))


def look(place: Blobs, blobs: Iterable[Blob], progress: Progress) -> Looked:
    """Digest every content that a place should keep."""
    findings, asked = list[Finding](), list(blobs)
    with ThreadPoolExecutor(THREADS) as pool:
        try:
            for at, fault in enumerate(pool.map(lambda blob: _fault(place, blob), asked), 1):
                progress(at / len(asked), f"{place.name}: {at:,} of {len(asked):,}")
                if fault:
                    blob = asked[at - 1]
                    findings.append(Finding(place.name, f"{blob.path} (md5 {blob.md5})", fault, blob.at))
        except StoreFailed as error:
            pool.shutdown(cancel_futures=True)
            return Looked(place.name, 0, (), str(error))
    return Looked(place.name, len(asked), tuple(findings), None)


def sparing(cache: Looked, remotes: Sequence[Looked]) -> Looked:
    """What the cache lacks and a remote holds whole is no fault: who restored or pulled has only the newest."""
    faulty = [{each.place for each in remote.findings} for remote in remotes if not remote.unreached]
    spared = [
        each
        for each in cache.findings
        if each.fault == MISSING and any(each.place not in places for places in faulty)
    ]
    left = tuple(each for each in cache.findings if each not in spared)
    return replace(cache, findings=left, elsewhere=tuple(each.place for each in spared))


def _fault(place: Blobs, blob: Blob) -> str | None:
    try:
        found = place.look(blob.md5)
    except ArtifactMissing:
        return MISSING
    if blob.sha256 not in (None, found.sha256):
        return f"its bytes were changed: SHA-256 {found.sha256[:12]}…, recorded {str(blob.sha256)[:12]}…"
    if found.md5 != blob.md5.removesuffix(".dir"):
        return f"its bytes were changed: their MD5 is {found.md5}"
    return None


def _known(run: Run, versions: Versions) -> tuple[list[Blob], list[Finding]]:
    """Every file that a run names, and where its commit is not what was recorded."""
    commit, at, faults = run.manifest["shop"]["commit"], since(run.entry), list[Finding]()
    known = {blob.path: blob for blob in _named(run.manifest, at)}
    pipeline = run.manifest["pipeline"] if commit is not None and run.manifest["shop"]["diff"] is None else {}
    contents = dict(zip(pipeline, versions([f"{commit}:{name}" for name in pipeline]), strict=True))
    if pipeline and not any(contents.values()):
        return list(known.values()), [
            Finding(GIT, f"commit {commit}", "the shop's repository does not have it", at)
        ]
    for name, content in contents.items():
        if content is None or canonical.digest(content) != pipeline[name]:
            faults.append(
                Finding(GIT, f"{name} of commit {commit[:12]}", "it is not what the run recorded", at)
            )
        elif name == LOCK:
            known = {**dict(_locked(content, run.manifest, at)), **known}
    return list(known.values()), faults


def _held(run: Run, known: list[Blob], versions: Versions) -> tuple[set[str], list[Finding]]:
    """The paths that git keeps under a run's commit, and those of which it keeps something else."""
    commit, held, faults = run.manifest["shop"]["commit"], set[str](), list[Finding]()
    names = [] if commit is None else [f"{commit}:{blob.path}" for blob in known]
    for blob, content in zip(known, versions(names), strict=False):
        if content is not None:
            held.add(blob.path)
            if run.manifest["shop"]["diff"] is None and not _same(content, blob):
                place = f"{blob.path} of commit {commit[:12]}"
                faults.append(Finding(GIT, place, "it is not what the run recorded", blob.at))
    return held, faults


def _same(content: bytes, blob: Blob) -> bool:
    if blob.sha256 is not None:
        return canonical.digest(content) == blob.sha256
    return hashlib.md5(content, usedforsecurity=False).hexdigest() == blob.md5


def _named(run: Mapping[str, Any], at: Since) -> Iterator[Blob]:
    """Every file in a run's manifest."""
    sides: list[Mapping[str, Any]] = [each for kept in run["records"].values() for each in kept["inputs"]]
    sides += recall.sources(run)
    yield from (Blob(each["path"], each["md5"], each["sha256"], at) for each in [*sides, *run["artifacts"]])


def _locked(content: bytes, run: Mapping[str, Any], at: Since) -> Iterator[tuple[str, Blob]]:
    """Folders, and the records of stages: their digests are in the lock alone. Of a stage that is not up to date it
    tells what an earlier run did.
    """
    for name, stage in lock.parse(content).items():
        if name in run["records"]:
            sources = {path: md5 for path, md5 in stage.deps.items() if path in run["sources"]}
            for path, md5 in {**stage.outs, **sources}.items():
                yield path, Blob(path, md5, None, at)
