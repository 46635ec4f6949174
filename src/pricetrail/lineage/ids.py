"""Ids: a SHA-256 in lower-case hexadecimal, or the beginning of one that fits nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pricetrail.errors import AmbiguousId, UnknownId

SHORTEST = 4
PREFIX = re.compile(rf"[0-9a-f]{{{SHORTEST},64}}")
SHOWN = 5


def resolve(given: str, known: Iterable[str], what: str) -> str:
    """The one id that begins with what was given; ``what`` says in an error what kind of thing was looked for.

    Raises:
        UnknownId: it is no id, or nothing begins so.
        AmbiguousId: more than one does.

    >>> resolve("ab12", ["ab12" * 16, "cd34" * 16], "release")[:6]
    'ab12ab'
    """
    if not PREFIX.fullmatch(given):
        raise UnknownId(
            f"An id of a {what} is 64 hexadecimal digits in lower case, or at least the first {SHORTEST} of them;"
            f" found {given[:80]!r}."
        )
    fitting = sorted({id for id in known if id.startswith(given)})
    if not fitting:
        raise UnknownId(f"No {what} has an id that begins with {given}.")
    if len(fitting) > 1:
        shown = ", ".join(id[: len(given) + 8] for id in fitting[:SHOWN])
        more = f" and {len(fitting) - SHOWN} more" if len(fitting) > SHOWN else ""
        raise AmbiguousId(f"{len(fitting)} {what}s begin with {given}: {shown}{more}. Give more of it.")
    return fitting[0]
