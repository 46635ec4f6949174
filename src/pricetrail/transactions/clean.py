"""From accepted order lines to sales: duplicates once, cancellations out with their originals, products only.

Nothing is dropped unseen: ``removals`` names every line that is not a sale, and why, so that each raw row can
be accounted for. A cancellation that matches a sale takes it along. One of a part of a sale leaves the sale
as it is, and one without its original has nothing to take: both go alone, under names of their own.

Stock codes are told apart without regard to case: a shop writes 85123A and 85123a for one product.
"""

from __future__ import annotations

import ibis
from ibis import _
from ibis.expr.types import BooleanValue, StringValue, Table

from pricetrail.params import Etl
from pricetrail.transactions.engine import keep, view

DUPLICATE = "an exact duplicate"
NO_PRODUCT = "not a product"
STOCK = "a stock adjustment"
CANCELLATION = "a cancellation"
CANCELLED = "cancelled later"
PARTIAL = "a cancellation of a part"
ORPHAN = "a cancellation without its original"
VOID = "no sale by its status"
UNSOLD = "nothing sold"
REASONS = (VOID, UNSOLD, DUPLICATE, NO_PRODUCT, STOCK, CANCELLATION, CANCELLED, PARTIAL, ORPHAN)

TRACES = ("line", "file", "unread", "stockcode")
SEEN = ("unread", "further", "code", "status")
"""What a sale needs no more."""
SUSPECT = ("invoicedate", "code", "quantity")
WHAT = ("code", "description")
OFFER = ("customerid", "code", "thousandths")
DEAL = (*OFFER, "size")
NOTHING = ""


def coded(lines: Table) -> Table:
    """Add ``code``: the stock code as it is compared."""
    return lines.mutate(code=_.stockcode.upper())


def unsold(lines: Table) -> Table:
    """The rows of a week or a day that say that nothing sold, as no row would: ``line``, ``why``."""
    return lines.filter(_.quantity == 0).select("line", why=ibis.literal(UNSOLD))


def void(lines: Table, settings: Etl) -> Table:
    """The lines whose status says that nothing was sold, or that it came back: ``line``, ``why``.

    A line without a status has its order's: exports tell some things on an order's first line alone. A line that
    takes goods back is no matter of its status.

    Args:
        lines: lines in the standard columns, with ``status``.
        settings: the patterns that tell such a status.
    """
    said = _.status.upper().re_replace(r"[^\p{L}]+", " ").strip()
    known = keep(lines.filter(_.status.notnull()).select("line", "invoiceno", told=said), "statuses")
    bad = known.filter(_matches(_.told, settings.not_sale_statuses))
    silent = lines.filter(_.status.isnull()).semi_join(bad, "invoiceno").select("line")
    ill = bad.select("line").union(silent)
    takings = lines.filter(_.quantity < 0)
    return ill.anti_join(takings, "line").mutate(why=ibis.literal(VOID))


def sales(lines: Table, removed: Table) -> Table:
    """The lines that were not removed, with ``code`` as ``stockcode`` and ``is_registered`` (int8).

    Args:
        lines: accepted lines in the standard columns, ``coded``.
        removed: what ``removals`` says of them.
    """
    left = lines.anti_join(removed, "line")
    known = left.mutate(stockcode=_.code, is_registered=_.customerid.notnull().cast("int8"))
    return known.select(*[name for name in known.columns if name not in SEEN])


def removals(lines: Table, settings: Etl) -> Table:
    """The lines that are not sales, each once: ``line``, ``why`` (one of ``REASONS``, the first that holds).

    Args:
        lines: accepted lines in the standard columns, ``coded``.
        settings: the patterns that tell what is not a product, and what is a cancellation.
    """
    lines = view(lines, "accepted")
    asides = keep(_asides(lines, settings), "asides")
    takings = keep(lines.filter(_back(settings)).anti_join(asides, "line"), "takings")
    stock = takings.filter(_.quantity < 0, _.unitprice == 0).select("line", why=ibis.literal(STOCK))
    backs = _deals(takings.filter((_.quantity > 0) | (_.unitprice > 0)))
    offers = keep(backs.select(OFFER).distinct(), "offers")
    bought = _deals(lines).semi_join(offers, OFFER).anti_join(asides, "line").anti_join(takings, "line")
    goods = backs.mutate(back=True).union(bought.mutate(back=False))
    return ibis.union(asides, stock, _cancellations(goods))


