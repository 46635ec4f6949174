"""Replay: answer a receipt's question again with the release that answered it, and compare to the last bit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pricetrail.lineage import canonical
from pricetrail.lineage.receipts import Receipt

Quote = Callable[[Mapping[str, Any], str], Mapping[str, Any]]
"""Answers a request, as it stands in a receipt, with the release of an id."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that came out otherwise; a value is ``ABSENT`` where there was none."""

    field: str
    then: Any
    now: Any

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; null for what was absent."""
        values = {"then": self.then, "now": self.now}
        told = {name: None if value is ABSENT else value for name, value in values.items()}
        return {"field": self.field, **told}

    def __str__(self) -> str:
        return f"{self.field}: then {self.then!r}, now {self.now!r}"


class _Absent:
    def __repr__(self) -> str:
        return "absent"


ABSENT = _Absent()


def replay(receipt: Receipt, quote: Quote) -> Difference | None:
    """The first field, by name, in which the answer differs today; None when it is equal."""
    return compare(receipt.answer, quote(receipt.request, receipt.release), "answer")


def compare(then: Any, now: Any, field: str) -> Difference | None:
    """The first difference between plain values, by the bytes that they are written as.

    >>> str(compare({"price": 1.5, "low": [1, 2]}, {"price": 1.5, "low": [1, 3]}, "answer"))
    'answer.low[1]: then 2, now 3'
    """
    match then, now:
        case dict(), dict():
            parts = [
                (f"{field}.{n}", then.get(n, ABSENT), now.get(n, ABSENT)) for n in sorted(then.keys() | now)
            ]
        case ((list() | tuple()), (list() | tuple())) if len(then) == len(now):
            parts = [
                (f"{field}[{at}]", one, other) for at, (one, other) in enumerate(zip(then, now, strict=True))
            ]
        case _:
            missing = then is ABSENT or now is ABSENT
            equal = not missing and canonical.dumps(then) == canonical.dumps(now)
            return None if equal else Difference(field, then, now)
    return next((found for name, one, other in parts if (found := compare(one, other, name))), None)
