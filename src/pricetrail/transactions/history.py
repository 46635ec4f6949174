"""As-of features of an order line: what was known strictly before its invoice.

A history is a group of lines (a product's, a customer's, a customer's of a product, ...). Its figures for a line
are taken over the lines of that group with an *earlier timestamp*: other lines of the same invoice, and invoices
of the same moment, do not count. The paid price, the product, the customer and the time of the line itself are
known, its quantity is not.

Sums run over integers (log quantities in 2^-20 steps, money in thousandths), so that the order of addition, the
number of threads and the engine make no difference.
"""

from __future__ import annotations

from dataclasses import dataclass

import ibis
from ibis import _
from ibis.expr.types import NumericValue, Table, Value

STANDARD = ("line", "file", "invoiceno", "stockcode", "description", "quantity", "invoicedate", "unitprice")
STEP = 2**20
DAY = 86_400
RECENT = 28 * DAY

CATEGORICAL = ("stockcode", "customerid", "country")


@dataclass(frozen=True, slots=True)
class History:
    """A group of lines, named in the features by ``name``, told apart by ``keys``; ``personal`` ones are empty
    for lines without a customer."""

    name: str
    keys: tuple[str, ...]
    personal: bool = False


PRODUCT = History("product", ("stockcode",))
TIER = History("tier", ("stockcode", "thousandths"))
CHANNEL = History("channel", ("stockcode", "is_registered"))
CHANNEL_TIER = History("channel_tier", ("stockcode", "is_registered", "thousandths"))
LABEL = History("label", ("thousandths", "is_registered"))
COUNTRY = History("country", ("country",))
CUSTOMER = History("customer", ("customerid",), personal=True)
REPEAT = History("repeat", ("customerid", "stockcode"), personal=True)
LEVEL = History("level", ("customerid", "band"), personal=True)
SAME_PRICE = History("same_price", ("customerid", "thousandths"), personal=True)
HISTORIES = (PRODUCT, TIER, CHANNEL, CHANNEL_TIER, LABEL, COUNTRY, CUSTOMER, REPEAT, LEVEL, SAME_PRICE)

CALENDAR = ("weekday", "minute_of_day", "week_of_year", "day_of_month", "days_to_christmas")
PRICES = ("log_price", "cents", "vs_product_mean", "vs_product_max", "vs_product_min", "vs_product_last", "vs_own_last")
EXTRA = (
    "product_spread",
    "product_days",
    "product_age",
    "product_recent_mean",
    "product_recent_count",
    "customer_spread",
    "customer_habit",
    "customer_value",
    "customer_days",
    "customer_age",
    "repeat_last",
    "repeat_most",
    "repeat_least",
    "repeat_days",
    "tier_last",
    "pack",
)
NUMERIC = (
    "is_registered",
    *(f"{history.name}_{figure}" for history in HISTORIES for figure in ("count", "mean")),
    *EXTRA,
    *PRICES,
    *CALENDAR,
    "naive_log",
)


def features(sales: Table) -> Table:
    """The features of clean lines, one row per line: ids, ``quantity``, ``CATEGORICAL`` and ``NUMERIC``.

    Args:
        sales: clean lines in the standard columns, with ``is_registered``.
    """
    base = _prepared(sales)
    first = base.mutate(**_counts(), **_product(), **_customer(), **_repeat())
    expected = ibis.coalesce(_.channel_tier_mean, _.channel_mean, _.product_mean, 0.0)
    second = first.mutate(surprise=_.steps - (expected * STEP).round().cast("int64"))
    third = second.mutate(customer_habit=_personal(_mean(_.surprise, CUSTOMER)))
    final = third.mutate(**_prices()).mutate(**_calendar(), naive_log=_naive(), pack=_pack())
    extra = [name for name in sales.columns if name not in (*STANDARD, *CATEGORICAL)]
    ids = ["line", "invoiceno", "invoicedate", "quantity", "unitprice", *CATEGORICAL, *extra]
    return final.select(*ids, **{name: _[name].cast("float32") for name in NUMERIC if name not in ids})


def _prepared(sales: Table) -> Table:
    """Integers to count with: seconds, log quantity in steps, money in thousandths, and each line's place in time."""
    return sales.mutate(
        customerid=_.customerid.fill_null(""),
        second=_.invoicedate.epoch_seconds().cast("int64"),
        steps=((_.quantity + 1).ln() * STEP).round().cast("int64"),
        thousandths=(_.unitprice * 1000).round().cast("int64"),
        band=(_.unitprice.ln() * 2).floor().cast("int64"),
    ).mutate(place=ibis.row_number().over(order_by=("second", "invoiceno", "line")))