def _asides(lines: Table, settings: Etl) -> Table:
    """Lines that go for what they are, whatever else was bought: repetitions, and what is not a product."""
    repeated = keep(_repeated(lines), "repeated")
    others = _no_products(lines, settings).anti_join(repeated, "line")
    return repeated.mutate(why=ibis.literal(DUPLICATE)).union(others.mutate(why=ibis.literal(NO_PRODUCT)))


def _repeated(lines: Table) -> Table:
    """Every line that says what an earlier one says. Few lines can: only those are compared in full."""
    suspects = keep(lines.group_by(SUSPECT).having(_.count() > 1).agg(), "suspects")
    alike = [name for name in lines.columns if name not in TRACES]
    again = ibis.row_number().over(group_by=alike, order_by="line") > 0
    return lines.semi_join(suspects, SUSPECT).select("line", again=again).filter(_.again).select("line")


def _no_products(lines: Table, settings: Etl) -> Table:
    """Postage, fees, vouchers, tests, ... by code or by words; each pair of the two is read once."""
    told = lines.mutate(description=_.description.fill_null(NOTHING)).select("line", *WHAT)
    pairs = keep(told.select(WHAT).distinct(), "pairs")
    odd = _matches(_.code, settings.not_product_codes) | _matches(
        _.description.strip().upper(), settings.not_product_words
    )
    return told.semi_join(keep(pairs.filter(odd), "odd"), WHAT).select("line")


def _back(settings: Etl) -> BooleanValue:
    """A line that takes goods back."""
    return (_.quantity < 0) | _matches(_.invoiceno.upper(), (settings.cancellation_invoices,))


def _deals(lines: Table) -> Table:
    """What tells whether two lines are about the same goods."""
    return lines.select(
        "line",
        "invoicedate",
        "code",
        customerid=_.customerid.fill_null(NOTHING),
        thousandths=(_.unitprice * 1000).round().cast("int64"),
        size=_.quantity.abs(),
    )


def _cancellations(goods: Table) -> Table:
    """What becomes of the cancellations and of the sales they cancel: ``line``, ``why``.

    Args:
        goods: deals, with ``back`` true of those that take goods back.
    """
    matched = keep(_brackets(goods), "matched")
    alone, still = matched.filter(_.back & ~_.met), matched.filter(~_.back & ~_.met)
    larger = (still["size"] > alone["size"]) & (still.invoicedate <= alone.invoicedate)
    part = keep(alone.semi_join(still, [*OFFER, larger]).select("line"), "part")
    return ibis.union(
        matched.filter(_.met).select("line", why=_.back.ifelse(CANCELLATION, CANCELLED)),
        part.mutate(why=ibis.literal(PARTIAL)),
        alone.anti_join(part, "line").select("line", why=ibis.literal(ORPHAN)),
    )


def _brackets(goods: Table) -> Table:
    """Match each cancellation with the newest sale before it that is still open: ``met`` is true of both.

    Sales of one customer, product, price and size open (+1), cancellations close (-1), like brackets in time
    order. The running sum less its own running minimum (at most 0) is the depth: how many sales are open. A
    closing that sets a new minimum finds none open, and meets nobody. Among the lines that pass through one
    depth, openings and closings take turns, so that a closing's opening is the one before it. Cumulative
    windows are all that takes, no join, and ``line`` breaks every tie: each engine answers alike.
    """
    time = {"group_by": DEAL, "order_by": ("invoicedate", "line")}
    summed = goods.mutate(total=_.back.ifelse(-1, 1).sum().over(ibis.cumulative_window(**time)))
    lowest = summed.mutate(low=ibis.least(_.total.min().over(ibis.cumulative_window(**time)), 0))
    before = _.low.lag(1).over(**time).fill_null(0)
    level = (_.back & (_.total < before)).ifelse(-1, _.total - _.low + _.back.cast("int64"))
    levels = lowest.mutate(level=level)
    turn = {"group_by": (*DEAL, "level"), "order_by": ("invoicedate", "line")}
    closed = levels.mutate(closed=~_.back & _.back.lead(1).over(**turn).fill_null(False))
    return closed.mutate(met=(_.back & (_.level >= 0)) | _.closed)


def _matches(text: StringValue, patterns: tuple[str, ...]) -> BooleanValue:
    return text.re_search(f"^({'|'.join(patterns)})$")
