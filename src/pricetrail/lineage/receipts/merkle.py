"""A Merkle tree over receipts, as in Certificate Transparency (RFC 9162, section 2.1; RFC 6962 before it).

Leaves and nodes are hashed under different prefixes, so that none can pass for the other. A tree of n leaves splits
at the largest power of two below n; pairing neighbours level by level, and passing an odd last one up as it is,
gives the same tree.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

LEAF, NODE = b"\x00", b"\x01"


def leaf(content: bytes) -> bytes:
    """The hash of a receipt's bytes."""
    return sha256(LEAF + content).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The hash that stands for all leaves and their order.

    >>> root([]).hex()[:8]
    'e3b0c442'
    """
    level = list(leaves)
    if not level:
        return sha256().digest()
    while len(level) > 1:
        level = _above(level)
    return level[0]


def proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The hashes beside the way from a leaf to the root, from below."""
    level, path = list(leaves), list[bytes]()
    while len(level) > 1:
        if index ^ 1 < len(level):
            path.append(level[index ^ 1])
        level, index = _above(level), index >> 1
    return path


def rebuilt(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root that a leaf and its proof lead to; None when they cannot be of a tree of that size."""
    if not 0 <= index < size:
        return None
    beside, now, last = iter(path), leaf, size - 1
    while last:
        if index ^ 1 <= last:
            other = next(beside, None)
            if other is None:
                return None
            now = sha256(NODE + (other + now if index & 1 else now + other)).digest()
        index, last = index >> 1, last >> 1
    return now if next(beside, None) is None else None


def _above(level: list[bytes]) -> list[bytes]:
    pairs = zip(level[::2], level[1::2], strict=False)
    above = [sha256(NODE + left + right).digest() for left, right in pairs]
    return [*above, level[-1]] if len(level) % 2 else above
