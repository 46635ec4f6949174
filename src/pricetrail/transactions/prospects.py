"""Lines that are yet to come: one for every product, channel and price, a second after the newest line.

Their histories say what is known of a product when the data ends. They are asked of the same expressions as those of
every line that was, so a forecast is made from what the model was trained on, and nothing is computed twice.
"""

from __future__ import annotations

import ibis
from ibis import _
from ibis.expr.types import Table

from pricetrail.transactions import history
from pricetrail.transactions.engine import keep

RECENT = 26
# No customer of a shop is called so: names are stripped when they are read.
NEW_CUSTOMER = " "
LABELS = ("list_price", "discount")


def prospects(priced: Table, key: str | None = None) -> Table:
    """The features of the lines to come: ``NUMERIC``, ``CATEGORICAL``, ids, and any further columns.

    Each product comes in each channel at its newest list price and at every price paid in the last half year.
    Whoever buys is new: registered lines are of a customer without a past. With a key, the place is the one of the
    product's newest line.

    Args:
        priced: clean lines in the standard columns, with ``is_registered`` and ``list_price``.
        key: the column that tells places apart.
    """
    sales = priced.drop(*LABELS)
    ahead = keep(_lines(priced).select(sales.columns).cast(dict(sales.schema().items())), "ahead")
    return history.features(sales.union(ahead), key, to_come=True)


def _lines(priced: Table) -> Table:
    newest = keep(priced.filter(_newest()), "newest")
    prices = ibis.union(newest.select("stockcode", unitprice="list_price"), _recent(priced), distinct=True)
    channels = priced.select("is_registered").distinct()
    end = newest.invoicedate.max().as_scalar()
    every = newest.drop("unitprice", "is_registered").inner_join(prices, "stockcode").cross_join(channels)
    return every.mutate(
        line=-1 - ibis.row_number().over(order_by=["stockcode", "is_registered", "unitprice"]),
        invoiceno=ibis.literal(""),
        invoicedate=end + ibis.interval(seconds=1),
        quantity=ibis.literal(1.0),
        customerid=(_.is_registered == 1).ifelse(NEW_CUSTOMER, ibis.null("string")),
    )


def _newest() -> ibis.Deferred:
    order = [_.invoicedate.desc(), _.line.desc()]
    return ibis.row_number().over(group_by="stockcode", order_by=order) == 0


def _recent(priced: Table) -> Table:
    since = priced.invoicedate.max().as_scalar() - ibis.interval(weeks=RECENT)
    return priced.filter(_.invoicedate > since).select("stockcode", "unitprice")
