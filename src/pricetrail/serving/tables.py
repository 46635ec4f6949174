"""Every product at once: what is recommended for each, quoted once for a release and terms, and then remembered."""

from __future__ import annotations

import json
import threading
from collections import Counter, OrderedDict
from functools import partial
from typing import Any

from pricetrail.errors import UsageError
from pricetrail.lineage import canonical
from pricetrail.pricing.bulk import COLUMNS, ERROR, told
from pricetrail.serving.asking import PriceAsked, TableAsked, Terms
from pricetrail.serving.desk import Desk, Issued
from pricetrail.serving.release import Release

KEPT = 8
# Rows show no curve; the shortest one is drawn.
BINS = 2
HEADINGS = ("stockcode", "store", "description", *COLUMNS[2:], "receipt")

Row = dict[str, Any]


class Tables:
    """The tables that were asked for last. Each row names the receipt of its price."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._lock = desk, threading.Lock()
        self._kept = OrderedDict[str, list[Row]]()

    def rows(self, terms: Terms, release: Release) -> list[Row]:
        """A row of ``HEADINGS`` for each product, in the release's order.

        Raises:
            TooMany: they take too long.
            StoreFailed, DiskFull: their receipts could not be kept.
        """
        asked = terms.model_dump(mode="json", exclude_unset=True)
        key = f"{release.id}:{canonical.digest(canonical.dumps(asked))}"
        with self._lock:
            if key not in self._kept:
                self._kept[key] = self._quoted(asked, release)
            self._kept.move_to_end(key)
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            return self._kept[key]

    def _quoted(self, asked: Row, release: Release) -> list[Row]:
        products = [
            product for product in release.responses.products if asked.get("store") in (None, product.store)
        ]
        named = [{"stockcode": each.stockcode, "store": each.store} for each in products]
        found = self._desk.prices(
            (partial(PriceAsked.read, {"num_price_bins": BINS, **asked, **each}) for each in named), release
        )
        return [
            {**row(answer, name), "description": product.description}
            for answer, name, product in zip(found, named, products, strict=True)
        ]


def row(answer: Issued | UsageError, named: Row) -> Row:
    """The row of an answer; of one that failed, with the reason why."""
    if isinstance(answer, UsageError):
        refused = {**named, "status": ERROR, "reason": str(answer)}
        return {heading: refused.get(heading) for heading in HEADINGS}
    shown = json.loads(answer.quote.shown)
    made = told(answer.quote.said, shown["answer"])
    return {**made, "description": shown["description"], "receipt": answer.number}


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
