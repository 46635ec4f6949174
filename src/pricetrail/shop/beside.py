"""What a shop's record does not cover, and verification tells of all the same, because no result depends on it.

Files that are other than at the newest run's commit, files beside those of the stages, keys, and what lies in the
ledger's store and belongs to none of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath

from pricetrail.errors import ArtifactMissing, StageFailed
from pricetrail.lineage import artifact, blob, canonical, hint, place
from pricetrail.lineage.declared import stages
from pricetrail.lineage.verify.chain import Chain
from pricetrail.lineage.verify.objects import Run
from pricetrail.lineage.verify.strays import strays
from pricetrail.shop import git, production
from pricetrail.shop.transfer import BUNDLES

POINTER = f"{production.FOLDER}.dvc"
"""What promotions move, and the channel is held against."""


def files(root: Path, run: Run, named: Collection[str]) -> Iterator[str]:
    """Files that are not as in git, or were committed since the run, apart from those ``named`` already."""
    commit = run.manifest["shop"]["commit"]
    try:
        loose = {*git.uncommitted(root), *(set(_beside(root)) - git.tracked(root))}
        since = set(git.changed(root, commit, "HEAD")) if commit and git.knows(root, commit) else set()
    except StageFailed as error:
        yield f"Files beside the record: NOT CHECKED: {' '.join(str(error).split())}"
        return
    for said, names in (("Not committed", loose), (f"Committed since the run of {str(commit)[:12]}", since)):
        if left := sorted(names - {POINTER, *named}):
            yield f"{said}, and no result depends on it: {', '.join(left)}."


def _beside(root: Path) -> Iterator[str]:
    """What lies in the folders of the stages, and no stage reads or writes."""
    declared = [path for stage in stages(root) for path in (*stage.reads, *stage.writes)]
    folders = {PurePosixPath(path).parts[0] for path in declared if (root / path).parent != root}
    for name in artifact.files(root, folders - {"..", "/", production.FOLDER}):
        if not any(PurePosixPath(name).is_relative_to(path) for path in declared):
            yield name


def keys(root: Path, chain: Chain) -> Iterator[str]:
    """Private keys that others can read, or that never signed; and the note that whoever signs should have."""
    known = {canonical.digest(each.key) for each in chain.topic("key") if each.key}
    files = sorted((root / place.KEYS).glob("*.pem"))
    for path in files:
        where = f"{place.KEYS}/{path.name}"
        if path.stat().st_mode & 0o077:
            yield f"{where}: others than its owner can read it, and sign: 'chmod 600' keeps it private."
        if known and path.stem not in known:
            yield f"{where}: no entry ever put this key in force."
    force = next(iter(chain.topic("key")), None)
    if (
        force is not None
        and force.key
        and (id := canonical.digest(force.key)) not in place.keyring(root).ids()
    ):
        yield f"{place.KEYS}/{id}.pem: the key in force is not at hand, so nothing can be signed from here."
    if files and chain.entries:
        try:
            place.witness(root).read(hint.NAME)
        except ArtifactMissing:
            yield f"{place.KEYS.parent}/{hint.NAME}: this clone's own note of the head is missing."


def stored(root: Path, chain: Chain, sealed: Collection[str]) -> Iterator[str]:
    """What lies where the ledger does and is no part of it."""
    apart = (f"{blob.FOLDER}/", BUNDLES)
    yield from (f"Beside the ledger: {each}." for each in strays(place.store(root), chain, sealed, apart))