def _before(history: History, span: int | None = None) -> ibis.Window:
    return ibis.range_window(preceding=(span, 1), group_by=history.keys, order_by="second")


def _mean(steps: NumericValue, history: History, span: int | None = None) -> NumericValue:
    window = _before(history, span)
    return steps.sum().over(window).cast("float64") / steps.count().over(window).nullif(0) / STEP


def _spread(history: History) -> NumericValue:
    """Standard deviation of the log quantities; the squares are of quarter-thousandths, to stay integers."""
    window, small = _before(history), (_.steps / 2**8).round().cast("int64")
    count = _.steps.count().over(window).nullif(0)
    mean = small.sum().over(window).cast("float64") / count
    square = (small * small).sum().over(window).cast("float64") / count
    return ibis.greatest(square - mean * mean, 0).sqrt() / 2**12


def _personal(value: Value) -> Value:
    return (_.customerid != "").ifelse(value, None)


def _days_since(moment: NumericValue) -> NumericValue:
    return (_.second - moment).cast("float64") / DAY


def _counts() -> dict[str, Value]:
    found: dict[str, Value] = {}
    for history in HISTORIES:
        keep = _personal if history.personal else _as_is
        found[f"{history.name}_count"] = keep(_.steps.count().over(_before(history)))
        found[f"{history.name}_mean"] = keep(_mean(_.steps, history))
    return found


def _as_is(value: Value) -> Value:
    return value


def _product() -> dict[str, Value]:
    before, tier = _before(PRODUCT), _before(TIER)
    return {
        "product_spread": _spread(PRODUCT),
        "product_days": _days_since(_.second.max().over(before)),
        "product_age": _days_since(_.second.min().over(before)),
        "product_recent_mean": _mean(_.steps, PRODUCT, RECENT),
        "product_recent_count": _.steps.count().over(_before(PRODUCT, RECENT)),
        "price_mean": _.thousandths.sum().over(before).cast("float64") / _.steps.count().over(before).nullif(0),
        "price_most": _.thousandths.max().over(before),
        "price_least": _.thousandths.min().over(before),
        "price_last": _.thousandths.argmax(_.place).over(before),
        "tier_last": (_.quantity.argmax(_.place).over(tier) + 1).ln(),
    }


def _customer() -> dict[str, Value]:
    before = _before(CUSTOMER)
    worth = ((_.quantity * _.unitprice + 1).ln() * STEP).round().cast("int64")
    return {
        "customer_spread": _personal(_spread(CUSTOMER)),
        "customer_value": _personal(_mean(worth, CUSTOMER)),
        "customer_days": _personal(_days_since(_.second.max().over(before))),
        "customer_age": _personal(_days_since(_.second.min().over(before))),
    }


def _repeat() -> dict[str, Value]:
    before = _before(REPEAT)
    return {
        "repeat_last": _personal((_.quantity.argmax(_.place).over(before) + 1).ln()),
        "repeat_most": _personal((_.quantity.max().over(before) + 1).ln()),
        "repeat_least": _personal((_.quantity.min().over(before) + 1).ln()),
        "repeat_days": _personal(_days_since(_.second.max().over(before))),
        "own_price": _personal(_.thousandths.argmax(_.place).over(before)),
    }


def _prices() -> dict[str, Value]:
    def against(other: NumericValue) -> NumericValue:
        return (_.thousandths / other.nullif(0)).ln()

    return {
        "log_price": _.unitprice.ln(),
        "cents": (_.thousandths % 1000).cast("float64"),
        "vs_product_mean": against(_.price_mean),
        "vs_product_max": against(_.price_most),
        "vs_product_min": against(_.price_least),
        "vs_product_last": against(_.price_last),
        "vs_own_last": against(_.own_price),
    }


def _calendar() -> dict[str, Value]:
    day = _.invoicedate.day_of_year()
    return {
        "weekday": _.invoicedate.day_of_week.index(),
        "minute_of_day": _.invoicedate.hour() * 60 + _.invoicedate.minute(),
        "week_of_year": _.invoicedate.week_of_year(),
        "day_of_month": _.invoicedate.day(),
        "days_to_christmas": (359 - day + 365) % 365,
    }


def _naive() -> Value:
    """What this customer last bought of this product; else what the product usually sells at, in its channel,
    overall: on the log1p scale."""
    return ibis.coalesce(_.repeat_last, _.channel_mean, _.product_mean, 1.0)


def _pack() -> Value:
    """The number in a description such as "SET OF 12" or "PACK 6": how many pieces one unit holds."""
    found = _.description.fill_null("").upper().re_extract(r"(?:SET|PACK|BOX|S)[ /]*(?:OF|/)? *([0-9]+)", 1)
    return found.try_cast("float64")
