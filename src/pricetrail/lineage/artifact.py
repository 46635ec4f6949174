"""Bytes with a digest: a file at one version. Its identity is the digest, never its path or its time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

CHUNK = 1 << 20
DRAFT = ".draft"


@dataclass(frozen=True, slots=True)
class Artifact:
    """One file: its path in the shop, its bytes in size and SHA-256, and the MD5 that DVC knows it by."""

    path: str
    size: int
    sha256: str
    md5: str

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Artifact:
        """What ``to_dict`` gave."""
        return cls(str(values["path"]), int(values["size"]), str(values["sha256"]), str(values["md5"]))


def read(root: Path, path: str) -> Artifact:
    """Digest the file ``path`` of the shop ``root``: both digests in one pass."""
    sha256, md5, size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
    with (root / path).open("rb", buffering=0) as file:
        while chunk := file.read(CHUNK):
            sha256.update(chunk)
            md5.update(chunk)
            size += len(chunk)
    return Artifact(path, size, sha256.hexdigest(), md5.hexdigest())


def files(root: Path, paths: Iterable[str]) -> Iterator[str]:
    """Name every file that the paths stand for, a folder for all that is in it, in order and once.

    Drafts are no file's version; DVC is told to overlook them too.
    """
    met: set[str] = set()
    for path in paths:
        whole = root / path
        inside = whole.rglob("*") if whole.is_dir() else [whole]
        met |= {each.relative_to(root).as_posix() for each in inside if each.is_file()}
    return (name for name in sorted(met) if not _draft(name))


def md5(path: str, among: Iterable[Artifact]) -> str | None:
    """The digest that DVC gives to ``path``, a file or a folder of the files given; None where there is none.

    A folder's is the MD5 of the JSON list of what is in it, sorted by path, and ends in ``.dir``.
    """
    inside = list[dict[str, str]]()
    for each in sorted(among, key=lambda artifact: artifact.path):
        if each.path == path:
            return each.md5
        if PurePosixPath(each.path).is_relative_to(path):
            relpath = PurePosixPath(each.path).relative_to(path).as_posix()
            inside.append({"md5": each.md5, "relpath": relpath})
    if not inside:
        return None
    return (
        hashlib.md5(json.dumps(inside, sort_keys=True).encode(), usedforsecurity=False).hexdigest() + ".dir"
    )


def _draft(name: str) -> bool:
    last = PurePosixPath(name).name
    return last.startswith(".") and last.endswith(DRAFT)
