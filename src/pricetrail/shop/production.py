"""What serves: releases, promoted to a channel, and the folder that later runs are judged beside.

The channel in the ledger is what counts. ``production/`` holds copies of what it points at, for the stages that
compare; it is made again from the ledger whenever it may be behind.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pricetrail.errors import Blocked, UnknownId, UsageError
from pricetrail.files import write_json, writing
from pricetrail.lineage import blob, catalogue, channel, ids, place, release
from pricetrail.lineage.artifact import Artifact
from pricetrail.lineage.catalogue import Known
from pricetrail.lineage.channel import PRODUCTION
from pricetrail.lineage.ledger import Ledger
from pricetrail.shop import cache, dvc, git, journal, note, settings, transfer
from pricetrail.shop.note import Note

FOLDER = "production"
NOTE = "release.json"
FILES = {
    "models/production/dfn_best.onnx": "model.onnx",
    "preprocessors/encoder.json": "encoder.json",
    "preprocessors/feature_names.json": "feature_names.json",
}


def releases(root: Path) -> list[Known]:
    """Every release of the shop, newest first."""
    return catalogue.releases(place.ledger(root))


def promote(root: Path, wanted: str | None, to: str = PRODUCTION, *, why: str, who: str | None = None) -> str:
    """Point a channel at a release, the newest if none is named; its id comes back.

    Where the shop has a remote, the pointer never moves before all that it leads to is there.

    Args:
        wanted: its id, or the beginning of one.
        why: for those who read it later.
        who: answers for it; whoever git says works here, where that is not said.

    Raises:
        UnknownId: there is no such release.
        Blocked: it may not serve, or was not yet reproduced where ``release.reproduce`` asks for that.
        ArtifactMissing: a file of it cannot be had here.
        DigestMismatch: a file of it is no longer what was released.
    """
    ledger = place.ledger(root)
    id = _named(root, ledger, wanted)
    if settings.read(root).release.reproduce == "required":
        channel.reproduced(ledger, id)
    for each in json.loads(ledger.object(id))["files"]:
        fetch(root, Artifact.from_dict(each))
    if place.shared(root):
        transfer.push(root)
    with _moving(root):
        channel.promote(ledger, id, to, who=who or git.somebody(root), why=why)
    follow(root)
    return id


def pending(root: Path, to: str = PRODUCTION) -> str | None:
    """The shop's newest release, if neither it nor another of the same files ever stood in the channel or is in
    quarantine.

    So a release that was taken back is not put forward again, and neither is one of a change that is not merged.
    """
    ledger = place.ledger(root)
    newest = _newest(root, ledger)
    if newest is None:
        return None
    stood = {str(entry.body["release"]) for entry in channel.history(ledger, to)}
    known = [_files(ledger, id) for id in stood | set(channel.quarantined(ledger))]
    return None if _files(ledger, newest) in known else newest


def figures(root: Path) -> dict[str, Any]:
    """What is known of the release that later runs are judged beside; nothing before the first."""
    try:
        found = json.loads((root / FOLDER / NOTE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def rollback(root: Path, to: str = PRODUCTION, *, why: str, who: str | None = None) -> str:
    """Point a channel at the release that stood there before; its id comes back.

    Raises:
        UsageError: there is nothing to go back to.
    """
    with _moving(root):
        entry = channel.rollback(place.ledger(root), to, who=who or git.somebody(root), why=why)
    follow(root)
    return str(entry.body["release"])


def follow(root: Path) -> None:
    """Bring ``production/`` to what its channel points at, and commit that; what was cut short is done anew."""
    ledger = place.ledger(root)
    standing = channel.current(ledger)
    if standing is not None:
        made = json.loads(ledger.object(standing.release))
        for each in made["files"]:
            if each["path"] in FILES:
                with writing(root / FOLDER / FILES[each["path"]]) as draft:
                    draft.write_bytes(fetch(root, Artifact.from_dict(each)))
        write_json(root / FOLDER / NOTE, about(standing.release, made))
        dvc.track(root, FOLDER)
        git.commit(root, f"Promote {standing.release[:12]} to production")
    note.write(root, Note())


def about(release: str, made: Mapping[str, Any]) -> dict[str, Any]:
    """What the folder says of the release in it."""
    return {"release": release, "run": made["run"], "rows_until": made["rows_until"], **made["metrics"]}


def fetch(root: Path, wanted: Artifact) -> bytes:
    """The bytes of a file of the shop at one version, checked, from DVC's cache or one of its remotes.

    Raises:
        ArtifactMissing, StoreFailed, DigestMismatch: as ``blob.fetch`` does.
    """
    return blob.fetch((cache.local(root), *cache.remotes(root)), wanted)


def at_hand(root: Path, wanted: Artifact, draft: Path) -> Path:
    """Where the checked bytes of a file at one version lie: as in ``fetch``, or as the shop has it; else at ``draft``.

    Raises:
        ArtifactMissing, DigestMismatch: as ``fetch`` does.
    """
    if (path := cache.held(root, wanted)) is None:
        draft.write_bytes(fetch(root, wanted))
    return path or draft


@contextmanager
def _moving(root: Path) -> Iterator[None]:
    """Note that a pointer is being moved, for whoever comes after a kill; one that is refused has not moved."""
    before = journal.finish(root)
    note.write(root, Note("promotion"))
    try:
        yield
    except (Blocked, UsageError):
        note.write(root, before)
        raise


def _newest(root: Path, ledger: Ledger) -> str | None:
    """The newest release of a commit in the shop's history: a pull request's run records one that is not."""
    for id in channel.releases(ledger):
        run = json.loads(ledger.object(json.loads(ledger.object(id))["run"]))
        if git.within(root, str(run["shop"]["commit"]), "HEAD"):
            return id
    return None


def _named(root: Path, ledger: Ledger, wanted: str | None) -> str:
    if wanted is not None:
        return ids.resolve(wanted, channel.releases(ledger), "release")
    if (newest := _newest(root, ledger)) is not None:
        return newest
    raise UnknownId(
        "There is no release yet: no run has passed its gates. 'pricetrail run' makes one, or says why not."
    )


def _files(ledger: Ledger, id: str) -> dict[str, str]:
    return release.digests(json.loads(ledger.object(id)))
