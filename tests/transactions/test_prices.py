"""The list price follows decisions about the price, and nothing else."""

from collections import Counter
from datetime import datetime, timedelta
from statistics import median

import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricetrail.params import Source
from pricetrail.transactions import prices

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table")  # ibis 12 under duckdb 2
MONDAY = datetime(2011, 1, 3)
LINES, WEEKLY = Source(), Source(grain="weekly", key="store")
SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("stockcode", "store")),
        *((name, pa.float64()) for name in ("quantity", "unitprice")),
        ("is_registered", pa.int8()),
        ("invoicedate", pa.timestamp("us")),
        ("line", pa.int64()),
    ]
)


def sale(week, price, quantity=1, **other):
    moment = {"invoicedate": MONDAY + timedelta(weeks=week, days=week % 7)}
    return {"stockcode": "A", "unitprice": price, "quantity": quantity, "is_registered": 1, **moment, **other}


def attached(*sales, source=LINES):
    numbered = [{**row, "line": at} for at, row in enumerate(sales)]
    engine = ibis.duckdb.connect(threads=1)
    engine.con.register("sales", pa.Table.from_pylist(numbered, SCHEMA))
    return prices.attach(engine.table("sales"), source).order_by("line").to_pyarrow().to_pylist()


def asked(*sales, **how):
    return [row["list_price"] for row in attached(*sales, **how)]


def test_price_that_most_small_orders_paid():
    assert asked(sale(0, 2.0), sale(0, 3.0), sale(0, 3.0)) == [3.0] * 3


def test_tie_goes_to_the_higher_price():
    assert asked(sale(0, 2.0), sale(0, 3.0)) == [3.0] * 2


def test_bulk_orders_pay_a_tier_and_set_no_price():
    small = [sale(week, 2.95) for week in range(3) for _ in range(2)]
    bulk = [sale(1, 2.55, 48) for _ in range(3)]
    found = attached(*small, *bulk)
    assert {row["list_price"] for row in found} == {2.95}
    assert found[-1]["discount"] == pytest.approx(1 - 2.55 / 2.95)
    assert found[0]["discount"] == 0


def test_another_channel_sets_no_price():
    theirs = [sale(0, 2.95)]
    others = [sale(week, 5.79, is_registered=0) for week in (0, 0, 0, 1)]
    assert asked(*theirs, *others) == [2.95] * 5


def test_where_hardly_anyone_is_registered_all_count():
    assert asked(sale(0, 2.0), *[sale(0, 3.0, is_registered=0)] * 19) == [3.0] * 20


def test_one_line_is_a_flicker():
    usual = [sale(week, 2.0) for week in (0, 0, 2, 2)]
    assert asked(*usual, sale(1, 1.5)) == [2.0] * 5
    assert asked(*usual, sale(1, 1.5), sale(1, 1.5)) == [2.0] * 4 + [1.5] * 2


def test_change_for_good_is_no_flicker():
    assert asked(sale(0, 2.0), sale(1, 2.5), sale(2, 2.5)) == [2.0, 2.5, 2.5]


def test_weeks_without_a_price_carry_the_one_before():
    others = [sale(week, 9.0, is_registered=0) for week in (0, 2, 5)]
    assert asked(*others, sale(1, 2.0), sale(3, 2.5)) == [2.0, 2.0, 2.5, 2.0, 2.5]


def test_weeks_with_bulk_orders_alone_carry_the_price_before():
    small = [sale(week, 2.95) for week in (0, 0, 0, 2)]
    assert asked(*small, sale(1, 2.55, 48), sale(1, 2.55, 48)) == [2.95] * 6


def test_week_begins_on_monday():
    sunday, monday = MONDAY + timedelta(days=6, hours=23), MONDAY + timedelta(days=7)
    assert asked(sale(0, 2.0, invoicedate=sunday), sale(0, 3.0, invoicedate=monday)) == [2.0, 3.0]


def test_weekly_sums_are_asked_prices_store_by_store():
    sold = [(2.0, 100), (1.5, 900), (2.0, 100)]
    weeks = [sale(week, price, units, store="1") for week, (price, units) in enumerate(sold)]
    assert asked(*weeks, sale(1, 2.2, 9, store="2"), source=WEEKLY) == [2.0, 1.5, 2.0, 2.2]


SALES = st.lists(
    st.builds(
        sale,
        st.integers(0, 5),
        st.sampled_from([1.0, 2.0, 3.0]),
        st.sampled_from([1, 12]),
        stockcode=st.sampled_from(["A", "B"]),
        is_registered=st.sampled_from([0, 1]),
    ),
    min_size=1,
    max_size=40,
)


@given(SALES)
@settings(max_examples=12, deadline=None)
def test_each_product_and_week_has_one_price_somebody_paid(sales):
    found = attached(*sales)
    assert [row["line"] for row in found] == list(range(len(sales)))
    paid = {(row["stockcode"], row["unitprice"]) for row in found}
    assert {(row["stockcode"], row["list_price"]) for row in found} <= paid
    weeks = {(row["stockcode"], (row["invoicedate"] - MONDAY).days // 7, row["list_price"]) for row in found}
    assert len(weeks) == len({week[:2] for week in weeks})


def spoken(lines):
    """The price of each week in which a small order speaks, and for how many, by the definition."""
    registered = [line for line in lines if line["is_registered"]]
    voices = registered if len(registered) >= prices.FEW * len(lines) else lines
    small = [line for line in voices if line["quantity"] <= median(line["quantity"] for line in voices)]
    told = Counter((week(line), line["unitprice"]) for line in small)
    best = {
        monday: max((n, price) for (other, price), n in told.items() if other == monday) for monday, _ in told
    }
    return [(monday, *best[monday]) for monday in sorted(best)]


def defined(lines):
    """The list price of each line of one product."""
    said = spoken(lines)
    steady = {monday: price for monday, _, price in said}
    for (_, _, before), (monday, orders, _), (_, _, after) in zip(said, said[1:], said[2:], strict=False):
        if orders == 1 and before == after:
            steady[monday] = before
    past = [[price for monday, price in sorted(steady.items()) if monday <= week(line)] for line in lines]
    return [known[-1] if known else steady[min(steady)] for known in past]


def week(line):
    return (line["invoicedate"] - MONDAY).days // 7


@given(SALES)
@settings(max_examples=12, deadline=None)
def test_list_price_and_discount_are_as_defined(sales):
    for code in {sale["stockcode"] for sale in sales}:
        lines = [sale for sale in sales if sale["stockcode"] == code]
        found = [row for row in attached(*sales) if row["stockcode"] == code]
        assert [row["list_price"] for row in found] == defined(lines)
        assert all(row["discount"] == 1 - row["unitprice"] / row["list_price"] for row in found)


@given(SALES, st.sampled_from([0.25, 2.0, 1024.0]))
@settings(max_examples=8, deadline=None)
def test_currency_makes_no_difference(sales, rate):
    dear = [{**row, "unitprice": row["unitprice"] * rate} for row in sales]
    assert asked(*dear) == [price * rate for price in asked(*sales)]
