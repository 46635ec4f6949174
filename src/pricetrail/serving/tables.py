"""Every product at once: decided on once for a release and terms, and then remembered.

To sort, filter and count takes no more than the decisions. A row is quoted, and gets the receipt of its price, when it
is shown: what nobody sees was not quoted.
"""

from __future__ import annotations

import csv
import io
import json
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from pricetrail.errors import TooMany, UsageError
from pricetrail.lineage import canonical
from pricetrail.pricing import words
from pricetrail.pricing.bounds import Limits
from pricetrail.pricing.bulk import COLUMNS, ERROR, told
from pricetrail.pricing.response import Product
from pricetrail.serving.asking import PriceAsked, TableAsked, Terms
from pricetrail.serving.desk import Desk, Issued
from pricetrail.serving.quote import decided, plain
from pricetrail.serving.release import Release

KEPT = 8
# Rows show no curve; the shortest one is drawn.
BINS = 2
HEADINGS = ("stockcode", "store", "description", *COLUMNS[2:], "receipt")
# A table that nobody waits for is begun so many seconds later; who makes it steps aside after each product, for so many
# seconds, and where a price is being worked out for as many as let it and those behind it be answered.
LATER, ASIDE, BUSY = 0.2, 0.002, 0.05
# So many rows get their receipts at a time.
PORTION = 250

Row = dict[str, Any]


class Table:
    """What is recommended for every product of a release, on some terms."""

    def __init__(self, desk: Desk, terms: Terms, release: Release) -> None:
        self._desk, self._terms, self._release = desk, terms, release
        self._deciding = threading.Lock()
        self._until: float | None = None
        self._decided = list[Row]()
        self._shown = dict[tuple[str, str], Row]()

    def rows(self) -> list[Row]:
        """A row of ``HEADINGS`` for each product, in the release's order; none has a receipt yet.

        Raises:
            LimitsInvalid: the rules clash in themselves.
            TooMany: they take too long. What is done by then stays.
        """
        self._until = time.monotonic() + self._desk.seconds
        return self._made()

    def warm(self) -> None:
        """Make the rows before anybody asks for them; whoever asks for something else meanwhile goes first."""
        with suppress(UsageError):  # whoever asks is told
            self._made()

    def shown(self, rows: Sequence[Row]) -> list[Row]:
        """Some of the rows, each with the receipt of its price.

        Raises:
            TooMany: they take too long. What is done by then stays.
            StoreFailed, DiskFull: their receipts could not be kept.
        """
        until = time.monotonic() + self._desk.seconds
        new = [each for each in rows if _key(each) not in self._shown]
        for at in range(0, len(new), PORTION):
            self._in_time(until)
            for each in self._quoted(new[at : at + PORTION]):
                self._shown.setdefault(_key(each), each)
        return [self._shown[_key(each)] for each in rows]

    def _made(self) -> list[Row]:
        with self._deciding:
            known, store = self._release.responses, self._terms.store
            limits = self._terms.limits(known.step)
            products = [each for each in known.products if store in (None, each.store)]
            for product in products[len(self._decided) :]:
                self._pace()
                with self._desk.turn:
                    self._decided.append(self._row(product, limits))
            return self._decided

    def _pace(self) -> None:
        if self._until is None:
            time.sleep(BUSY if self._desk.turn.locked() else ASIDE)
        else:
            self._in_time(self._until)

    def _in_time(self, until: float) -> None:
        if time.monotonic() > until:
            raise TooMany(f"So many products take more than {self._desk.seconds:g} seconds. Ask again.")

    def _row(self, product: Product, limits: Limits) -> Row:
        try:
            found = decided(self._terms, product, self._release.responses.deep_from, limits)
        except UsageError as error:
            return _refused({"stockcode": product.stockcode, "store": product.store}, error)
        made = told(plain(found), words.sentence(found))
        return {**made, "description": product.description, "receipt": None}

    def _quoted(self, rows: Sequence[Row]) -> list[Row]:
        asked = {"num_price_bins": BINS, **self._terms.model_dump(mode="json", exclude_unset=True)}
        named = [{"stockcode": each["stockcode"], "store": each["store"] or None} for each in rows]
        found = self._desk.prices(
            (partial(PriceAsked.read, {**asked, **each}) for each in named), self._release
        )
        return [
            {**row(answer, name), "description": each["description"]}
            for answer, name, each in zip(found, named, rows, strict=True)
        ]


class Tables:
    """The tables that were asked for last."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._lock = desk, threading.Lock()
        self._kept = OrderedDict[str, Table]()

    def of(self, terms: Terms, release: Release) -> Table:
        """The table of a release on some terms, made when its rows are asked for."""
        asked = terms.model_dump(mode="json", exclude_unset=True)
        key = f"{release.id}:{canonical.digest(canonical.dumps(asked))}"
        with self._lock:
            found = self._kept.setdefault(key, Table(self._desk, terms, release))
            self._kept.move_to_end(key)
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            return found

    def warm(self, release: Release) -> None:
        """Make a release's table a little later: who waits for its first price gets that first."""
        later = threading.Timer(LATER, self.of(Terms(), release).warm)
        later.daemon = True
        later.start()


def row(answer: Issued | UsageError, named: Row) -> Row:
    """The row of an answer; of one that failed, with the reason why."""
    if isinstance(answer, UsageError):
        return _refused(named, answer)
    shown = json.loads(answer.quote.shown)
    made = told(answer.quote.said, shown["answer"])
    return {**made, "description": shown["description"], "receipt": answer.number}


def _refused(named: Row, error: UsageError) -> Row:
    refused = {**named, "status": ERROR, "reason": str(error)}
    return {heading: refused.get(heading) for heading in HEADINGS}


def _key(row: Row) -> tuple[str, str]:
    return row["stockcode"], row["store"] or ""


def written(rows: Iterable[Row]) -> str:
    """Rows as CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, HEADINGS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def fitting(rows: list[Row], asked: TableAsked) -> list[Row]:
    """The rows that fit, in the order that was asked for; what has no value comes last."""
    wanted = asked.q.casefold()
    found = [
        each
        for each in rows
        if wanted in f"{each['stockcode']}\n{each['description'] or ''}".casefold()
        and asked.status in (None, each["status"])
        and asked.identification in (None, each["identification"])
    ]
    column = asked.sort.removeprefix("-")
    valued = [each for each in found if each[column] is not None]
    valued.sort(key=lambda each: each[column], reverse=asked.sort.startswith("-"))
    return valued + [each for each in found if each[column] is None]


def counted(rows: list[Row]) -> dict[str, int]:
    """How many rows there are of each status."""
    return dict(sorted(Counter(str(each["status"]) for each in rows).items()))
