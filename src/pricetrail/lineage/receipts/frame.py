"""Receipts in a log: each behind its length and two checksums, so that what a crash cut off is told from damage.

The header is the length, the CRC-32 of the receipt, and the CRC-32 of those two and of the receipt's place. A log
that ends within a frame was cut by a crash, and so was one whose last frame runs into zeros that a file system laid
there; nobody had been told of such a frame, since it was never flushed. Anything else that does not fit is damage.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from itertools import islice

from pricetrail.errors import DigestMismatch

MAGIC = b"PTLOG 1\n"
HEADER = struct.Struct("<III")
PLACE = struct.Struct("<IIQ")


def pack(index: int, content: bytes) -> bytes:
    """The frame of the receipt at that place in its segment."""
    body = zlib.crc32(content)
    return HEADER.pack(len(content), body, _check(len(content), body, index)) + content


def unpack(log: bytes, first: int, name: str) -> Iterator[bytes]:
    """Every whole receipt of a log whose first one is at the place ``first``; ``name`` is for messages.

    Raises:
        DigestMismatch: it is damaged; the receipt is named by its place.
    """
    if not log.startswith(MAGIC):
        raise DigestMismatch(
            f"{name} is no log of receipts: it does not begin with {MAGIC.decode().strip()!r}."
        )
    at, index = len(MAGIC), first
    while (content := _whole(log, at, index)) is not None:
        yield content
        at, index = at + HEADER.size + len(content), index + 1
    if _damaged(log, at, index):
        raise DigestMismatch(f"{name} is damaged in or behind byte {at}, in the frame of receipt {index}.")


def pick(log: bytes, first: int, index: int, name: str) -> bytes | None:
    """One receipt of a log, by its place; those before it are checked only if it cannot be made out.

    Raises:
        DigestMismatch: it cannot be made out for damage.
    """
    at = len(MAGIC)
    for _ in range(index - first):
        if len(log) - at < HEADER.size:
            break
        at += HEADER.size + int(HEADER.unpack_from(log, at)[0])
    found = _whole(log, at, index)
    return next(islice(unpack(log, first, name), index - first, None), None) if found is None else found


def _whole(log: bytes, at: int, index: int) -> bytes | None:
    """The receipt in the frame at a byte; None when it is not whole."""
    if len(log) - at < HEADER.size:
        return None
    length, body, check = HEADER.unpack_from(log, at)
    content = log[at + HEADER.size : at + HEADER.size + length]
    fits = check == _check(length, body, index) and len(content) == length and zlib.crc32(content) == body
    return content if fits else None


def _damaged(log: bytes, at: int, index: int) -> bool:
    """Whether a frame that is not whole is something else than the end that a crash left."""
    if len(log) - at < HEADER.size:
        return False
    length, body, check = HEADER.unpack_from(log, at)
    if check != _check(length, body, index):
        return any(log[at + HEADER.size :])
    return at + HEADER.size + length <= len(log) and any(log[at + HEADER.size + length - 1 :])


def _check(length: int, body: int, index: int) -> int:
    return zlib.crc32(PLACE.pack(length, body, index))
