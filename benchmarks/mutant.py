"""One thing that is changed in a shop: what it is, how it is done and undone, where it must be named."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pricetrail.lineage import place
from pricetrail.lineage.entry import Entry
from pricetrail.shop import git

Kind = Iterator["Mutant"]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A change: new bytes by path, and the words of which an answer must hold one.

    Of a path, None takes the file away, another path puts a link there in place of it, and a number is its mode.

    ``still`` puts the file's time back, as who hides a change does; ``commit`` has the change committed to git.
    """

    kind: str
    what: str
    places: tuple[str, ...]
    change: Mapping[Path, bytes | Path | int | None]
    still: bool = False
    commit: Path | None = field(default=None)

    def named(self, line: str) -> bool:
        """Whether a line of an answer has the place in it."""
        return any(each in line for each in self.places)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The change, undone to the bytes, modes and times at the end."""
        kept = {path: _state(path) for path in self.change}
        made = [each for path in self.change for each in path.parents if not each.exists()]
        try:
            for path, content in self.change.items():
                self._write(path, content, kept[path])
            if self.commit is not None:
                git.commit(self.commit, "nothing to see here")
            yield
        finally:
            if self.commit is not None:
                git.git(self.commit, "reset", "--quiet", "--soft", "HEAD~1")
            for path, before in kept.items():
                _restore(path, before)
            if self.commit is not None:
                git.git(self.commit, "reset", "--quiet")
            for folder in made:
                shutil.rmtree(folder, ignore_errors=True)

    def _write(
        self, path: Path, content: bytes | Path | int | None, before: tuple[bytes, os.stat_result] | None
    ) -> None:
        if isinstance(content, int):
            path.chmod(content)
            return
        if content is None or isinstance(content, Path):
            path.unlink()
            if content is not None:
                path.symlink_to(content)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        if before is not None:
            path.chmod(0o644)
        path.write_bytes(content)
        if self.still and before is not None:
            os.utime(path, ns=(before[1].st_atime_ns, before[1].st_mtime_ns))
            path.chmod(before[1].st_mode)


def flipped(kind: str, root: Path, path: str, chance: random.Random, *, still: bool = False) -> Mutant:
    """One bit of a file."""
    return Mutant(kind, path, (path,), {root / path: flip((root / path).read_bytes(), chance)}, still=still)


def newest(root: Path) -> Entry:
    return next(place.ledger(root).topic("run"))


def md5(content: bytes) -> bytes:
    return hashlib.md5(content, usedforsecurity=False).hexdigest().encode()


def flip(content: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(content))
    return content[:at] + bytes([content[at] ^ 1 << chance.randrange(8)]) + content[at + 1 :]


def _state(path: Path) -> tuple[bytes, os.stat_result] | None:
    return (path.read_bytes(), path.stat()) if path.exists() else None


def _restore(path: Path, before: tuple[bytes, os.stat_result] | None) -> None:
    if before is None:
        path.unlink(missing_ok=True)
        return
    content, stat = before
    if path.is_symlink():
        path.unlink()
    if path.exists():
        path.chmod(0o644)
    path.write_bytes(content)
    path.chmod(stat.st_mode)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
