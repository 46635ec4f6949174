"""What is no sale goes, with its reason; cancellations take their originals along, as a stack would."""

import itertools
from collections import defaultdict
from datetime import datetime, timedelta

import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricetrail.params import Etl
from pricetrail.transactions import clean
from pricetrail.transactions.clean import (
    CANCELLATION,
    CANCELLED,
    DUPLICATE,
    NO_PRODUCT,
    ORPHAN,
    PARTIAL,
    STOCK,
)

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")
START = datetime(2011, 1, 3, 9)


def line(quantity, minute=0, **other):
    usual = {"invoiceno": "1", "stockcode": "85123A", "description": "HEART", "unitprice": 2.5}
    moment = {"quantity": float(quantity), "invoicedate": START + timedelta(minutes=minute)}
    return {**usual, **moment, "customerid": "17850", "country": "France", **other}


ENGINE = ibis.duckdb.connect(threads=1)
NAMES = itertools.count()
TEXT = ("invoiceno", "stockcode", "description", "customerid", "country", "file", "unread")
SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in TEXT),
        ("quantity", pa.float64()),
        ("unitprice", pa.float64()),
        ("invoicedate", pa.timestamp("us")),
        ("line", pa.int64()),
        ("further", pa.int64()),
    ]
)


def told(*rows):
    """What became of each row: its reason, or None for a sale."""
    name = f"rows {next(NAMES)}"
    numbered = [{**row, "line": at, "file": "a.csv", "unread": None} for at, row in enumerate(rows)]
    ENGINE.con.register(name, pa.Table.from_pylist(numbered, SCHEMA))
    removed = clean.removals(clean.coded(ENGINE.table(name)), Etl()).to_pyarrow().to_pylist()
    reasons = {row["line"]: row["why"] for row in removed}
    assert len(reasons) == len(removed)
    return [reasons.get(at) for at in range(len(rows))]


def test_exact_duplicate_counts_once():
    assert told(line(3), line(3), line(4), line(3)) == [None, DUPLICATE, None, DUPLICATE]


def test_difference_in_any_column_is_no_duplicate():
    others = [
        {"further": 7},
        {"country": "Spain"},
        {"customerid": None},
        {"description": "HEARTS"},
        {"invoiceno": "2"},
    ]
    assert told(line(3), line(4), line(3, 1), *[line(3, **other) for other in others]) == 8 * [None]


def test_case_of_a_code_makes_no_difference():
    assert told(line(3, stockcode="85123a"), line(3)) == [None, DUPLICATE]
    assert told(line(3, stockcode="85123a"), line(-3, 5)) == [CANCELLED, CANCELLATION]


def test_codes_that_are_no_products():
    codes = ["POST", "dot", "M", "D", "C2", "CRUK", "S", "B", "AMAZONFEE", "PADS", "BANK CHARGES"]
    codes += ["ADJUST2", "TEST001", "gift_0001_20"]
    found = told(line(1), *[line(1, stockcode=code) for code in codes])
    assert found == [None, *[NO_PRODUCT] * len(codes)]


def test_words_that_are_no_products():
    words = [
        "Manual",
        "DOTCOM POSTAGE",
        "Next Day Carriage",
        "Discount",
        "SAMPLES",
        "AMAZON FEE",
        "Adjustment",
    ]
    words += ["Bank Charges", "Gift Voucher £20.00", "This is a test product.", "CRUK Commission"]
    assert told(*[line(1, description=word) for word in words]) == [NO_PRODUCT] * len(words)


def test_words_and_codes_that_only_look_like_it():
    words = ["ADJUSTABLE LAMP", "TEST TUBE VASE", "HORSE AND CARRIAGE", "GIFT VOUCHER HOLDER", "TOFFEE", None]
    codes = ["DCGS0003", "POSTER", "TESTER", "MM", "22423"]
    rows = [*[line(1, description=word) for word in words], *[line(1, stockcode=code) for code in codes]]
    assert told(*rows) == [None] * len(rows)


def test_cancellation_takes_its_original():
    rows = [line(74215, customerid="12346"), line(-74215, 16, invoiceno="C541433", customerid="12346")]
    assert told(*rows, line(12)) == [CANCELLED, CANCELLATION, None]


