"""From accepted order lines to sales: duplicates once, cancellations with their originals out, products only.

Nothing is dropped on the way: a line that is not a sale is marked with why, so that every raw row can be
accounted for.
"""

from __future__ import annotations

import ibis
from ibis import _
from ibis.expr.types import BooleanValue, Table

from pricetrail.params import Etl

DUPLICATE = "an exact duplicate"
NO_PRODUCT = "not a product"
CANCELLATION = "a cancellation"
CANCELLED = "cancelled later"
PARTIAL = "a cancellation of a part"
ORPHAN = "a cancellation without its original"
REASONS = (DUPLICATE, NO_PRODUCT, CANCELLATION, CANCELLED, PARTIAL, ORPHAN)
GROUP = ("customerid", "stockcode", "pence", "size")
PLACE = ("line", "file")


def mark(lines: Table, settings: Etl) -> Table:
    """Add ``why``: the reason why a line is not the sale of a product, null where it is one.

    Args:
        lines: accepted lines in the standard columns.
        settings: the patterns that tell what is not a product.
    """
    why = ibis.coalesce(_duplicate(lines), _no_product(settings).ifelse(NO_PRODUCT, ibis.null("string")))
    marked = keep(lines.mutate(why=why), "marked")
    verdicts = _cancellations(marked)
    joined = marked.left_join(verdicts, "line")
    return joined.select(*lines.columns, why=ibis.coalesce(marked.why, verdicts.verdict))


def keep(table: Table, name: str) -> Table:
    """Compute a table once, into a temporary table of its own engine."""
    return table.get_backend().create_table(name, table, temp=True)


def back() -> BooleanValue:
    """A line that takes something back: an invoice number with a leading C, or a negative quantity."""
    return _.invoiceno.upper().startswith("C") | (_.quantity < 0)


def _duplicate(lines: Table) -> ibis.Value:
    alike = [name for name in lines.columns if name not in PLACE]
    again = ibis.row_number().over(group_by=alike, order_by="line") > 0
    return again.ifelse(DUPLICATE, ibis.null("string"))


def _no_product(settings: Etl) -> BooleanValue:
    code, words = _.stockcode.strip().upper(), _.description.fill_null("").strip().upper()
    return code.re_search(f"^({'|'.join(settings.not_product_codes)})$") | words.re_search(
        f"^({'|'.join(settings.not_product_words)})$"
    )


def _cancellations(marked: Table) -> Table:
    """Say of each line that a cancellation concerns what became of it: ``line``, ``verdict``."""
    sales = marked.filter(_.why.isnull()).mutate(
        size=_.quantity.abs(), pence=(_.unitprice * 1000).round().cast("int64"), back=back()
    )
    taken = sales.filter(_.back).select(*GROUP).distinct()
    concerned = sales.semi_join(taken, [sales[name].identical_to(taken[name]) for name in GROUP])
    matched = _brackets(concerned)
    bought = sales.filter(~_.back).group_by("customerid", "stockcode").agg(largest=_.size.max(), first=_.invoicedate.min())
    same = [matched[name].identical_to(bought[name]) for name in ("customerid", "stockcode")]
    part = (_.largest > _.size) & (_.first <= _.invoicedate)
    return matched.left_join(bought, same).select(
        "line", verdict=ibis.coalesce(_.verdict, (_.back & part).ifelse(PARTIAL, _.back.ifelse(ORPHAN, ibis.null("string"))))
    )


def _brackets(lines: Table) -> Table:
    """Match each cancellation with the most recent original before it that is still open: ``verdict``.

    Lines of one customer, product, price and size open (+1) or close (-1), like brackets. The running sum less
    its own running minimum (at most 0) is how many originals are open; a closing that sets a new minimum finds
    none. Among lines that pass through one depth, openings and closings take turns, so a closing's original is
    the line before it. Cumulative windows are all it takes: every engine answers alike.
    """
    time = {"group_by": GROUP, "order_by": ("invoicedate", "line")}
    counted = lines.mutate(total=_.back.ifelse(-1, 1).sum().over(ibis.cumulative_window(**time)))
    lowest = counted.mutate(low=ibis.least(_.total.min().over(ibis.cumulative_window(**time)), 0))
    found = lowest.mutate(lost=_.back & (_.total < _.low.lag(1).over(**time).fill_null(0)))
    levels = found.mutate(level=_.lost.ifelse(-1, _.total - _.low + _.back.cast("int64")))
    turn = {"group_by": (*GROUP, "level"), "order_by": ("invoicedate", "line")}
    closed = levels.mutate(closed=~_.back & _.back.lead(1).over(**turn).fill_null(False))
    verdict = ibis.cases(
        (_.back & ~_.lost, CANCELLATION), (_.closed, CANCELLED), else_=ibis.null("string")
    )
    return closed.mutate(verdict=verdict)
