"""Quoting: a request and a release in, an answer out. Pure, so that any answer can be given again to the last bit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest
from typing import Any

import numpy as np
from pydantic import TypeAdapter
from pydantic_core import to_json

from pricetrail.errors import LimitsInvalid
from pricetrail.lineage import canonical
from pricetrail.lineage.receipts.receipt import spelled
from pricetrail.pricing import words
from pricetrail.pricing.bounds import Limits
from pricetrail.pricing.curve import draw
from pricetrail.pricing.decision import Decision, Status, decide
from pricetrail.pricing.demand import Elastic, Floats
from pricetrail.pricing.experiment import Experiment, propose
from pricetrail.pricing.objective import Aim
from pricetrail.pricing.response import Product
from pricetrail.serving.asking import PriceAsked, Terms
from pricetrail.serving.release import Release

DIGITS = 4
BANDS = ("low90", "low50", "middle", "high50", "high90")
EVERYWHERE = "Prices are not told apart by country: this one holds in every country."


@dataclass(frozen=True, slots=True)
class Quote:
    """An answer, written out once, as most of the time is spent on writing numbers.

    Attributes:
        inputs: the SHA-256 of what the release knows of the product.
        price: what to charge; ``revenue`` is what is expected of a week at that price.
        answer: what a receipt keeps, as JSON. Of the curve that is the SHA-256 of its numbers, row by row as they are
            shown, in little-endian double precision.
        shown: what is told beside it, likewise: the curve itself, words, the prices that were observed.
    """

    inputs: str
    price: float
    revenue: float
    answer: bytes
    shown: bytes

    @property
    def said(self) -> dict[str, Any]:
        """The answer as plain data."""
        return dict(json.loads(self.answer))

    def to_bytes(self) -> bytes:
        """For a cache: a line for each part."""
        first = f"{self.inputs} {self.price!r} {self.revenue!r}"
        return b"\n".join((first.encode(), self.answer, self.shown))

    @classmethod
    def from_bytes(cls, content: bytes) -> Quote:
        """What ``to_bytes`` gave."""
        first, answer, shown = content.split(b"\n")
        inputs, price, revenue = first.decode().split(" ")
        return cls(inputs, float(price), float(revenue), answer, shown)


def quote(asked: PriceAsked, release: Release) -> Quote:
    """Answer a request.

    Raises:
        UnknownProduct: the release knows no such product, or not in that store.
        CostMissing, LimitsInvalid: what is asked for needs a cost, or rules clash in themselves.
    """
    known = release.responses
    product = known.product(asked.stockcode, asked.store)
    limits = asked.limits(known.step)
    decision = decided(asked, product, known.deep_from, limits)
    trial = _trial(decision, product, known.deep_from, limits)
    numbers = _numbers(asked, product, known.deep_from, decision.aim)
    answer = {
        **plain(decision),
        "experiment": trial and trial.to_dict(),
        "curve_sha256": canonical.digest(numbers.astype("<f8").tobytes()),
    }
    shown = {
        "description": product.description,
        "answer": words.sentence(decision),
        "reasons": words.reasons(decision) + ([EVERYWHERE] if asked.country else []),
        "proposal": words.proposal(trial) if trial else None,
        "observed": {"low": product.low, "high": product.high, "prices": product.prices},
        "curve": _curve(numbers),
    }
    revenue = decision.expected.revenue.middle
    return Quote(release.inputs(product), decision.price, revenue, spelled("answer", answer), to_json(shown))


def decided(asked: Terms, product: Product, deep_from: float, limits: Limits) -> Decision:
    """What is decided on a product, without its curve and what else an answer shows.

    Raises:
        CostMissing, LimitsInvalid: as ``quote`` does.
    """
    aim = Aim.of(product, asked.objective, cost=asked.cost, default_margin=asked.default_margin)
    return decide(product, deep_from, aim, limits)


def plain(decision: Decision) -> dict[str, Any]:
    """A decision as plain data."""
    found: dict[str, Any] = _plain().dump_python(decision, mode="json")
    return found


def again(request: Mapping[str, Any], release: Release) -> Mapping[str, Any]:
    """The answer to a request as a receipt keeps it."""
    return quote(PriceAsked.read(dict(request)), release).said


@cache
def _plain() -> TypeAdapter[Decision]:
    """Makes plain values of a decision, ten times as fast as the standard library does."""
    return TypeAdapter(Decision)


def _trial(decision: Decision, product: Product, deep_from: float, limits: Limits) -> Experiment | None:
    """The experiment that would tell, where the price is kept; none where no rule ends how far it may go."""
    if decision.status is Status.KEEP:
        with suppress(LimitsInvalid):
            return propose(product, deep_from, decision.aim, limits)
    return None


def _numbers(asked: PriceAsked, product: Product, deep_from: float, aim: Aim) -> Floats:
    """The curve as rows of numbers: prices, then the bands of each figure. It is to be drawn, so it is rounded."""
    low = product.low if asked.unitprice_min is None else asked.unitprice_min
    high = product.high if asked.unitprice_max is None else asked.unitprice_max
    prices = np.linspace(min(low, high), max(low, high), asked.num_price_bins)
    drawn = draw(Elastic.of(product, deep_from), prices, cost=aim.cost)
    figures = [each for each in (drawn.units, drawn.revenue, drawn.margin) if each is not None]
    rows = [drawn.prices, *(getattr(each, band) for each in figures for band in BANDS)]
    return np.round(np.stack(rows), DIGITS)


def _curve(numbers: Floats) -> dict[str, Any]:
    prices, *rows = numbers.tolist()
    figures = [
        dict(zip(BANDS, rows[at : at + len(BANDS)], strict=True)) for at in range(0, len(rows), len(BANDS))
    ]
    return {"prices": prices, **dict(zip_longest(("units", "revenue", "margin"), figures))}
