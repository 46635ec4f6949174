"""Trace: from a price, a release, a run or a file back to everything that it came from.

It reads the ledger and the receipts, needs no more than they do, and believes nothing that is not signed there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pricetrail.errors import DigestMismatch, UnknownId
from pricetrail.lineage import canonical, channel, ids, named, origin
from pricetrail.lineage.entry import Entry
from pricetrail.lineage.ledger import Ledger
from pricetrail.lineage.lock import NAME as LOCK
from pricetrail.lineage.manifest import Manifest
from pricetrail.lineage.recall import files, runs
from pricetrail.lineage.receipts import Found, find, segment
from pricetrail.lineage.receipts.seal import KIND, Sealed
from pricetrail.lineage.trail import Step, Trail, Use, reached

BESIDE, NOTE = "production/", "production/release.json"
"""Where a shop keeps copies of what serves, and what it says of them."""


def trace(ledger: Ledger, given: str) -> Trail:
    """The trail of what an id names: a receipt's number, or the SHA-256 of a release, a run or a file.

    The beginning of one suffices when it fits nothing else; releases and runs come before files.

    Raises:
        UnknownId: it names nothing, or is no id.
        AmbiguousId: it fits more than one.
        DigestMismatch: what it names is not what was recorded.
    """
    if "-" in given:
        return of_receipt(ledger, find(ledger.store, given))
    if not ids.PREFIX.fullmatch(plain := given.strip().lower()):
        raise UnknownId(
            "Expected a receipt's number such as k7q2m9xa-3f-9d2e-4t, or 64 hexadecimal digits of a release, a run or a"
            f" file, at least the first {ids.SHORTEST} of them; found {given[:80]!r}."
        )
    if (entry := named.entry(ledger, plain)) is not None:
        return of_release(ledger, entry) if entry.kind == "release" else of_run(ledger, entry)
    known = {each["sha256"] for _, run in runs(ledger) for each in files(run)}
    some = any(id.startswith(plain) for id in known)
    return of_file(ledger, ids.resolve(plain, known, "file" if some else "release, run or file"))


def of_receipt(ledger: Ledger, found: Found) -> Trail:
    """The trail of a receipt.

    Raises:
        DigestMismatch: it is not what was sealed.
        UnknownId: the ledger has no such release.
    """
    said, entry = found.receipt, _released(ledger, found.receipt.release)
    facts = {
        "product": said.product, "store": said.store, "price": said.price, "revenue": said.revenue,
        "at": said.at.isoformat(), "inputs": said.inputs, "request": dict(said.request), "answer": dict(said.answer),
        "sealed": _seal(ledger, found),
    }  # fmt: skip
    behind = (_release_id(said.release),)
    receipt = Step(f"receipt {found.number}", "receipt", str(found.number), found.digest, facts, behind)
    return reached(receipt, _release_steps(ledger, entry))


def of_release(ledger: Ledger, entry: Entry) -> Trail:
    """The trail of the release that an entry recorded."""
    found = list(_release_steps(ledger, entry))
    return reached(found[0], found)


def of_run(ledger: Ledger, entry: Entry) -> Trail:
    """The trail of the run that an entry recorded."""
    found = list(_run_steps(ledger, entry))
    return reached(found[0], found)


def of_file(ledger: Ledger, sha256: str, path: str | None = None) -> Trail:
    """The trail of a file's bytes: what they came from in the newest run that made or read them, and every use.

    Equal bytes are one file wherever they lie; ``path`` says which of the places is meant, should there be several.

    Raises:
        UnknownId: no run made or read such bytes.
    """
    released = {str(entry.body["run"]): id for id, entry in channel.releases(ledger).items()}
    found = [
        (use, entry, run)
        for entry, run in runs(ledger)
        for use in _uses(entry, run, sha256, released.get(entry.objects[0]))
    ]
    if not found:
        raise UnknownId(f"No run made or read a file whose SHA-256 is {sha256}.")
    use, entry, _ = next((each for each in found if each[0].path == path), found[0])
    known = {step.id: step for step in _run_steps(ledger, entry)}
    uses = tuple(each for each, _, _ in found)
    alone = Step(origin.file_id(use.path, sha256), "file", use.path, sha256, {})
    return reached(known.get(alone.id, alone), known.values(), uses)


def versions(ledger: Ledger, path: str) -> Iterator[str]:
    """The SHA-256 of every version of a file that a run made or read, newest first."""
    yield from dict.fromkeys(
        each["sha256"] for _, run in runs(ledger) for each in files(run) if each["path"] == path
    )


def _release_steps(ledger: Ledger, entry: Entry) -> Iterator[Step]:
    step = _release(ledger, entry)
    yield step
    made = str(entry.body["run"])
    run = next((each for each in ledger.topic("run") if each.objects[0] == made), None)
    if run is None:
        raise UnknownId(
            f"The release {step.name}… came of the run {made[:12]}…, which the ledger does not have."
        )
    yield from _run_steps(ledger, run)


def _release(ledger: Ledger, entry: Entry) -> Step:
    id, made = entry.objects[0], named.manifest(ledger, entry)
    facts = {
        **{name: made.get(name) for name in ("rows_until", "gates", "metrics")},
        "when": entry.when, "who": entry.who, "entry": entry.number, "signer": entry.signer, **_standing(ledger, id),
        "files": {each["path"]: each["sha256"] for each in made["files"]},
    }  # fmt: skip
    return Step(_release_id(id), "release", id[:12], id, facts, (origin.run_id(str(entry.body["run"])),))


def _run_steps(ledger: Ledger, entry: Entry) -> Iterator[Step]:
    """The steps of a run. The files that it was judged beside lead to the release that served then, and no farther."""
    found = list(origin.steps(entry, named.manifest(ledger, entry)))
    beside = {step.id for step in found if step.name.startswith(BESIDE) and not step.behind}
    number = entry.links.get(f"channel/{channel.PRODUCTION}") if beside else None
    if number is None:
        yield from found
        return
    served = replace(_release(ledger, _released(ledger, str(ledger.read(number).body["release"]))), behind=())
    held = set(served.facts["files"].values())
    for step in found:
        copied = step.id in beside and (step.digest in held or step.name == NOTE)
        yield replace(step, behind=(served.id,)) if copied else step
    yield served


def _standing(ledger: Ledger, id: str) -> dict[str, Any]:
    """Who let the release serve, newest first, whether it was made again, and who keeps it from serving."""
    moved = [
        each
        for kind in ("promotion", "rollback")
        for each in ledger.topic(kind)
        if each.body["release"] == id
    ]
    again = next((each for each in ledger.topic("reproduction") if each.body["release"] == id), None)
    shunned = channel.quarantined(ledger).get(id)
    told = {
        "promoted": [_told(each, "channel", "why") for each in sorted(moved, key=lambda each: -each.number)],
        "reproduced": _told(again, "verdict") if again else None,
        "quarantined": _told(shunned, "why") if shunned else None,
    }
    return {name: value for name, value in told.items() if value}


def _told(entry: Entry, *names: str) -> dict[str, Any]:
    """An entry in short, with what of its body tells most."""
    about = {"entry": entry.number, "kind": entry.kind, "who": entry.who, "when": entry.when}
    return about | {name: entry.body.get(name) for name in names}


def _released(ledger: Ledger, id: str) -> Entry:
    if (entry := channel.recorded(ledger, id)) is None:
        raise UnknownId(f"The release {id[:12]}… is named, and the ledger does not have it.")
    return entry


def _seal(ledger: Ledger, found: Found) -> Mapping[str, Any] | None:
    """The entry that sealed the receipt, once its bytes are seen to be those; None of one that is not sealed yet."""
    if not found.sealed:
        return None
    name = found.number.segment
    for entry in ledger.topic(KIND):
        for facts in entry.body["segments"]:
            if facts["segment"] == name:
                _check(ledger, Sealed(**facts, entry=entry.number))
                return {
                    "entry": entry.number,
                    "root": facts["root"],
                    "when": entry.when,
                    "index": found.number.index,
                }
    raise DigestMismatch(
        f"The receipt {found.number} lies in a sealed segment that no entry of the ledger names."
    )


def _check(ledger: Ledger, facts: Sealed) -> None:
    segment.read(ledger.store, facts.segment, facts.summary)
    name = segment.path(facts.segment, "jsonl.gz")
    if canonical.digest(ledger.store.read(name)) != facts.file:
        raise DigestMismatch(
            f"{name} is not what was sealed in entry {facts.entry}: expected SHA-256 {facts.file[:12]}…."
        )


def _uses(entry: Entry, run: Manifest, sha256: str, release: str | None) -> Iterator[Use]:
    made = {LOCK, *(each["path"] for each in run.get("artifacts", ()))}
    for each in files(run):
        if each["sha256"] == sha256:
            yield Use(
                entry.objects[0], "made" if each["path"] in made else "read", each["path"], run["outcome"], entry.when,
                (release,) if release else (),
            )  # fmt: skip


def _release_id(id: str) -> str:
    return f"release {id}"
