"""What the values of order lines say against the columns that they were taken from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import ibis
from ibis import _
from ibis.expr.types import Table

from pricetrail.errors import UsageError
from pricetrail.params import Source
from pricetrail.transactions.engine import rows
from pricetrail.transactions.hints import either, over
from pricetrail.transactions.mapping import said

ENOUGH = 30
TOTAL = 0.5
"""By how much a unit's price may rise with the quantity, on the log scale: what a row comes to rises by 1."""
WEEK, CHEAP = 7, 0.1


def settle(lines: Table, source: Source, maps: Sequence[str]) -> None:
    """Refuse to take for a unit's price what looks like a row's total, unless the user said so.

    Raises:
        UsageError: the price was not among the ``maps``, and rises with the quantity.
    """
    if "unitprice" in said(maps):
        return
    rise = _rise(lines)
    if rise is not None and rise > TOTAL:
        total, amount = source.columns["unitprice"], source.columns["quantity"]
        raise UsageError(
            f"{total!r} was taken for the price of one unit, but of the same product twice the quantity has "
            f"{2**rise:.1f} times as much, as what a row comes to would. If that is what it is, say --map "
            f"unitprice={over(total, amount)}; if it is not, --map unitprice={total!r}."
        )


def notes(lines: Table, source: Source) -> Iterator[str]:
    """What else a person should look at, one sentence each."""
    known = lines.filter(_.customerid.notnull())
    buyers = rows(known.agg(orders=_.invoiceno.nunique(), customers=_.customerid.nunique()))[0]
    if buyers["orders"] >= ENOUGH and buyers["orders"] == buyers["customers"]:
        yield (
            f"No customer comes twice: {source.columns['customerid']!r} may be the number of something else. "
            "--map customerid=COLUMN names another."
        )
    nameless = rows(lines.agg(n=(_.stockcode.isnull() & _.description.notnull()).sum()))[0]["n"]
    if nameless:
        code, name = source.columns["stockcode"], source.columns["description"]
        yield (
            f"{nameless:,} rows have no {code!r} but a {name!r}: --map stockcode='{either(code, name)}' takes that "
            "instead."
        )
    if (rows(lines.agg(price=_.unitprice.median()))[0]["price"] or CHEAP) < CHEAP:
        yield (
            f"Most prices are less than {CHEAP}, and are told apart to a thousandth: --map unitprice='PRICE * 1000' "
            "reads what a thousand cost."
        )
    if source.grain == "weekly" and (apart := _apart(lines)) > WEEK:
        yield (
            f"Most rows are {apart:.0f} days apart, and are taken for weeks: what is expected a week is then for as "
            "long, and prices are set as rarely."
        )


def _rise(lines: Table) -> float | None:
    """How the price rises with the quantity among a product's lines, both on the log scale; None for too few."""
    known = lines.filter(_.quantity > 0, _.unitprice > 0, _.stockcode.notnull())
    logs = known.select("stockcode", q=_.quantity.ln(), p=_.unitprice.ln())
    own = ibis.window(group_by="stockcode")
    beside = logs.select(q=_.q - _.q.mean().over(own), p=_.p - _.p.mean().over(own))
    found = rows(
        beside.agg(
            n=(_.q.abs() > 0.1).sum(),
            together=(_.q * _.p).sum(),
            spread=(_.q * _.q).sum(),
        )
    )[0]
    return found["together"] / found["spread"] if (found["n"] or 0) >= ENOUGH else None


def _apart(lines: Table) -> float:
    """The days from one date to the next, mostly."""
    days = lines.select(day=_.invoicedate.date()).distinct().filter(_.day.notnull())
    gaps = days.mutate(gap=_.day.delta(_.day.lag(1).over(order_by="day"), unit="day"))
    return float(rows(gaps.agg(gap=_.gap.median()))[0]["gap"] or 0)
