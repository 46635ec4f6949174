"""Checks what entries name: every object under its digest, and what runs and releases say against each other."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pricetrail.errors import ArtifactMissing
from pricetrail.lineage import canonical, channel, manifest, release
from pricetrail.lineage.entry import OBJECTS, Entry
from pricetrail.lineage.store import Store
from pricetrail.lineage.verify.chain import Chain
from pricetrail.lineage.verify.finding import Finding, since

AREA = "ledger"
KINDS = {"run": manifest.TYPE, "release": release.TYPE}


@dataclass(frozen=True, slots=True)
class Run:
    """A run that the ledger names, with its manifest as it was kept."""

    entry: Entry
    manifest: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Objects:
    """The manifests that hold, by id, each with the entry that first named it; and what does not hold."""

    kept: Mapping[str, Run]
    findings: tuple[Finding, ...]

    @property
    def runs(self) -> list[Run]:
        """The runs, newest first."""
        found = [each for each in self.kept.values() if each.manifest.get("type") == manifest.TYPE]
        return sorted(found, key=lambda each: -each.entry.number)


def check(store: Store, chain: Chain) -> Objects:
    """Read every object that an entry names, and hold the entries against them."""
    kept, findings, met = dict[str, Run](), list[Finding](), set[str]()
    for entry in chain.entries:
        for id in entry.objects:
            if id not in met:
                met.add(id)
                content = _content(store, id, entry, findings)
                if content is not None and entry.kind in KINDS:
                    kept[id] = Run(entry, json.loads(content))
    findings += _strays(store, met)
    for entry in chain.entries:
        findings += (_finding(entry, fault) for fault in _faults(entry, kept, chain))
    return Objects(kept, tuple(findings))


def _content(store: Store, id: str, entry: Entry, findings: list[Finding]) -> bytes | None:
    """The bytes of an object, if they are what the entry named."""
    name = f"{OBJECTS}{id}.json"
    try:
        content = store.read(name)
    except ArtifactMissing:
        findings.append(Finding(AREA, name, f"it is missing; a {entry.kind} names it", since(entry)))
        return None
    if (found := canonical.digest(content)) != id:
        fault = f"its SHA-256 is {found[:12]}…: it is not what the {entry.kind} named"
        findings.append(Finding(AREA, name, fault, since(entry)))
        return None
    return content


def _strays(store: Store, met: set[str]) -> Iterator[Finding]:
    """Objects that no entry names are what a killed writer leaves; one that is not what it is called is not."""
    for name in store.names(OBJECTS):
        id = name.removeprefix(OBJECTS).removesuffix(".json")
        if id not in met and canonical.digest(store.read(name)) != id:
            yield Finding(AREA, name, "it is not what its name says, and no entry names it")


def _faults(entry: Entry, kept: Mapping[str, Run], chain: Chain) -> Iterator[str]:
    match entry.kind:
        case "run" if entry.objects[0] in kept:
            yield from _of_run(entry, kept[entry.objects[0]].manifest)
        case "release" if entry.objects[0] in kept:
            yield from _of_release(entry, kept)
        case "promotion" | "rollback":
            yield from _of_channel(entry, chain)


def _of_run(entry: Entry, run: Mapping[str, Any]) -> Iterator[str]:
    if run.get("type") != manifest.TYPE:
        yield f"what it names is no manifest of a run ({run.get('type')!r})"
        return
    for said, found in (
        ("run", entry.objects[0]),
        ("outcome", run["outcome"]),
        ("commit", run["shop"]["commit"]),
        ("obstacles", list(release.obstacles(run))),
    ):
        if _unordered(entry.body.get(said)) != _unordered(found):
            yield f"it says {said} {entry.body.get(said)!r}, and the manifest {found!r}"


def _unordered(said: object) -> object:
    """An entry tells obstacles in the pipeline's order, and a manifest that was read back in that of the alphabet."""
    return sorted(map(str, said)) if isinstance(said, list) else said


def _of_release(entry: Entry, kept: Mapping[str, Run]) -> Iterator[str]:
    made = kept[entry.objects[0]].manifest
    run = kept.get(str(made.get("run")))
    if run is None or run.entry.number > entry.number:
        yield f"its run {str(made.get('run'))[:12]}… is not recorded before it"
        return
    if made != release.of(run.manifest):
        yield "it is not the release that its run is: files, gates or figures were written by hand"
    if short := list(release.obstacles(run.manifest)):
        yield f"its run is no release: {short[0]}"
    if entry.body.get("gates") != made.get("gates") or entry.body.get("run") != made.get("run"):
        yield "it says something else than its manifest"


def _of_channel(entry: Entry, chain: Chain) -> Iterator[str]:
    """Whether a channel moved by the rules that held at the time."""
    before = [each for each in chain.entries if each.number < entry.number]
    id = str(entry.body.get("release"))
    known = [each for each in before if each.kind == "release" and each.objects[0] == id]
    if not known:
        yield f"the release {id[:12]}… was not recorded before it"
    elif set(known[-1].body["gates"].values()) != {"passed"}:
        yield f"the release {id[:12]}… did not pass its gates"
    if id in channel.shunned(before):
        yield f"the release {id[:12]}… was in quarantine"
    if not channel.NAME.fullmatch(str(entry.body.get("channel"))):
        yield f"{entry.body.get('channel')!r} is no channel"


def _finding(entry: Entry, fault: str) -> Finding:
    return Finding(AREA, f"{entry.kind} of entry {entry.number}", fault, since(entry))
