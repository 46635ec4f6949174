"""A store in a local folder."""

from __future__ import annotations

import io
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from pricetrail.errors import AlreadyThere, ArtifactMissing, StoreFailed, translating
from pricetrail.lineage.store.protocol import checked, clash, prefixed

DRAFTS = ".drafts"
ABANDONED = 24 * 3600.0


class FolderStore:
    """Files under a folder. A draft is written, flushed to the disk, and then linked under its name.

    A hard link is made only where nothing is, so of two writers one wins, and no reader meets half a file.
    """

    exclusive = True

    def __init__(self, root: Path, mode: int = 0o666) -> None:
        self.root, self.mode = root, mode
        self._swept = False

    def __repr__(self) -> str:
        return f"FolderStore({str(self)!r})"

    def __str__(self) -> str:
        return str(self.root)

    def read(self, name: str) -> bytes:
        """The bytes under ``name``."""
        path = self.root / checked(name)
        with translating({OSError: StoreFailed}, f"{path} cannot be read"):
            try:
                return path.read_bytes()
            except FileNotFoundError:
                raise ArtifactMissing(f"There is no {name} in {self.root}.") from None

    def create(self, name: str, content: bytes) -> None:
        """Put ``content`` under a name that holds nothing yet."""
        path = self.root / checked(name)
        with self._drafted(path, io.BytesIO(content)) as draft:
            try:
                os.link(draft, path)
            except FileExistsError:
                if path.read_bytes() != content:
                    raise AlreadyThere(clash(name)) from None
            _flush(path.parent)

    def replace(self, name: str, content: bytes) -> None:
        """Put ``content`` under ``name``, whatever it held."""
        path = self.root / checked(name)
        with self._drafted(path, io.BytesIO(content)) as draft:
            os.replace(draft, path)

    def size(self, name: str) -> int | None:
        """How many bytes are under ``name``; None where there is nothing."""
        path = self.root / checked(name)
        with translating({OSError: StoreFailed}, f"{path} cannot be looked at"):
            return path.stat().st_size if path.is_file() else None

    def send(self, name: str, path: Path) -> None:
        """Put a file's bytes under ``name``."""
        goal = self.root / checked(name)
        with path.open("rb") as content, self._drafted(goal, content) as draft:
            os.replace(draft, goal)

    def take(self, name: str, path: Path) -> None:
        """Write the bytes under ``name`` to a file."""
        source = self.root / checked(name)
        with translating({OSError: StoreFailed}, f"{source} cannot be copied"):
            try:
                shutil.copyfile(source, path)
            except FileNotFoundError:
                raise ArtifactMissing(f"There is no {name} in {self.root}.") from None

    def names(self, prefix: str = "") -> list[str]:
        """Every name that begins with ``prefix``, in order."""
        start = self.root / prefixed(prefix).rpartition("/")[0]
        found = list[str]()
        with translating({OSError: StoreFailed}, f"{start} cannot be listed"):
            for folder, inside, files in os.walk(start, onerror=_unless_missing):
                inside[:] = [each for each in inside if not each.startswith(".")]
                base = Path(folder).relative_to(self.root).as_posix()
                beside = "" if base == "." else f"{base}/"
                found += [beside + each for each in files if not each.startswith(".")]
        return sorted(name for name in found if name.startswith(prefix))

    def delete(self, name: str) -> None:
        """Take a name away."""
        path = self.root / checked(name)
        with translating({OSError: StoreFailed}, f"{path} cannot be deleted"):
            path.unlink(missing_ok=True)

    @contextmanager
    def _drafted(self, path: Path, content: BinaryIO) -> Iterator[Path]:
        draft = self.root / DRAFTS / secrets.token_hex(8)
        with translating({OSError: StoreFailed}, f"{path} cannot be written"):
            try:
                _make(path.parent)
                _make(draft.parent)
                self._sweep()
                with open(draft, "xb", opener=self._open) as file:
                    shutil.copyfileobj(content, file)
                    file.flush()
                    os.fsync(file.fileno())
                yield draft
            finally:
                draft.unlink(missing_ok=True)

    def _open(self, path: str, flags: int) -> int:
        return os.open(path, flags, self.mode)

    def _sweep(self) -> None:
        """Once, take away the drafts of writers that were killed; one that is young may be at work."""
        if not self._swept:
            self._swept = True
            for draft in (self.root / DRAFTS).iterdir():
                with suppress(FileNotFoundError):  # another writer was done with it meanwhile
                    if time.time() - draft.stat().st_mtime > ABANDONED:
                        draft.unlink()


def _unless_missing(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def _make(folder: Path) -> None:
    """Make a folder that a power cut does not take away again."""
    if not folder.is_dir():
        _make(folder.parent)
        folder.mkdir(exist_ok=True)
        _flush(folder.parent)


def _flush(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
