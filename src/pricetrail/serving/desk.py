"""Answers for prices: from the cache or by quoting, and never without a receipt that is already kept."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pricetrail.errors import TooMany, UsageError
from pricetrail.lineage import canonical
from pricetrail.lineage.receipts import Draft, Writer
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
        turn: held while a price is worked out. Threads that do so at once only take the interpreter from each other,
            at every step that lets go of it, which costs as much as the work itself.
    """

    writer: Writer
    cache: Cache
    seconds: float
    clock: Callable[[], datetime] = utc
    turn: threading.Lock = field(default_factory=threading.Lock)

    def price(self, asked: PriceAsked, release: Release) -> Issued:
        """The answer to a question.

        Raises:
            UsageError: it cannot be answered as it was asked.
            StoreFailed, DiskFull: its receipt could not be kept.
        """
        question = asked.spelled()
        found = self._quote(asked, question, release)
        number = self.writer.issue(self._draft(asked, question, release, found))
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
        drafts = [self._draft(*each) for each in tried if not isinstance(each, UsageError)]
        numbers = iter(self.writer.issue_all(drafts))
        return [
            each if isinstance(each, UsageError) else Issued(each[-1], release.id, next(numbers))
            for each in tried
        ]

    def _tried(
        self, make: Callable[[], PriceAsked], release: Release, until: float
    ) -> tuple[PriceAsked, bytes, Release, Quote] | UsageError:
        if time.monotonic() > until:
            raise TooMany(f"So many prices take more than {self.seconds:g} seconds. Ask for fewer at once.")
        try:
            asked = make()
            question = asked.spelled()
            return asked, question, release, self._quote(asked, question, release)
        except UsageError as error:
            return error

    def _quote(self, asked: PriceAsked, question: bytes, release: Release) -> Quote:
        key = f"pricetrail:{release.id}:{canonical.digest(question)}"
        known = self.cache.get(key)
        if known is not None:
            return Quote.from_bytes(known)
        with self.turn:
            found = quote(asked, release)
        self.cache.put(key, found.to_bytes())
        return found

    def _draft(self, asked: PriceAsked, question: bytes, release: Release, found: Quote) -> Draft:
        return Draft(
            at=self.clock(),
            release=release.id,
            inputs=found.inputs,
            product=asked.stockcode,
            store=asked.store,
            request=question,
            answer=found.answer,
            price=found.price,
            revenue=found.revenue,
        )
