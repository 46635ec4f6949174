"""Receipts in a log: each behind its length and two checksums, so that what a crash cut off is told from damage.

The header is the length, the CRC-32 of the receipt, and the CRC-32 of those two and of the receipt's place. A log
that ends within a frame was cut by a crash, and so was one whose last frame runs into zeros that a file system laid
there; nobody had been told of such a frame, since it was never flushed. Anything else that does not fit is damage.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

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
    while len(log) - at >= HEADER.size:
        length, body, check = HEADER.unpack_from(log, at)
        if check != _check(length, body, index):
            if any(log[at + HEADER.size :]):
                raise DigestMismatch(f"{name} is damaged at byte {at}, in the frame of receipt {index}.")
            return
        content = log[at + HEADER.size : at + HEADER.size + length]
        if len(content) < length:
            return
        if zlib.crc32(content) != body:
            if any(log[at + HEADER.size + length - 1 :]):
                raise DigestMismatch(
                    f"{name} is damaged: receipt {index}, from byte {at} on, is not what was written."
                )
            return
        yield content
        at, index = at + HEADER.size + length, index + 1


def _check(length: int, body: int, index: int) -> int:
    return zlib.crc32(PLACE.pack(length, body, index))
