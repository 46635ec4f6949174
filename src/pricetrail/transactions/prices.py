"""The list price: what the shop asked for a product in a week.

Paid prices vary within a product and week without any decision about the price. Larger orders pay less: that is a
discount tier. And lines without a customer often come from another channel with prices of its own: in the Online
Retail data nearly twice those of registered customers. So the list price of a product and week is *the price that
most small orders of registered customers paid*; a small order is at most the product's median quantity. A week in
which at most one small order speaks, while the weeks before and after agree on another price, takes theirs: one
line is a flicker, not a decision. Weeks in which no such customer bought carry the price before forward (at the
start, the one after back). Where fewer than a tenth of a product's lines are of registered customers, all count.

Among the definitions tried on that data (registered customers split at random in two halves, the list price found
in each half alone; product-weeks where both halves bought): the most frequent paid price agrees between the halves
in 94.3 %, with the flicker rule in 96.9 %; the highest common one in 94.4 and 97.0 %; this one in 94.7 and 97.6 %,
with the fewest prices that leave and return (70, against 1,513 for the most frequent price alone). The quantity
below which an order is small matters little: 97.4, 97.6, 97.6 and 97.3 % at the quartiles and the ninth decile.
"""

from __future__ import annotations

import ibis
from ibis import _
from ibis.expr.types import Table

from pricetrail.params import Source

FEW = 0.1


def attach(sales: Table, source: Source) -> Table:
    """Add ``list_price`` and ``discount`` (1 - paid / list; negative where more was paid).

    Args:
        sales: clean order lines with ``is_registered``.
        source: whether they are weekly sums, and the key that tells stores apart.
    """
    products = _products(source)
    prices, dated = weekly(sales, source), sales.mutate(week=_week())
    priced = dated.left_join(prices, [*products, "week"]).select(*sales.columns, "list_price")
    return priced.mutate(discount=1 - _.unitprice / _.list_price)


def weekly(sales: Table, source: Source) -> Table:
    """The list price per product, store where there is a key, and week in which it sold.

    It looks inside its own week, so it labels sales for the price response and is no feature of a forecast.

    Returns:
        ``stockcode``, the key, ``week`` (its Monday), ``list_price``.
    """
    products = _products(source)
    paid = _paid(sales, products)
    said = paid.filter(_.lines > 0)
    best = {"group_by": [*products, "week"], "order_by": [_.small.desc(), _.lines.desc(), _.unitprice.desc()]}
    first = said.mutate(place=ibis.row_number().over(**best)).filter(_.place == 0)
    prices = first if source.grain == "weekly" else _steady(first, products)
    weeks = paid.select(*products, "week").distinct()
    joined = weeks.left_join(prices, [*products, "week"]).select(*products, "week", "unitprice")
    return _carried(joined, products)


def _products(source: Source) -> list[str]:
    return ["stockcode", *([source.key] if source.key else [])]


def _week() -> ibis.Deferred:
    return _.invoicedate.truncate("W")


def _paid(sales: Table, products: list[str]) -> Table:
    """Per product, week and price, how many lines speak for it: ``lines``, and ``small`` ones among them."""
    registered = _.is_registered == 1
    usual = sales.group_by(products).agg(
        official=registered.mean() >= FEW,
        all_median=_.quantity.median(),
        median=_.quantity.median(where=registered),
    )
    told = sales.inner_join(usual, products).select(
        *products,
        week=_week(),
        unitprice=_.unitprice,
        speaks=registered | ~_.official,
        small=_.quantity <= _.official.ifelse(_.median, _.all_median),
    )
    return told.group_by(*products, "week", "unitprice").agg(
        lines=_.speaks.sum(), small=(_.speaks & _.small).sum()
    )


def _steady(prices: Table, products: list[str]) -> Table:
    time = {"group_by": products, "order_by": "week"}
    around = prices.mutate(before=_.unitprice.lag(1).over(**time), after=_.unitprice.lead(1).over(**time))
    flicker = ((_.small <= 1) & (_.before == _.after)).fill_null(False)
    return around.select(*products, "week", unitprice=flicker.ifelse(_.before, _.unitprice))


def _carried(prices: Table, products: list[str]) -> Table:
    """Fill the weeks without a price: all weeks since the last one with a price share its ordinal."""
    since = ibis.cumulative_window(group_by=products, order_by="week")
    counted = prices.mutate(nth=ibis.greatest(_.unitprice.count().over(since), 1))
    return counted.select(*products, "week", list_price=_.unitprice.max().over(group_by=[*products, "nth"]))
