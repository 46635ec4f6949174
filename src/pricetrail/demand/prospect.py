"""The features of lines that are yet to come. Numpy alone: the service forecasts with them.

What was known of each product when the data ended is kept at the prices that were paid; any other price and moment
follows from it, by what the features mean: a new price has no history of its own and stands elsewhere beside the
product's past ones, and a later moment is further from the newest sale.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from pricetrail.demand.encode import Columns
from pricetrail.errors import DataError, translating

Values = npt.NDArray[np.float32]
FORMAT = 1
TIERS = ("tier_", "channel_tier_")
PRICES = ("log_price", "vs_last", "vs_most", "vs_least", "vs_shelf")
DAYS = ("product_days", "shelf_days")
CHANNEL, PRICE = "is_registered", "unitprice"
DAY = 86_400


@dataclass(frozen=True, slots=True)
class Line:
    """An order line to forecast. ``at`` is the moment of the order; without it, the end of the data.

    ``known`` holds features that the asker knows better, such as those of a returning customer.
    """

    stockcode: str
    unitprice: float
    is_registered: bool
    country: str | None = None
    at: datetime | None = None
    known: Mapping[str, float | str] | None = None


@dataclass(frozen=True, slots=True)
class Product:
    """Where a product's rows are, and where it was sold last: the country, and the place by the shop's key."""

    start: int
    stop: int
    country: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class Prospects:
    """``values`` (n, p) float32: rows by product, then channel, then price; ``names`` of its columns.

    ``key`` is the column that tells places apart, where the shop has one.
    """

    moment: datetime
    names: tuple[str, ...]
    products: Mapping[str, Product]
    values: Values
    key: str | None = None

    def columns(self, lines: Sequence[Line]) -> Columns:
        """The features of ``lines``: one array of shape (n,) per feature, ``country`` and ``customerid`` as text.

        Raises:
            KeyError: no such product.
        """
        rows = np.array([self._row(line) for line in lines], np.float64).reshape(len(lines), len(self.names))
        found: dict[str, npt.NDArray[Any]] = dict(zip(self.names, rows.T, strict=True))
        found["stockcode"] = np.array([line.stockcode for line in lines], object)
        found["country"] = np.array([self._country(line) for line in lines], object)
        found["customerid"] = np.full(len(lines), "", object)
        if self.key is not None:
            found[self.key] = np.array([self.products[line.stockcode].place for line in lines], object)
        for at, line in enumerate(lines):
            for name, value in (line.known or {}).items():
                found.setdefault(name, np.full(len(lines), "", object))[at] = value
        return found

    def _country(self, line: Line) -> str:
        return self.products[line.stockcode].country if line.country is None else line.country

    def _row(self, line: Line) -> npt.NDArray[np.float64]:
        product = self.products[line.stockcode]
        rows = self.values[product.start : product.stop]
        own = rows[rows[:, self._at(CHANNEL)] == line.is_registered]
        paid = np.flatnonzero(_thousandths(own[:, self._at(PRICE)]) == round(line.unitprice * 1000))
        row: npt.NDArray[np.float64] = own[paid[0] if len(paid) else 0].astype(np.float64)
        if not len(paid):
            self._reprice(row, line.unitprice)
        if line.at is not None:
            self._postpone(row, line.at)
        return row

    def _reprice(self, row: npt.NDArray[np.float64], price: float) -> None:
        """Put a price in the row's place that nobody has paid yet."""
        step = math.log(price / row[self._at(PRICE)])
        for name in self.names:
            if name.startswith(TIERS):
                row[self._at(name)] = 0.0 if name.endswith("_count") else math.nan
        for name in set(PRICES) & set(self.names):
            row[self._at(name)] += step
        row[self._at(PRICE)] = price

    def _postpone(self, row: npt.NDArray[np.float64], at: datetime) -> None:
        """Move the row to another moment. Before the end of the data nothing is unlearnt."""
        for name in set(DAYS) & set(self.names):
            row[self._at(name)] += max((at - self.moment).total_seconds(), 0.0) / DAY
        for name, value in calendar(at).items():
            row[self._at(name)] = value

    def _at(self, name: str) -> int:
        return self.names.index(name)

    def to_json(self) -> dict[str, Any]:
        """All but ``values``, as plain data."""
        products = {code: list(astuple(each)) for code, each in self.products.items()}
        about = {"format": FORMAT, "moment": self.moment.isoformat(), "names": self.names, "key": self.key}
        return {**about, "products": products}

    @classmethod
    def from_json(cls, about: Mapping[str, Any], values: Values) -> Prospects:
        """From ``to_json``'s plain data and the values.

        Raises:
            DataError: they do not belong together.
        """
        with translating({Exception: DataError}, "The snapshot of the products cannot be read."):
            products = {code: Product(*each) for code, each in about["products"].items()}
            found = cls(
                datetime.fromisoformat(about["moment"]),
                tuple(about["names"]),
                products,
                np.asarray(values),
                about.get("key"),
            )
            longest = max((each.stop for each in products.values()), default=0)
        if about["format"] != FORMAT or found.values.shape != (longest, len(found.names)):
            raise DataError("The snapshot of the products does not fit its values. Run the pipeline again.")
        return found


def calendar(at: datetime) -> dict[str, float]:
    """The calendar features of a moment."""
    return {
        "weekday": at.weekday(),
        "minute_of_day": at.hour * 60 + at.minute,
        "week_of_year": at.isocalendar().week,
        "day_of_month": at.day,
    }


def _thousandths(prices: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    thousandths: npt.NDArray[np.float64] = np.round(prices.astype(np.float64) * 1000)
    return thousandths
