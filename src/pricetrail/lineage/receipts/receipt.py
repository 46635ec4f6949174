"""A receipt: what was asked, by which release and from which inputs it was answered, and the answer.

Its canonical JSON is kept as it is; the SHA-256 of those bytes is its identity. It holds no customer: a name that is
not known here is refused, at any depth, so that a field added elsewhere cannot carry one in unseen.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pricetrail.errors import ReceiptInvalid
from pricetrail.lineage import canonical

TYPE = "pricetrail/receipt/v1"
DIGEST = re.compile(r"[0-9a-f]{64}")
LONGEST = 200


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


REQUEST = _names(
    "stockcode store country objective cost default_margin unitprice_min unitprice_max num_price_bins max_change "
    "margin_floor sure competitor_min competitor_max ladder_min ladder_max endings hard soft first"
)
ANSWER = _names(
    "stockcode store status cause price now aim objective cost identification elasticity expected expected_now gain "
    "units revenue margin amount probability low50 low90 middle high50 high90 prospect zone binding at_bound "
    "conflicts rule against hard unmet experiment weeks detects needed stores measure other curve_sha256"
)
KNOWN = {"request": REQUEST, "answer": ANSWER}


@dataclass(frozen=True, slots=True)
class Receipt:
    """One answered price request.

    Attributes:
        at: when, as the clock of whoever answered said; the order of receipts does not rest on it.
        release: the id of the release that answered.
        inputs: the SHA-256 of what the release knows of the product.
        request: what was asked, as plain data, under the names in ``REQUEST``.
        answer: what was said, likewise, under the names in ``ANSWER``.
        price: the price that was quoted.
        revenue: the revenue of a week that was quoted with it; null where none was.
    """

    at: datetime
    release: str
    inputs: str
    product: str
    store: str | None
    request: Mapping[str, Any]
    answer: Mapping[str, Any]
    price: float
    revenue: float | None

    def __post_init__(self) -> None:
        _check_ids(self.release, self.inputs)
        for name in KNOWN:
            _check(name, getattr(self, name))

    def to_bytes(self) -> bytes:
        """The canonical bytes, which hold no line break.

        Raises:
            ReceiptInvalid: a number is not finite, or something is no plain data.
        """
        values = {name: getattr(self, name) for name in self.__slots__}
        return Draft(**values | {name: _dumps(values[name]) for name in KNOWN}).to_bytes()


@dataclass(frozen=True, slots=True)
class Draft:
    """A receipt that is about to be written, its request and its answer ``spelled`` already."""

    at: datetime
    release: str
    inputs: str
    product: str
    store: str | None
    request: bytes
    answer: bytes
    price: float
    revenue: float | None

    def __post_init__(self) -> None:
        _check_ids(self.release, self.inputs)

    def to_bytes(self) -> bytes:
        """The canonical bytes: every field in the order of its name.

        Raises:
            ReceiptInvalid: a number is not finite.
        """
        at = self.at.isoformat(timespec="microseconds")
        first = {"at": at, "inputs": self.inputs, "price": self.price, "product": self.product}
        last = {"revenue": self.revenue, "store": self.store, "type": TYPE}
        return b'{"answer":%b,%b,"request":%b,%b' % (
            self.answer,
            _dumps({**first, "release": self.release})[1:-1],
            self.request,
            _dumps(last)[1:],
        )


def spelled(name: str, value: Mapping[str, Any]) -> bytes:
    """The canonical bytes of a receipt's ``request`` or ``answer``.

    Raises:
        ReceiptInvalid: it holds a name that is not known, a long text, or no plain data.
    """
    _check(name, value)
    return _dumps(value)


def parse(content: bytes) -> Receipt:
    """Read a receipt back.

    Raises:
        ReceiptInvalid: the bytes are none, or not in their one spelling.
    """
    try:
        values = json.loads(content)
        if values.pop("type") == TYPE:
            found = Receipt(**{**values, "at": datetime.fromisoformat(values["at"])})
            if found.to_bytes() == content:
                return found
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    raise ReceiptInvalid("The bytes are no receipt in its one spelling: they were cut or changed.")


def _dumps(value: Mapping[str, Any]) -> bytes:
    try:
        return canonical.dumps(value)
    except (ValueError, TypeError) as error:
        raise ReceiptInvalid(f"A receipt holds plain data and finite numbers: {error}.") from error


def _check_ids(release: str, inputs: str) -> None:
    for name, id in (("release", release), ("inputs", inputs)):
        if not DIGEST.fullmatch(id):
            raise ReceiptInvalid(
                f"A receipt's {name} is a SHA-256 in 64 hexadecimal digits; found {id[:80]!r}."
            )


def _check(name: str, value: object) -> None:
    if fault := _fault(value, KNOWN[name]):
        raise ReceiptInvalid(f"A receipt's {name} {fault}.")


def _fault(value: object, allowed: frozenset[str]) -> str | None:
    """Why plain data may not be kept, if it may not."""
    waiting = [value]
    while waiting:
        match waiting.pop():
            case dict() as found:
                if unknown := found.keys() - allowed:
                    return f"has no field {min(unknown)!r}: only known names are kept, lest one tell of a customer"
                waiting += found.values()
            case list() | tuple() as found:
                waiting += found
            case str() as found if len(found) > LONGEST:
                return f"holds a text of {len(found)} characters, and {LONGEST} is the most"
    return None
