"""Push a shop to its remote and pull it from there: DVC's bytes, git's history, and an entry that says what is there.

The entry comes last. So what the newest entry of kind ``push`` names is whole in the remote, and a push that was cut
off is taken up by the next.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from pricetrail.errors import ArtifactMissing, DigestMismatch, StageFailed, UsageError
from pricetrail.lineage import blob, canonical, place
from pricetrail.lineage.entry import Entry
from pricetrail.lineage.ledger import Ledger
from pricetrail.lineage.store import Store
from pricetrail.shop import dvc, git, tracked

KIND = "push"
BUNDLES = "git/"


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a push did: the commit that is whole in the remote, how many files were sent, the entry that says so.

    ``lost`` names files of earlier commits whose bytes are neither here nor there.
    """

    commit: str
    sent: int
    entry: int
    lost: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a pull did: the commit that the shop is at, and how many files were brought."""

    commit: str
    brought: int


def push(root: Path) -> Pushed:
    """Bring all that was committed since the last push to the remote, verified, and say so in the ledger.

    Raises:
        UsageError: the shop has no remote, or there are commits in it that are not here.
        ArtifactMissing: bytes of the newest commit are neither here nor there.
        StoreFailed: the remote failed; the next push goes on from where this one ended.
    """
    remote, ledger, commit = place.remote(root), place.ledger(root), git.head(root)
    last = newest(ledger)
    _refuse_older(root, last)
    sent, lost = send(root, remote, _since(root, last, commit))
    if last is not None and last.body["commit"] == commit:
        return Pushed(commit, sent, last.number, lost)
    body = {"commit": commit, "bundle": _bundle(root, remote)}
    entry = ledger.append(KIND, body, who=git.somebody(root), check=lambda head: _refuse_raced(head, last))
    return Pushed(commit, sent, entry.number, lost)


def pull(root: Path, stage: str | None = None) -> Pulled:
    """Bring what the remote holds into the shop: newer commits, then the bytes of all, or of what one stage makes.

    Raises:
        UsageError: the shop has no remote, its history and the remote's part, or no such stage made anything.
        ArtifactMissing: the remote does not hold it.
    """
    remote = place.remote(root)
    last = newest(place.ledger(root))
    if last is not None:
        _forward(root, remote, last)
    chosen = tracked.of(tracked.at(root), stage)
    lists = {md5: path for md5, path in tracked.files(root, chosen).items() if md5.endswith(tracked.LIST)}
    brought = blob.take(remote, lists)
    brought += blob.take(remote, tracked.files(root, chosen))
    dvc.checkout(root, *(each.path for each in chosen))
    return Pulled(git.head(root), brought)


def send(root: Path, remote: Store, commits: list[str]) -> tuple[int, tuple[str, ...]]:
    """Send the bytes of those commits, the newest first: how many files, and what is lost of the older ones.

    Raises:
        ArtifactMissing: bytes of the newest commit are neither here nor there.
    """
    here, gone = dict[str, Path](), dict[str, str]()
    for commit in commits:
        found = tracked.at(root, commit)
        names = {each.md5: each.path for each in found}
        for md5, path in tracked.files(root, found).items():
            if path.exists():
                here[md5] = path
            elif md5 not in gone and remote.size(blob.name(md5)) is None:
                gone[md5] = f"{names.get(md5, 'a file in a folder')} of commit {commit[:12]} (md5 {md5})"
                _refuse(gone[md5], newest=commit == commits[0])
    return blob.send(remote, here), tuple(gone.values())


def newest(ledger: Ledger) -> Entry | None:
    """The entry of the newest push; None before the first."""
    return next(ledger.topic(KIND), None)


def fetch(remote: Store, pushed: Entry, folder: Path) -> Path:
    """The git history of a push, as a bundle in ``folder``.

    Raises:
        ArtifactMissing: it is not there.
        DigestMismatch: it is not the one that was pushed.
    """
    digest, path = str(pushed.body["bundle"]), folder / "shop.bundle"
    remote.take(_name(digest), path)
    if (found := canonical.file_digest(path)) != digest:
        raise DigestMismatch(
            f"{_name(digest)} in {remote} has the SHA-256 {found}: it is not what was pushed. Push again."
        )
    return path


def _since(root: Path, last: Entry | None, commit: str) -> list[str]:
    """The commit and those before it that the last push did not bring, newest first."""
    upto = [] if last is None else [f"^{last.body['commit']}"]
    return git.git(root, "rev-list", commit, *upto).split() or [commit]


def _refuse_older(root: Path, last: Entry | None) -> None:
    commit = None if last is None else str(last.body["commit"])
    if commit is not None and not (git.knows(root, commit) and git.within(root, commit, "HEAD")):
        raise UsageError(
            f"The remote holds the commit {commit[:12]}, which is not in this shop's history. Bring it with"
            " 'pricetrail pull' first."
        )


def _refuse_raced(head: Entry, last: Entry | None) -> None:
    if head.newest.get(KIND) != (None if last is None else last.number):
        raise UsageError("Another machine pushed in the meantime. Bring that with 'pricetrail pull' first.")


def _refuse(lost: str, *, newest: bool) -> None:
    if newest:
        raise ArtifactMissing(
            f"{lost} is neither in DVC's cache nor in the remote. Make it again with 'pricetrail run'."
        )


def _bundle(root: Path, remote: Store) -> str:
    with tempfile.TemporaryDirectory(prefix="pricetrail-") as scratch:
        path = Path(scratch) / "shop.bundle"
        git.git(root, "bundle", "create", "--quiet", str(path), "HEAD", "--all")
        digest = canonical.file_digest(path)
        remote.send(_name(digest), path)
        if remote.size(_name(digest)) != path.stat().st_size:
            raise DigestMismatch(f"{_name(digest)} did not arrive whole in {remote}. Push again.")
    return digest


def _forward(root: Path, remote: Store, last: Entry) -> None:
    """Bring the shop to the commit that was pushed last, if it is behind it."""
    commit = str(last.body["commit"])
    if git.knows(root, commit) and git.within(root, commit, "HEAD"):
        return
    with tempfile.TemporaryDirectory(prefix="pricetrail-") as scratch:
        git.git(root, "fetch", "--quiet", str(fetch(remote, last, Path(scratch))), "HEAD")
    if not git.within(root, "HEAD", commit):
        raise UsageError(
            f"The shop and its remote have gone different ways: {git.head(root)[:12]} is not behind {commit[:12]}."
            f" Join them with 'git merge {commit[:12]}', run, and push."
        )
    try:
        git.git(root, "merge", "--quiet", "--ff-only", commit)
    except StageFailed as error:
        raise UsageError(
            f"Files that are not committed are in the way of the newer commit {commit[:12]}: {error}"
        ) from error


def _name(digest: str) -> str:
    return f"{BUNDLES}{digest}.bundle"
