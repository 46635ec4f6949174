"""As-of features of an order line: what was known strictly before its invoice.

A history is a group of lines: a product's, a customer's, a customer's of a product, ... Its figures for a
line are taken over the lines of the group with an *earlier timestamp*: other lines of the same invoice, and
invoices of the same moment, do not count. The paid price, the product, the customer and the time of the line
itself are known; its quantity is not.

Sums run over integers (logarithms in steps of 2^-20, money and quantities in thousandths), so that neither the
order of addition nor the number of threads nor the engine makes a difference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import ibis
from ibis import _
from ibis.expr.types import NumericValue, Table, Value

from pricetrail.transactions import extremes
from pricetrail.transactions.engine import drop, keep, rows

STEP = 2**20
DAY = 86_400
PART = 1_000_000
VISITS = 3
WEEKS = 4

CATEGORICAL = ("stockcode", "customerid", "country")


@dataclass(frozen=True, slots=True)
class History:
    """A group of lines, told apart by ``keys``: what had been seen of it before each of its moments.

    The lines stand in the order of time, so what comes before the *first* line of a moment is what came before the
    moment. That line speaks for all of its moment. A ``personal`` history leaves out the lines without a customer.
    Of a ``coarse`` one many lines share a moment: they are added up first.

    Args:
        sums: the amounts to add up.
        last: the value to know of the newest line; the largest, where lines share the newest moment.
        least: the value of which to know the least.
        recent: means over the newest moments: their name, the amount, and how many moments; of a coarse history.
    """

    name: str
    keys: tuple[str, ...]
    personal: bool = False
    coarse: bool = False
    sums: tuple[str, ...] = ("steps",)
    last: str | None = None
    least: str | None = None
    recent: tuple[tuple[str, str, int], ...] = ()

    @property
    def at(self) -> tuple[str, ...]:
        """What tells a moment of the group."""
        return (*self.keys, "second")

    def tell(self, base: Table, told: Table) -> Table:
        """Join the history's figures over the lines of ``base``, under its name, to what is ``told`` already."""
        figures = {"count": _.met, "mean": _mean("steps"), **MORE.get(self.name, dict)()}
        own = self._seen(base).select(*self.at, **{f"{self.name}_{name}": figures[name] for name in figures})
        return told.left_join(own, self.at).select(*told.columns, *own.columns[len(self.at) :])

    def _seen(self, base: Table) -> Table:
        values = [value for value in (*self.sums, self.last, self.least) if value is not None]
        lines = base.select(*dict.fromkeys((*self.at, *values)))
        if self.personal:
            lines = lines.filter(_.customer.notnull())
        if self.coarse:
            lines = lines.group_by(self.at).agg(
                lines=_.count(), **{name: _[name].sum() for name in self.sums}
            )
        seen = lines.select(*self.at, **self._windows())
        return seen if self.coarse else seen.filter(_.since.isnull() | (_.since < _.second))

    def _windows(self) -> dict[str, Value]:
        """What one sort of the lines tells of each."""
        order = {"group_by": self.keys, "order_by": [name for name in ("second", self.last) if name]}
        before = ibis.window(preceding=(None, 1), **order)
        found = {"since": _.second.lag(1).over(**order)}
        found["met"] = _.lines.sum().over(before) if self.coarse else ibis.row_number().over(**order)
        found |= {name: _[name].sum().over(before) for name in self.sums}
        if self.last:
            found["last"] = _[self.last].lag(1).over(**order)
        if self.least:
            found["least"] = _[self.least].min().over(before)
        for name, amount, moments in self.recent:
            newest = ibis.window(preceding=(moments, 1), **order)
            found[name] = _[amount].sum().over(newest).cast("float64") / _.lines.sum().over(newest) / STEP
        return found


PRODUCT = History("product", ("product",), last="thousandths")
TIER = History("tier", ("product", "thousandths"), last="pieces", least="pieces")
CHANNEL = History("channel", ("product", "is_registered"))
CHANNEL_TIER = History("channel_tier", ("product", "thousandths", "is_registered"), sums=("steps", "squares"))
CUSTOMER = History(
    "customer",
    ("customer",),
    personal=True,
    coarse=True,
    sums=("steps", "squares", "worth", "surprise"),
    recent=(("recent", "surprise", VISITS),),
)
REPEAT = History("repeat", ("customer", "product"), personal=True, last="pieces")
LEVEL = History("level", ("customer", "band"), personal=True, coarse=True, sums=("steps", "worth"))
SAME_PRICE = History("same_price", ("customer", "thousandths"), personal=True, coarse=True)
PLACE = History("place", ("place",), coarse=True)
SHELF = History(
    "shelf",
    ("product", "place"),
    coarse=True,
    sums=("steps", "paid"),
    recent=(("last", "steps", 1), ("recent", "steps", WEEKS)),
)
OF_PRODUCTS = (PRODUCT, TIER, CHANNEL, CHANNEL_TIER, REPEAT)
OF_CUSTOMERS = (CUSTOMER, LEVEL, SAME_PRICE)
HISTORIES = (PRODUCT, TIER, CHANNEL, CHANNEL_TIER, CUSTOMER, REPEAT, LEVEL, SAME_PRICE)
ASKED = ("steps", "squares", "worth", "surprise")

