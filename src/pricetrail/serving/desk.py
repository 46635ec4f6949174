"""Answers for prices: from the cache or by quoting, and never without a receipt that is already kept."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pricetrail.errors import TooMany, UsageError
from pricetrail.lineage import canonical
from pricetrail.lineage.receipts import Receipt, Writer
from pricetrail.serving.asking import PriceAsked
from pricetrail.serving.cache import Cache
from pricetrail.serving.quote import Quote, quote
from pricetrail.serving.release import Release


def utc() -> datetime:
    """This machine's time."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Issued:
    """A quote with the number of the receipt that was kept of it."""

    quote: Quote
    release: str
    number: str

    def to_json(self) -> bytes:
        """The whole answer as JSON; its parts are put together as they were written."""
        last = canonical.dumps({"receipt": self.number, "release": self.release})
        return b",".join((self.quote.answer[:-1], self.quote.shown[1:-1], last[1:]))

    def to_dict(self) -> dict[str, Any]:
        """The whole answer as plain data."""
        return dict(json.loads(self.to_json()))


@dataclass(frozen=True, slots=True)
class Desk:
    """Where prices are asked for.

    Attributes:
        seconds: that one request may take, however much it asks for.
    """

    writer: Writer
    cache: Cache
    seconds: float
    clock: Callable[[], datetime] = utc

    def price(self, asked: PriceAsked, release: Release) -> Issued:
        """The answer to a question.

        Raises:
            UsageError: it cannot be answered as it was asked.
            StoreFailed, DiskFull: its receipt could not be kept.
        """
        found = self._quote(asked, release)
        number = self.writer.issue(self._receipt(asked, release, found))
        return Issued(found, release.id, number)

    def prices(
        self, asked: Iterable[Callable[[], PriceAsked]], release: Release
    ) -> list[Issued | UsageError]:
        """The answers to many questions, in order; one that cannot be answered stops no other.

        Args:
            asked: each makes a question, or raises what is wrong with it.

        Raises:
            TooMany: they take too long.
            StoreFailed, DiskFull: their receipts could not be kept.
        """
        until = time.monotonic() + self.seconds
        tried = [self._tried(each, release, until) for each in asked]
        receipts = [
            self._receipt(each[0], release, each[1]) for each in tried if not isinstance(each, UsageError)
        ]
        numbers = iter(self.writer.issue_all(receipts))
        return [
            each if isinstance(each, UsageError) else Issued(each[1], release.id, next(numbers))
            for each in tried
        ]

    def _tried(
        self, make: Callable[[], PriceAsked], release: Release, until: float
    ) -> tuple[PriceAsked, Quote] | UsageError:
        if time.monotonic() > until:
            raise TooMany(f"So many prices take more than {self.seconds:g} seconds. Ask for fewer at once.")
        try:
            asked = make()
            return asked, self._quote(asked, release)
        except UsageError as error:
            return error

    def _quote(self, asked: PriceAsked, release: Release) -> Quote:
        key = f"pricetrail:{release.id}:{canonical.digest(canonical.dumps(asked.request()))}"
        known = self.cache.get(key)
        if known is not None:
            return Quote.from_bytes(known)
        found = quote(asked, release)
        self.cache.put(key, found.to_bytes())
        return found

    def _receipt(self, asked: PriceAsked, release: Release, found: Quote) -> Receipt:
        said = found.said
        return Receipt(
            at=self.clock(),
            release=release.id,
            inputs=found.inputs,
            product=asked.stockcode,
            store=asked.store,
            request=asked.request(),
            answer=said,
            price=said["price"],
            revenue=said["expected"]["revenue"]["middle"],
        )
