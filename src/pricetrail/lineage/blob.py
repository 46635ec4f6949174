"""DVC's bytes, each under its MD5, as DVC lays them out: in a shop's cache, and in its remotes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from pricetrail.errors import ArtifactMissing, DigestMismatch, StoreFailed, translating
from pricetrail.files import writing
from pricetrail.lineage import artifact, canonical
from pricetrail.lineage.artifact import Artifact
from pricetrail.lineage.store import FolderStore, Store

FOLDER = "dvc"
AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Blobs:
    """A place that keeps contents, each under its MD5; a folder's content is the list of what is in it."""

    name: str
    store: Store

    def read(self, md5: str) -> bytes:
        """The content kept under a digest, not checked.

        Raises:
            ArtifactMissing: there is none.
            StoreFailed: the place cannot be reached.
        """
        return self.store.read(key(md5))

    def look(self, md5: str) -> Artifact:
        """The digests of what is kept under ``md5``, as it is now; a folder is read piece by piece.

        Raises:
            ArtifactMissing: there is nothing.
            StoreFailed: the place cannot be reached.
        """
        if isinstance(self.store, FolderStore):
            with translating(
                {FileNotFoundError: ArtifactMissing, OSError: StoreFailed}, f"{key(md5)} cannot be read"
            ):
                return artifact.read(self.store.root, key(md5))
        content = self.read(md5)
        found = hashlib.md5(content, usedforsecurity=False).hexdigest()
        return Artifact(key(md5), len(content), canonical.digest(content), found)

    @property
    def here(self) -> bool:
        """Whether it is a folder of this machine."""
        return isinstance(self.store, FolderStore)

    def path(self, md5: str) -> Path:
        """Where the content of that digest is, or would be, in a place that is here."""
        assert isinstance(self.store, FolderStore), f"{self.name} is not a folder"
        return self.store.root / key(md5)

    def where(self, md5: str) -> str:
        """The whole name of what is kept under a digest, for messages."""
        return str(self.path(md5)) if self.here else f"{self.name}: {key(md5)}"


def key(md5: str) -> str:
    """The name under which DVC 3 keeps the content of that digest.

    >>> key("0123456789abcdef0123456789abcdef")
    'files/md5/01/23456789abcdef0123456789abcdef'
    """
    return f"files/md5/{md5[:2]}/{md5[2:]}"


def name(md5: str) -> str:
    """Where in the remote the bytes of that MD5 lie.

    >>> name("619972ce957cd04a6df3d2651f47db09.dir")
    'dvc/files/md5/61/9972ce957cd04a6df3d2651f47db09.dir'
    """
    return f"{FOLDER}/{key(md5)}"


def fetch(places: Iterable[Blobs], wanted: Artifact) -> bytes:
    """The bytes of a file at one version, checked, from the first place that has them.

    Raises:
        ArtifactMissing: none of them has.
        StoreFailed: one that may have them cannot be reached.
        DigestMismatch: what is kept under that digest is something else.
    """
    failed, asked = list[StoreFailed](), list[str]()
    for place in places:
        try:
            content = place.read(wanted.md5)
        except ArtifactMissing:
            asked.append(place.name)
        except StoreFailed as error:
            failed.append(error)
        else:
            return _recorded(content, place, wanted)
    if failed:
        raise failed[0]
    raise ArtifactMissing(
        f"{wanted.path} (md5 {wanted.md5}) is not in {' nor in '.join(asked) or 'any place'}. Bring it with "
        "'pricetrail pull' or 'dvc fetch --all-commits', and try again."
    )


def _recorded(content: bytes, place: Blobs, wanted: Artifact) -> bytes:
    if (found := canonical.digest(content)) != wanted.sha256:
        raise DigestMismatch(
            f"{place.where(wanted.md5)} is not {wanted.path} as it was recorded: its SHA-256 is {found[:12]}…, expected"
            f" {wanted.sha256[:12]}…. Take it away, and bring the right one with 'pricetrail pull' or 'dvc fetch'."
        )
    return content


def send(store: Store, paths: Mapping[str, Path]) -> int:
    """Put every file there that is not there yet, each verified before and after; how many were sent comes back.

    Args:
        store: the remote.
        paths: each file by its MD5.

    Raises:
        DigestMismatch: a file's bytes are not those of its name, and no more were sent.
        StoreFailed: the remote failed. What was sent stays there, and the next call goes on from it.
    """
    return sum(_at_once(lambda md5: _sent(store, md5, paths[md5]), paths))


def take(store: Store, paths: Mapping[str, Path]) -> int:
    """Bring every file that is not here yet, verified; how many were brought comes back.

    Args:
        store: the remote.
        paths: where each goes, by its MD5.

    Raises:
        ArtifactMissing: one is not there.
        DigestMismatch: what is there is not what its name says.
    """
    wanted = [md5 for md5, path in paths.items() if not path.exists()]
    return sum(_at_once(lambda md5: _taken(store, md5, paths[md5]), wanted))


def _sent(store: Store, md5: str, path: Path) -> bool:
    size = path.stat().st_size
    if store.size(name(md5)) == size:
        return False
    _check(path, md5, "Bring the right bytes with 'pricetrail pull'.")
    store.send(name(md5), path)
    if (found := store.size(name(md5))) != size:
        raise DigestMismatch(
            f"{name(md5)} was sent to {store} with {size:,} bytes, and {found or 0:,} are there."
        )
    return True


def _taken(store: Store, md5: str, path: Path) -> bool:
    with writing(path) as draft:
        store.take(name(md5), draft)
        _check(draft, md5, f"It is {name(md5)} in {store}. Push it again from a shop that holds it.")
        draft.chmod(0o444)
    return True


def _check(path: Path, md5: str, hint: str) -> None:
    found = artifact.read(path.parent, path.name).md5
    if found != md5.removesuffix(".dir"):
        raise DigestMismatch(f"{path} has the MD5 {found}, expected {md5}. {hint}")


def _at_once(work: Callable[[str], bool], md5s: Iterable[str]) -> list[bool]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(work, md5s))
