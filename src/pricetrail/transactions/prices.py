"""The list price: what the shop asked for a product in a week.

Paid prices vary within a product and week: larger orders pay less, and lines without a customer often come from
another channel with prices of its own. None of that is a price change. The list price of a product and week is
therefore the *highest price that registered customers commonly paid*: on at least two lines and a tenth of
theirs; in a week without such lines, the price paid most often. A week whose price rests on one line, while the
weeks before and after agree on another price, takes theirs: one line is a flicker, not a decision.
"""

from __future__ import annotations

import ibis
from ibis import _
from ibis.expr.types import Table

COMMON_LINES = 2
COMMON_SHARE = 0.1
PRODUCT = "stockcode"


def weekly(sales: Table) -> Table:
    """The list price per product and week (Monday): ``stockcode``, ``week``, ``list_price``.

    It looks inside its own week, so it labels sales for the price response; it is no feature of a forecast.

    Args:
        sales: clean order lines with ``is_registered``.
    """
    by = [PRODUCT, "week"]
    paid = (
        sales.mutate(week=_.invoicedate.truncate("W"))
        .group_by(*by, "unitprice")
        .agg(lines=_.count(), theirs=_.is_registered.sum())
    )
    shares = paid.mutate(all_theirs=_.theirs.sum().over(group_by=by))
    common = (_.theirs >= COMMON_LINES) & (_.theirs >= _.all_theirs * COMMON_SHARE)
    best = {"group_by": by, "order_by": [ibis.desc("common"), ibis.desc("merit"), ibis.desc("unitprice")]}
    ranked = shares.mutate(common=common).mutate(merit=_.common.ifelse(_.unitprice, _.lines.cast("float64")))
    first = ranked.mutate(rank=ibis.row_number().over(**best)).filter(_.rank == 0)
    return _steady(first.select(*by, "lines", list_price="unitprice"))


def attach(sales: Table) -> Table:
    """Add ``list_price`` and ``discount`` (1 - paid / list; negative where more was paid)."""
    prices = weekly(sales)
    dated = sales.mutate(week=_.invoicedate.truncate("W"))
    joined = dated.left_join(prices, [PRODUCT, "week"]).select(*sales.columns, list_price=prices.list_price)
    return joined.mutate(discount=1 - _.unitprice / _.list_price)


def _steady(prices: Table) -> Table:
    time = {"group_by": PRODUCT, "order_by": "week"}
    around = prices.mutate(before=_.list_price.lag(1).over(**time), after=_.list_price.lead(1).over(**time))
    flicker = (_.lines == 1) & (_.before == _.after)
    return around.select(PRODUCT, "week", list_price=flicker.fill_null(False).ifelse(_.before, _.list_price))
