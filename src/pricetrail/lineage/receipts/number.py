"""Receipt numbers: short enough to read out, safe in a URL, and checked before anything is looked up.

``k7q2m9xa-3f-9d2e-4t`` is a segment, the place in it, the beginning of the receipt's digest, and two characters
that a slip of the tongue does not get right. The alphabet is Douglas Crockford's base 32: no letter looks like a
digit, and ``o``, ``i`` and ``l`` are read as the digits that they look like.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from pricetrail.errors import AmbiguousId, UnknownId

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LOOKALIKES = str.maketrans("oil", "011")
SEGMENT, MARK, CHECK = 8, 4, 2
SHORTEST = 4
WHOLE = re.compile(
    rf"([{ALPHABET}]{{{SEGMENT}}})-([{ALPHABET}]{{1,7}})-([{ALPHABET}]{{{MARK}}})-([{ALPHABET}]{{{CHECK}}})"
)
SHORT = re.compile(rf"([{ALPHABET}]{{{SHORTEST},{SEGMENT}}})-([{ALPHABET}]{{1,7}})")


@dataclass(frozen=True, slots=True)
class Number:
    """Where a receipt lies, and the beginning of its digest; no ``mark`` when only the place was given."""

    segment: str
    index: int
    mark: str | None

    def __str__(self) -> str:
        body = f"{self.segment}-{_digits(self.index)}" + (f"-{self.mark}" if self.mark else "")
        return f"{body}-{_check(body)}" if self.mark else body

    def names(self, digest: bytes) -> bool:
        """Whether the receipt of that SHA-256 is the one meant."""
        return self.mark in (None, mark(digest))


def mark(digest: bytes) -> str:
    """The beginning of a SHA-256, 20 bits, as it stands in a number."""
    return _digits(int.from_bytes(digest[:3]) >> 4, MARK)


def of(segment: str, index: int, content: bytes) -> Number:
    """The number of the receipt with those canonical bytes."""
    return Number(segment, index, mark(hashlib.sha256(content).digest()))


def fresh() -> str:
    """A name for a new segment: 40 random bits."""
    return _digits(secrets.randbits(5 * SEGMENT), SEGMENT)


def parse(text: str) -> Number:
    """Read a number as a person wrote it; the first two parts suffice, and so does the beginning of the first.

    Raises:
        UnknownId: it is no number, or one with a slip in it.

    >>> str(parse("K7Q2M9XA-3F"))
    'k7q2m9xa-3f'
    """
    plain = text.strip().lower().translate(LOOKALIKES)
    if short := SHORT.fullmatch(plain):
        return Number(short[1], _value(short[2]), None)
    whole = WHOLE.fullmatch(plain)
    if whole is None:
        raise UnknownId(f"A receipt's number looks like k7q2m9xa-3f-9d2e-4t; found {text[:80]!r}.")
    if _check(plain.rpartition("-")[0]) != whole[4]:
        raise UnknownId(
            f"There is a slip in {text!r}: its last two characters do not fit the others. Read it again."
        )
    return Number(whole[1], _value(whole[2]), whole[3])


def resolve(number: Number, segments: Iterable[str]) -> Number:
    """The same with its segment's whole name.

    Raises:
        UnknownId: no segment begins so.
        AmbiguousId: more than one does.
    """
    fitting = sorted({name for name in segments if name.startswith(number.segment)})
    if not fitting:
        raise UnknownId(f"There is no receipt {number}: nothing was written in a segment of that name.")
    if len(fitting) > 1:
        raise AmbiguousId(
            f"{len(fitting)} segments begin with {number.segment}: {', '.join(fitting[:5])}. Give more."
        )
    return Number(fitting[0], number.index, number.mark)


def _digits(value: int, width: int = 1) -> str:
    text = ""
    while value or len(text) < width:
        value, rest = divmod(value, 32)
        text = ALPHABET[rest] + text
    return text


def _value(text: str) -> int:
    value = 0
    for character in text:
        value = value * 32 + ALPHABET.index(character)
    return value


def _check(body: str) -> str:
    return _digits(int.from_bytes(hashlib.sha256(body.encode()).digest()[:2]) % 32**CHECK, CHECK)
