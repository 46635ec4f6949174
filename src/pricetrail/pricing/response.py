"""The response to price as it was estimated, read strictly: what every recommendation is made from.

A file of format 1 may gain fields, and a reader that does not know them passes them over; what this one needs
must be there, of the right type and in range.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container
from functools import cached_property
from itertools import accumulate
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, Strict, ValidationError, model_validator

from pricetrail.errors import ResponseInvalid, UnknownProduct, UsageError
from pricetrail.standing import Standing

SHOWN = 5

Finite = Annotated[float, Field(allow_inf_nan=False)]
Spread = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Money = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]
Listed = Annotated[tuple[Money, Annotated[int, Field(gt=0)]], Strict(False)]
Correlation = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]
Together = Annotated[tuple[Correlation, Correlation, Correlation], Strict(False)]


def _absent(value: object) -> bool:
    """What an older release does not know is no part of what a receipt says was known."""
    return value is None


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True)


class Slope(_Value):
    """d log units / d log price: a normal distribution."""

    mean: Finite
    sd: Spread


class Pooled(Slope):
    """The slope that all products share, and how far they differ from it."""

    between_sd: Spread


class Pool(_Value):
    """All products' slopes: for ordinary changes, deep cuts, and clearances."""

    slope: Pooled
    deep: Pooled
    clear: Pooled | None = None


class Product(_Value):
    """One product, or one product in one store.

    Attributes:
        price: the list price now; ``low`` and ``high`` are the least and the highest that were observed.
        prices: the distinct list prices, ascending, with the weeks at each.
        orders, units: expected per week at the list price now.
        units_log_sd: what is not known of that level of units, on the log scale.
        units_week_sd: standard deviation of a week's log units around it; ``orders_week_sd`` that of log orders.
        slope: for ordinary changes, as it is predicted for this product.
        deep: below the deep mark; ``clear`` the same below the clearance mark, where it is told apart.
        together: correlations of the errors of slope and deep, slope and clear, deep and clear; where they are not
            told they are taken to err together, which gives the widest bands.
        size: of units an order, for ordinary changes; what orders answer is the rest of ``slope``.
        changes: how often the list price changed, in ``weeks``.
        cost: of one unit, where it is known.
    """

    stockcode: str
    store: str | None = None
    description: str = ""
    price: Money
    low: Money
    high: Money
    prices: Annotated[tuple[Listed, ...], Strict(False), Field(min_length=1)]
    orders: Amount
    units: Amount
    units_log_sd: Spread
    units_week_sd: Spread
    orders_week_sd: Spread | None = Field(default=None, exclude_if=_absent)
    slope: Slope
    deep: Slope
    clear: Slope | None = None
    size: Slope | None = Field(default=None, exclude_if=_absent)
    together: Together = (1.0, 1.0, 1.0)
    identification: Standing
    changes: Count
    weeks: Count
    cost: Amount | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.low <= self.price <= self.high:
            raise ValueError(f"expected low <= price <= high, found {self.low}, {self.price}, {self.high}")
        listed = [price for price, _ in self.prices]
        if listed != sorted(set(listed)) or listed[0] < self.low or listed[-1] > self.high:
            raise ValueError("expected distinct prices, ascending, from low to high")
        return self

    def usual(self, deep_from: float) -> float:
        """The list price in the middle of the weeks, those left out in which it was ``deep_from`` below the highest:
        a cut is deep by how far it goes below this."""
        least = self.prices[-1][0] * (1 - deep_from)
        passed = list(accumulate(weeks * (price >= least) for price, weeks in self.prices))
        middle = (passed[-1] + 1) // 2
        return next(price for (price, _), upto in zip(self.prices, passed, strict=True) if upto >= middle)


class Responses(_Value):
    """Every product's response; ``deep_from`` is the share below the usual price from which a cut is deep, ``step``
    the unit of money that prices are set in."""

    format: Literal[1]
    deep_from: Annotated[float, Field(gt=0, lt=1)]
    step: Money = 0.01
    pool: Pool
    products: Annotated[tuple[Product, ...], Strict(False)]

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        names = [(product.stockcode, product.store) for product in self.products]
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise ValueError(f"expected each product once, found {twice[0]!r} twice")
        return self

    @classmethod
    def from_json(cls, value: object, *, name: str = "response.json") -> Self:
        """Check plain values, as ``json.loads`` gives them.

        Raises:
            ResponseInvalid: something that prices need is missing, of the wrong type, or out of range.
        """
        try:
            return cls.model_validate(value)
        except ValidationError as error:
            lines = [f"  {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:SHOWN]]
            more = error.error_count() - len(lines)
            lines += [f"  and {more:,} more"] if more else []
            head = f"{name} is not a response that prices can be made from; 'pricetrail run' makes a new one:"
            raise ResponseInvalid("\n".join([head, *lines])) from error

    @cached_property
    def _stores(self) -> dict[str, list[Product]]:
        stores = defaultdict[str, list[Product]](list)
        for product in self.products:
            stores[product.stockcode].append(product)
        return dict(stores)

    def stores(self, stockcode: str) -> list[Product]:
        """The responses of one product: one, or one for each store.

        Raises:
            UnknownProduct: there is none; the message names the nearest codes.
        """
        code = cased(stockcode, self._stores)
        if code not in self._stores:
            raise UnknownProduct(stockcode, self._stores)
        return self._stores[code]

    def product(self, stockcode: str, store: str | None = None) -> Product:
        """The response of one product; of one that is known by store, the store must be named.

        Raises:
            UnknownProduct: there is none; the message names the nearest codes, or the stores.
            UsageError: the store was not named.
        """
        known = self.stores(stockcode)
        if store is None and all(product.store is not None for product in known):
            named = ", ".join(str(product.store) for product in known[:SHOWN])
            more = f" and {len(known) - SHOWN:,} more" if len(known) > SHOWN else ""
            raise UsageError(
                f"Product {stockcode!r} is known by store. Name one with --store (?store= over HTTP): {named}{more}."
            )
        found = [product for product in known if product.store == store]
        if not found:
            stores = [product.store for product in known if product.store is not None]
            raise UnknownProduct(store or "", stores, kind=f"store of product {stockcode!r}")
        return found[0]


def cased(stockcode: str, known: Container[str]) -> str:
    """A code as the shop keeps it, which is in upper case; files and people may have it in lower."""
    upper = stockcode.upper()
    return upper if stockcode not in known and upper in known else stockcode