def test_cancellation_takes_the_newest_open_original():
    assert told(line(2, 0), line(2, 5), line(-2, 9)) == [None, CANCELLED, CANCELLATION]
    assert told(line(2, 0), line(2, 5), line(-2, 9), line(-2, 10)) == 2 * [CANCELLED] + 2 * [CANCELLATION]


def test_cancellation_of_something_else_takes_nothing():
    others = [{"customerid": "1"}, {"customerid": None}, {"stockcode": "X"}, {"unitprice": 2.51}]
    assert told(line(2), *[line(-2, 5, **other) for other in others]) == [None, *[ORPHAN] * 4]


def test_cancellation_before_its_original_takes_nothing():
    assert told(line(-2, 0), line(2, 5)) == [ORPHAN, None]


def test_part_leaves_its_original():
    assert told(line(12), line(-5, 5), line(-13, 6)) == [None, PARTIAL, ORPHAN]


def test_part_of_what_was_cancelled_already_has_no_original():
    assert told(line(12), line(-12, 5), line(-5, 6)) == [CANCELLED, CANCELLATION, ORPHAN]


def test_lines_without_customer_match_each_other():
    assert told(line(2, customerid=None), line(-2, 5, customerid=None)) == [CANCELLED, CANCELLATION]


def test_invoice_number_alone_makes_a_cancellation():
    assert told(line(2), line(2, 5, invoiceno="C7")) == [CANCELLED, CANCELLATION]
    assert told(line(2), line(2, 5, invoiceno="CASH7")) == [None, None]


def test_goods_that_leave_without_a_price_are_a_stock_adjustment():
    assert told(line(5), line(-5, 5, unitprice=0.0)) == [None, STOCK]


DEALS = st.lists(
    st.tuples(
        st.sampled_from([-3, -2, -1, 1, 2, 3]),
        st.integers(0, 30),
        st.sampled_from([None, "a"]),
        st.sampled_from(["X", "Y"]),
    ),
    max_size=60,
    unique_by=lambda deal: (deal[1], deal[2], deal[3]),
)


def rows_of(deals):
    names = ("customerid", "stockcode")
    return [
        line(deal[0], deal[1], invoiceno=str(at), **dict(zip(names, deal[2:], strict=True)))
        for at, deal in enumerate(deals)
    ]


def by_stack(deals):
    """The same answer, deal after deal, with a stack of open sales per customer, product and size."""
    fates, stacks = [None] * len(deals), defaultdict(list)
    for at in sorted(range(len(deals)), key=lambda at: (deals[at][1], at)):
        stack = stacks[deals[at][2:], abs(deals[at][0])]
        if deals[at][0] > 0:
            stack.append(at)
        elif stack:
            fates[at], fates[stack.pop()] = CANCELLATION, CANCELLED
        else:
            fates[at] = ORPHAN
    return fates


@given(DEALS)
@settings(max_examples=12, deadline=None)
def test_matches_are_those_of_a_stack(deals):
    found = told(*rows_of(deals))
    assert [ORPHAN if fate == PARTIAL else fate for fate in found] == by_stack(deals)
    pairs = [deal[0] for deal, fate in zip(deals, found, strict=True) if fate in (CANCELLATION, CANCELLED)]
    assert sum(pairs) == 0


@given(DEALS)
@settings(max_examples=6, deadline=None)
def test_part_has_a_larger_open_sale_before_it(deals):
    fates = told(*rows_of(deals))
    kept = [deal for deal, fate in zip(deals, fates, strict=True) if fate is None]
    for deal, fate in zip(deals, fates, strict=True):
        larger = [one for one in kept if one[2:] == deal[2:] and one[1] <= deal[1] and one[0] > -deal[0]]
        assert fate not in (PARTIAL, ORPHAN) or (fate == PARTIAL) == bool(larger)


@given(DEALS, st.randoms(use_true_random=False))
@settings(max_examples=6, deadline=None)
def test_order_of_the_rows_makes_no_difference(deals, random):
    rows = rows_of(deals)
    places = random.sample(range(len(rows)), len(rows))
    moved = told(*[rows[place] for place in places])
    assert told(*rows) == [moved[places.index(at)] for at in range(len(rows))]


@given(DEALS)
@settings(max_examples=6, deadline=None)
def test_sales_have_nothing_left_to_remove(deals):
    rows = rows_of(deals)
    left = [row for row, fate in zip(rows, told(*rows), strict=True) if fate is None]
    assert told(*left) == [None] * len(left)
