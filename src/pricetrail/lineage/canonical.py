"""One way to write a value as bytes, so that equal values have equal digests.

JSON with sorted keys, no white space, UTF-8 as it is, and floats as Python's shortest ``repr``. It is RFC 8785 but
for numbers that JavaScript writes otherwise (1e16 and up, and whole floats), which is why a digest is always taken
of bytes that were kept, and never of a value that was read back by somebody else's parser.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path


def dumps(value: object) -> bytes:
    """The canonical bytes of plain data.

    Raises:
        ValueError: a number is not finite.

    >>> dumps({"b": [1, 2.5], "a": "\u00e9"})
    b'{"a":"\\xc3\\xa9","b":[1,2.5]}'
    """
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def digest(content: bytes) -> str:
    """The SHA-256 of bytes, in lower-case hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def file_digest(path: Path) -> str:
    """The SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