NUMERIC = (
    "is_registered",
    *(f"{history.name}_{figure}" for history in HISTORIES for figure in ("count", "mean")),
    *("product_days", "tier_last", "tier_least", "channel_tier_spread", "repeat_last", "repeat_days"),
    *(
        "customer_spread",
        "customer_value",
        "customer_days",
        "customer_habit",
        "customer_recent",
        "level_value",
    ),
    *("log_price", "vs_last", "vs_most", "vs_least"),
    *("weekday", "minute_of_day", "week_of_year", "day_of_month"),
    "naive_log",
)
OF_KEY = (
    *("place_count", "place_mean"),
    *("shelf_count", "shelf_mean", "shelf_last", "shelf_recent", "shelf_days", "vs_shelf"),
)
IDS = ("line", "invoiceno", "invoicedate", "quantity", "unitprice")
NUMBERED = {"stockcode": "product", "customerid": "customer", "key": "place"}
READ = ("line", "stockcode", "customerid", "is_registered", "quantity", "unitprice", "invoicedate")
UNUSED = ("file", "description")


def numeric(key: str | None) -> tuple[str, ...]:
    """The numeric features of a shop; with a key also what is told of its places, and of each product there."""
    return (*NUMERIC, *OF_KEY) if key else NUMERIC


def features(
    sales: Table, key: str | None = None, count: int | None = None, *, to_come: bool = False
) -> Table:
    """The features of clean lines: ids, ``quantity``, ``CATEGORICAL``, the numeric ones, and any further columns.

    Each history is computed over the few columns that it needs, and joined: a window carries all columns of its
    input through its sort. Texts take no part in it. First come the histories of products, product by product, as
    those of customers also ask how far each line was from what was usual of its product.

    Args:
        sales: clean lines in the standard columns, with ``is_registered``.
        key: the column that tells places apart, such as a chain's stores.
        count: how many lines there are; where nobody knows they are counted.
        to_come: only of the lines numbered below 0, which come after all others, of customers that nobody knows.
    """
    base = keep(_prepared(sales, key), "prepared")
    count = rows(base.agg(lines=_.count()))[0]["lines"] if count is None else count
    told = ibis.union(*_told(base, 1 + count // PART, to_come))
    lines = PLACE.tell(keep(base.select(*PLACE.at, *PLACE.sums), "placed"), told) if key else told
    drop(base)
    for history in OF_CUSTOMERS:
        lines = history.tell(told, lines)
    sales = sales.filter(_.line < 0) if to_come else sales
    rest = [name for name in sales.columns if name not in (*IDS, *CATEGORICAL, *UNUSED)]
    names = [name for name in numeric(key) if name not in rest]
    found = lines.select("line", *[name for name in names if name in lines.columns])
    final = sales.inner_join(found, "line").mutate(customerid=_.customerid.fill_null(""), **_calendar())
    return final.select(*IDS, *CATEGORICAL, *rest, **_singles(names))


def _told(base: Table, parts: int, to_come: bool) -> Iterator[Table]:
    """What the histories of products say, whole products at a time, about ``PART`` lines.

    So many are at work at once, however many there are. A part's lines are looked for once, not by every history.
    """
    for at in range(parts):
        part = keep(base.filter(_.product % parts == at), "part") if parts > 1 else base
        yield keep(_of_products(part, part.filter(_.line < 0) if to_come else part), "told")
        if parts > 1:
            drop(part)


def _of_products(base: Table, lines: Table) -> Table:
    """What the histories of some products say of lines, and all that those of customers are made from.

    Args:
        base: all lines of the products.
        lines: those that are asked about; no customer of theirs has others.
    """
    told = extremes.tell(base, lines, "product", "thousandths")
    keyed = "place" in base.columns
    for history in (*OF_PRODUCTS, SHELF) if keyed else OF_PRODUCTS:
        told = history.tell(lines if history.personal else base, told)
    told = told.mutate(
        surprise=_.steps - (_expected() * STEP).round().cast("int32"), **_prices(keyed), **_naive(keyed)
    )
    every = (*NUMERIC, *OF_KEY)
    names = [name for name in every if name in told.columns and name not in base.columns]
    rest = [name for name in ("place", *ASKED) if name in told.columns]
    return told.select("line", "customer", "second", "band", "thousandths", *rest, **_singles(names))


def _prepared(sales: Table, key: str | None) -> Table:
    """Integers to count with and to tell apart by, each below 2^31."""
    place = {"key": _[key]} if key else {}
    told = lines = sales.select(*READ, **place)
    for name in ("stockcode", "customerid", *place):
        told = told.left_join(_numbered(lines, name), name)
    small = {
        "steps": ((_.quantity + 1).ln() * STEP).round(),
        "squares": ((_.quantity + 1).ln().pow(2) * STEP).round(),
        "worth": ((_.quantity * _.unitprice + 1).ln() * STEP).round(),
        "pieces": (_.quantity * 1000).round(),
        "thousandths": (_.unitprice * 1000).round(),
        "band": (_.unitprice.ln() * 2).floor(),
    }
    if key:
        small["paid"] = (_.unitprice.ln() * STEP).round()
    return told.select(
        *("line", "product", "customer", "is_registered"),
        *[NUMBERED[name] for name in place],
        second=_.invoicedate.epoch_seconds().cast("int64"),
        **{name: value.cast("int32") for name, value in small.items()},
    )


def _numbered(sales: Table, name: str) -> Table:
    """A number for each text of a column: half as wide, and quicker to sort and to compare."""
    distinct = sales.filter(_[name].notnull()).select(name).distinct()
    return distinct.mutate(**{NUMBERED[name]: ibis.row_number().over(order_by=name).cast("int32")})


def _singles(names: list[str]) -> dict[str, Value]:
    return {name: _[name].cast("float32") for name in names}


def _expected() -> NumericValue:
    return ibis.coalesce(_.channel_tier_mean, _.channel_mean, _.product_mean, 0.0)


def _mean(amount: str) -> NumericValue:
    """The mean of something counted in steps."""
    return _[amount].cast("float64") / _.met.nullif(0) / STEP


def _spread() -> NumericValue:
    """The standard deviation of the log quantities."""
    mean = _mean("steps")
    return (_mean("squares") - mean * mean).abs().sqrt()


def _log(thousandths: NumericValue) -> NumericValue:
    return (thousandths.cast("float64") / 1000 + 1).ln()


def _days() -> NumericValue:
    return (_.second - _.since).cast("float64") / DAY


def _customer() -> dict[str, Value]:
    means = {"value": _mean("worth"), "habit": _mean("surprise")}
    return {**means, "spread": _spread(), "days": _days(), "recent": _.recent}


MORE: dict[str, Callable[[], dict[str, Value]]] = {
    "product": lambda: {"days": _days(), "price": _.last},
    "tier": lambda: {"last": _log(_.last), "least": _log(_.least)},
    "channel_tier": lambda: {"spread": _spread()},
    "customer": _customer,
    "repeat": lambda: {"last": _log(_.last), "days": _days()},
    "level": lambda: {"value": _mean("worth")},
    "shelf": lambda: {"last": _.last, "recent": _.recent, "days": _days(), "price": _mean("paid")},
}


def _prices(keyed: bool) -> dict[str, Value]:
    def against(other: NumericValue) -> NumericValue:
        return (_.thousandths.nullif(0).cast("float64") / other.nullif(0)).ln()

    beside = {"vs_shelf": _.paid.cast("float64") / STEP - _.shelf_price} if keyed else {}
    return beside | {
        "vs_last": against(_.product_price),
        "vs_most": against(_.most),
        "vs_least": against(_.least),
    }


def _calendar() -> dict[str, Value]:
    return {
        "log_price": _.unitprice.ln(),
        "weekday": _.invoicedate.day_of_week.index(),
        "minute_of_day": _.invoicedate.hour() * 60 + _.invoicedate.minute(),
        "week_of_year": _.invoicedate.week_of_year(),
        "day_of_month": _.invoicedate.day(),
    }


def _naive(keyed: bool) -> dict[str, Value]:
    """What this customer last bought of this product; else what it sells at in its place; its channel; anywhere."""
    place = [_.shelf_mean] if keyed else []
    return {"naive_log": ibis.coalesce(_.repeat_last, *place, _.channel_mean, _.product_mean, 1.0)}
