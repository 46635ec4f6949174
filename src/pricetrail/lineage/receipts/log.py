"""Segments that are still being written: where their bytes go before they are sealed.

A segment's parts lie under ``receipts/log/<segment>/<place of the first receipt>``. In a folder there is one part,
to which its process appends, holding a lock that ends with the process. In any other store each flush is a part of
its own; whoever creates an empty part behind the last one has closed the segment, because its writer then finds the
name taken.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from pricetrail.errors import (
    AlreadyThere,
    ArtifactMissing,
    DigestMismatch,
    DiskFull,
    StoreFailed,
    minding_the_disk,
)
from pricetrail.lineage.receipts import frame, number
from pricetrail.lineage.store import FolderStore, Store

FOLDER = "receipts/log/"
CLOSED = b""


class Log(Protocol):
    """Where one process writes one segment."""

    @property
    def segment(self) -> str:
        """The segment's name."""

    def write(self, first: int, frames: bytes) -> None:
        """Make frames durable behind all before, the first of them at the place ``first``.

        Raises:
            AlreadyThere: the segment was closed by somebody else; another one takes the frames.
            StoreFailed, DiskFull: they could not be written, and nothing of them may be relied on.
        """

    def close(self) -> None:
        """Nothing more will be written."""


def begin(store: Store) -> Log:
    """A new segment, whose name nobody else has."""
    return FileLog.begin(store) if isinstance(store, FolderStore) else PartsLog(store, number.fresh())


class PartsLog:
    """A segment of which every flush is one object."""

    def __init__(self, store: Store, segment: str) -> None:
        self.store, self.segment = store, segment

    def write(self, first: int, frames: bytes) -> None:
        """Create the part."""
        self.store.create(part(self.segment, first), frame.MAGIC + frames)

    def close(self) -> None:
        """There is nothing to let go of."""


class FileLog:
    """A segment that grows in one file, locked for as long as its process lives."""

    def __init__(self, segment: str, handle: int) -> None:
        self.segment, self._handle = segment, handle
        self._size = len(frame.MAGIC)

    @classmethod
    def begin(cls, store: FolderStore) -> FileLog:
        """Create the file durably and lock it; should a sealer be faster, take another name."""
        while True:
            segment = number.fresh()
            store.create(part(segment, 0), frame.MAGIC)
            handle = lock(store.root / part(segment, 0))
            if handle is not None:
                return cls(segment, handle)

    def write(self, first: int, frames: bytes) -> None:
        """Append and flush; after a failure the file is cut back to what was flushed before."""
        try:
            with minding_the_disk():
                rest = memoryview(frames)
                while rest:
                    rest = rest[os.write(self._handle, rest) :]
                os.fdatasync(self._handle)
        except (OSError, DiskFull) as error:
            self._cut()
            if isinstance(error, DiskFull):
                raise
            raise StoreFailed(
                f"The receipts from {first} on of the segment {self.segment} cannot be written: {error}."
            ) from error
        self._size += len(frames)

    def close(self) -> None:
        """Let go of the lock."""
        os.close(self._handle)

    def _cut(self) -> None:
        with suppress(OSError):
            os.ftruncate(self._handle, self._size)
            os.fdatasync(self._handle)


def lock(path: Path) -> int | None:
    """A locked handle of a log that nobody writes any more; None while somebody does, or when it is gone."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_APPEND)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(handle).st_nlink:
            return handle
    except BlockingIOError:
        pass
    os.close(handle)
    return None


@contextmanager
def closing(store: Store, segment: str) -> Iterator[bool]:
    """Keep a segment closed within the block; false when its process is still at work on it."""
    if not isinstance(store, FolderStore):
        _close(store, segment)
        yield True
        return
    handle = lock(store.root / part(segment, 0))
    try:
        yield handle is not None
    finally:
        if handle is not None:
            os.close(handle)


def segments(store: Store) -> list[str]:
    """The segments that have a log."""
    return sorted({name.split("/")[2] for name in store.names(FOLDER)})


def read(store: Store, segment: str) -> list[bytes]:
    """The receipts in the log of a segment, in order; none when it has no log.

    Raises:
        DigestMismatch: it is damaged, or a part is missing.
    """
    found = list[bytes]()
    for name in parts(store, segment):
        first = int(name.rpartition("/")[2])
        if first != len(found):
            raise DigestMismatch(
                f"Receipts {len(found)} to {first - 1} of the segment {segment} are missing."
            )
        with suppress(ArtifactMissing):
            content = store.read(name)
            found += frame.unpack(content, first, name) if content != CLOSED else ()
    return found


def one(store: Store, segment: str, index: int) -> bytes | None:
    """The receipt at a place in the log of a segment; None where there is none.

    Raises:
        DigestMismatch: it cannot be made out for damage.
    """
    before = [name for name in parts(store, segment) if int(name.rpartition("/")[2]) <= index]
    with suppress(ArtifactMissing):  # sealed meanwhile
        content = store.read(before[-1]) if before else CLOSED
        if content != CLOSED:
            return frame.pick(content, int(before[-1].rpartition("/")[2]), index, before[-1])
    return None


def parts(store: Store, segment: str) -> list[str]:
    """The names of a segment's parts, in order."""
    return store.names(f"{FOLDER}{segment}/")


def delete(store: Store, segment: str) -> None:
    """Take a closed segment's log away, the last part first; where its writer may still live it stays closed."""
    names = parts(store, segment)
    for name in reversed(names if isinstance(store, FolderStore) else names[:-1]):
        store.delete(name)


def part(segment: str, first: int) -> str:
    """Where the part lies that begins with the receipt at that place."""
    return f"{FOLDER}{segment}/{first:08}"


def _close(store: Store, segment: str) -> None:
    while True:
        try:
            store.create(part(segment, len(read(store, segment))), CLOSED)
        except AlreadyThere:
            continue
        return
