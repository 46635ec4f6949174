"""Asks whether a shop is what its ledger says: the ledger, what it names, the working copy, and every kept byte."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pricetrail.apply import Map
from pricetrail.errors import ArtifactMissing, DigestMismatch, KeyMissing, LedgerBroken, StageFailed
from pricetrail.lineage import artifact, canonical, entry, graph, keys, place
from pricetrail.lineage.channel import PRODUCTION
from pricetrail.lineage.modules import PACKAGE
from pricetrail.lineage.receipts import retention, seal
from pricetrail.lineage.receipts.verify import Verdict, examine
from pricetrail.lineage.verify import Finding, Since, chain, depth, objects, since, workspace
from pricetrail.lineage.verify.chain import Chain
from pricetrail.lineage.verify.depth import Looked, Progress
from pricetrail.lineage.verify.objects import Objects
from pricetrail.lineage.verify.workspace import Here
from pricetrail.shop import beside, cache, git, note, production, transfer
from pricetrail.shop.note import Note


@dataclass(frozen=True, slots=True)
class Report:
    """What was looked at, what does not hold, and what else to know.

    ``checked`` counts by kind what was looked at; ``head`` is the newest entry that holds, and ``signed`` says
    whether every entry is.
    """

    head: Since | None
    signed: bool
    checked: Mapping[str, int]
    findings: tuple[Finding, ...]
    remarks: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        head = self.head and {"number": self.head.number, "digest": self.head.digest, "when": self.head.when}
        return {
            "holds": not self.findings,
            "signed": self.signed,
            "head": head,
            "checked": dict(self.checked),
            "findings": [each.to_dict() for each in self.findings],
            "remarks": list(self.remarks),
        }


def verify(
    root: Path,
    *,
    deep: bool = False,
    seen: str | None = None,
    apply: Map = map,
    progress: Progress = lambda *_: None,
) -> Report:
    """Check the shop ``root``; nothing of it is changed.

    Args:
        root: the shop.
        seen: how the digest begins of an entry that somebody saw before, and that must still be there.
        deep: look at every version of every file in git, in DVC's cache and in its remotes as well.
        apply: who checks some of the receipts at a time.
        progress: is told the share done of the deep work.

    Raises:
        ParamsInvalid: its settings do not say where the ledger is.
    """
    store, at_work, broken = place.store(root), note.read(root), workspace.unreadable(root)
    trust, anchored = _anchor(root)
    found = chain.walk(store, trust, place.witness(root))
    kept = objects.check(store, found)
    receipts = _receipts(root, found, apply)
    findings = [*anchored, *found.findings, *_gone(found, seen), *kept.findings, *_ring(root)]
    findings += [*_minding_git(_recorded(root, found, at_work)), *_faults(receipts, found)]
    findings += [] if broken else _production(root, found, kept, at_work)
    remarks = [*found.remarks, *beside.keys(root, found), *_busy(at_work), *_open(receipts)]
    checked = {"entries": len(found.entries), "objects": len(kept.kept), "receipts": receipts.receipts}
    if not _comparable(found, kept):
        remarks.append("The working copy was not compared: there is no newest run in the ledger that holds.")
    else:
        here = Here(**git.identity(PACKAGE))
        findings += workspace.check(root, kept.runs[0], here, apart=production.FOLDER)
        remarks += [] if broken else beside.files(root, kept.runs[0], {each.place for each in findings})
        remarks += workspace.remarks(root, kept.runs[0], here)
        checked["files"] = len(kept.runs[0].manifest["artifacts"])
    if deep:
        for looked in _deep(root, kept, progress):
            findings += looked.findings
            checked[looked.place] = looked.contents
            remarks += looked.remarks
        findings += _pushed(root, found)
        remarks += beside.stored(root, found, seal.named(found.topic(seal.KIND)))
    return Report(
        found.head, all(each.signer for each in found.entries), checked, tuple(findings), tuple(remarks)
    )


def _anchor(root: Path) -> tuple[str | None, list[Finding]]:
    """The key that the ledger must begin with, and what is wrong with the file that says so."""
    if not place.signed(root) and not _begun_signed(root):
        return None, []
    try:
        trusted = place.anchor(root)
    except KeyMissing as error:
        return None, [Finding("keys", place.ANCHOR, str(error))]
    if trusted is None:
        return None, [
            Finding("keys", place.ANCHOR, "it is missing: it says with which key the ledger begins")
        ]
    written = (root / place.ANCHOR).read_bytes()
    if written != keys.pem(keys.public(written)):
        return trusted, [Finding("keys", place.ANCHOR, "it is not written as 'pricetrail init' writes it")]
    return trusted, []


def _begun_signed(root: Path) -> bool:
    """Whether the first entry is signed, whatever the settings say by now."""
    try:
        return entry.parse(1, place.store(root).read(entry.name(1)))[0].signer is not None
    except (ArtifactMissing, LedgerBroken):
        return False


def _ring(root: Path) -> Iterator[Finding]:
    """The private keys at hand: each must be the one that it is named after."""
    for path in sorted((root / place.KEYS).glob("*.pem")):
        try:
            whole = keys.parse(path.read_bytes(), path.name)
        except KeyMissing as error:
            yield Finding("keys", f"{place.KEYS}/{path.name}", str(error))
            continue
        if whole.id != path.stem or whole.pem() != path.read_bytes():
            yield Finding("keys", f"{place.KEYS}/{path.name}", "it is not the key that it is named after")


def _recorded(root: Path, found: Chain, at_work: Note) -> Iterator[Finding]:
    """Runs that git knows of and the ledger does not, and those that passed and became no release."""
    if at_work.at_work is not None:
        return
    runs, releases = found.topic("run"), {each.body["run"] for each in found.topic("release")}
    commits = {each.body["commit"] for each in runs}
    for commit, subject in git.log(root):
        if subject.startswith(git.RUN) and commit not in commits:
            fault = f"git has it as {subject[:40]!r}, and no entry of the ledger records it"
            yield Finding("ledger", f"the run of commit {commit[:12]}", fault, found.head)
    held = git.kept(root)
    for each in runs:
        if each.body["commit"] and each.body["commit"] not in held:
            fault = "no branch of the shop's repository leads to it: its history was written anew, or is not all here"
            yield Finding("git", f"commit {each.body['commit'][:12]}", fault, since(each))
    cut = {
        before.number
        for before, each in zip(runs[1:], runs, strict=False)
        if each.body["outcome"] == "killed"
    }
    for each in runs:
        if not each.body["obstacles"] and each.body["run"] not in releases and each.number not in cut:
            fault = "it passed, and no entry makes it a release"
            yield Finding("ledger", f"run of entry {each.number}", fault, since(each))


def _minding_git(findings: Iterator[Finding]) -> Iterator[Finding]:
    """A history that git cannot read is itself what does not hold."""
    try:
        yield from findings
    except StageFailed as error:
        yield Finding("git", ".git", " ".join(str(error).split()))


def _production(root: Path, found: Chain, kept: Objects, at_work: Note) -> Iterator[Finding]:
    """Whether ``production/`` holds what its channel points at, and DVC tracks it so."""
    if at_work.at_work == "promotion":
        return
    standing = next(iter(found.topic(f"channel/{PRODUCTION}")), None)
    path, at = root / production.FOLDER / production.NOTE, since(standing) if standing else None
    said = _json(path)
    if standing is None and path.exists():
        yield Finding(
            "channel", f"{production.FOLDER}/{production.NOTE}", "no promotion in the ledger put it there"
        )
    release = kept.kept.get(str(standing.body["release"])) if standing else None
    if standing is not None and release is not None:
        if said != production.about(str(standing.body["release"]), release.manifest):
            fault = (
                f"it is not about the release that the channel points at, {standing.body['release'][:12]}…"
            )
            yield Finding("channel", f"{production.FOLDER}/{production.NOTE}", fault, at)
        for each in release.manifest["files"]:
            copy = production.FILES.get(each["path"])
            if copy and not _is(root / production.FOLDER / copy, each["sha256"]):
                fault = "it is missing, or not the file of the release that the channel points at"
                yield Finding("channel", f"{production.FOLDER}/{copy}", fault, at)
    inside = [artifact.read(root, name) for name in artifact.files(root, [production.FOLDER])]
    tracked = {each["path"]: each for _, values in graph.sources(root) for each in values["outs"]}
    if not workspace.tracks(tracked.get(production.FOLDER, {}), production.FOLDER, inside):
        fault = f"what it says of {production.FOLDER}/ is not what lies there"
        yield Finding("channel", f"{production.FOLDER}.dvc", fault, at)


def _receipts(root: Path, found: Chain, apply: Map) -> Verdict:
    known = seal.named(found.topic(seal.KIND))
    return examine(place.store(root), known, retention.named(found.topic(retention.KIND)), apply=apply)


def _faults(receipts: Verdict, found: Chain) -> Iterator[Finding]:
    for each in receipts.found:
        yield Finding("receipts", each.place, each.fault, found.known(each.entry) if each.entry else None)


def _gone(found: Chain, seen: str | None) -> Iterator[Finding]:
    if seen is not None and not any(each.digest.startswith(seen) for each in found.entries):
        fault = "it was seen before and is not in the ledger: it was cut off, or replaced with all behind it"
        yield Finding("ledger", f"the entry {seen}", fault)


def _busy(at_work: Note) -> Iterator[str]:
    if at_work.at_work is not None:
        yield f"A {at_work.at_work} is at work or was cut short; the next 'pricetrail run' finishes what it left."


def _open(receipts: Verdict) -> Iterator[str]:
    if receipts.open:
        yield f"{receipts.open:,} receipts are under no signature yet: 'pricetrail receipts --seal' puts them there."


def _comparable(found: Chain, kept: Objects) -> bool:
    """Whether the newest run that holds is the newest that there was."""
    broken = [each.since.number for each in found.findings if each.since]
    runs = found.topic("run")
    return bool(kept.runs and runs[0] == kept.runs[0].entry) and max(broken, default=0) < runs[0].number


def _deep(root: Path, kept: Objects, progress: Progress) -> Iterator[Looked]:
    """The bytes of every run, in git, in the cache and in each remote."""
    wanted = depth.wanted(reversed(kept.runs), lambda names: git.contents(root, names))
    yield Looked("git", len(kept.runs), (*wanted.findings, *_unsound(root)), None)
    places = [cache.local(root), *cache.remotes(root)]
    local, *remotes = (
        depth.look(each, wanted.blobs.values(), _part(progress, at, len(places)))
        for at, each in enumerate(places)
    )
    yield from (depth.sparing(local, remotes), *remotes)


def _pushed(root: Path, found: Chain) -> Iterator[Finding]:
    """The history that the newest push brought to where the shop is kept."""
    newest = next(iter(found.topic(transfer.KIND)), None)
    if newest is not None:
        with tempfile.TemporaryDirectory(prefix="pricetrail-") as scratch:
            try:
                transfer.fetch(place.store(root), newest, Path(scratch))
            except (ArtifactMissing, DigestMismatch) as error:
                yield Finding(
                    "git",
                    f"the history of the push, {newest.body['bundle'][:12]}…",
                    str(error),
                    since(newest),
                )


def _unsound(root: Path) -> Iterator[Finding]:
    for said in git.unsound(root):
        yield Finding("git", ".git", said)


def _part(progress: Progress, at: int, of: int) -> Progress:
    return lambda share, note: progress((at + share) / of, note)


def _json(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _is(path: Path, sha256: str) -> bool:
    return path.is_file() and canonical.file_digest(path) == sha256
