import csv

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricetrail.errors import UsageError
from pricetrail.transactions import doubts, source
from pricetrail.transactions.mapping import Wishes

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table")  # ibis 12 under duckdb 2
HEADINGS = ["Order", "SKU", "Date", "Qty", "Price", "Customer"]


def read(folder, rows, *maps):
    path = folder / "orders.csv"
    with path.open("w", newline="") as out:
        csv.writer(out).writerows([HEADINGS, *rows])
    settled = source.settle([path], Wishes(maps))
    return source.read([path], settled), settled


def lines(price, *, customer=lambda at: at % 7):
    """Sixty lines of two products, of one to four pieces."""
    amounts = [1 + at // 2 % 4 for at in range(60)]
    return [
        [at, "AB"[at % 2], f"2024-01-{1 + at // 2:02}", n, price(n), customer(at)]
        for at, n in enumerate(amounts)
    ]


@settings(deadline=None, max_examples=10)
@given(st.floats(0.5, 500), st.floats(-0.4, 0.15))
def test_total_is_not_taken_for_a_price(tmp_path_factory, price, bulk):
    rows = lines(lambda n: round(price * n * n**bulk, 4))
    folder = tmp_path_factory.mktemp("totals")
    with pytest.raises(
        UsageError, match=r"say --map unitprice='Price / Qty'; if it is not, --map unitprice='Price'"
    ):
        doubts.settle(*read(folder, rows), ())
    doubts.settle(*read(folder, rows, "unitprice=Price"), ["unitprice=Price"])
    doubts.settle(*read(folder, lines(lambda n: round(price * n**bulk, 4))), ())


def test_customers_who_never_come_back_are_told(tmp_path):
    (note,) = doubts.notes(*read(tmp_path, lines(lambda n: 2.5, customer=lambda at: f"c{at}")))
    assert "No customer comes twice: 'Customer' may be" in note
    assert list(doubts.notes(*read(tmp_path, lines(lambda n: 2.5)))) == []


def test_prices_below_a_tenth_are_told(tmp_path):
    (note,) = doubts.notes(*read(tmp_path, lines(lambda n: 0.0042)))
    assert "--map unitprice='PRICE * 1000'" in note


def test_months_for_weeks_are_told(tmp_path):
    months = [["", "A", f"2024-{month:02}-01", month, 2.5, ""] for month in range(1, 13)]
    (note,) = doubts.notes(*read(tmp_path, months, "week=Date"))
    assert "31 days apart" in note


def test_names_can_stand_for_missing_codes(tmp_path):
    rows = [[*row, "Tea"] for row in lines(lambda n: 2.5)]
    rows[3][1] = ""
    path = tmp_path / "orders.csv"
    with path.open("w", newline="") as out:
        csv.writer(out).writerows([[*HEADINGS, "Item name"], *rows])
    settled = source.settle([path])
    (note,) = doubts.notes(source.read([path], settled), settled)
    wish = """stockcode='coalesce(SKU, "Item name")'"""
    assert f"1 rows have no 'SKU' but a 'Item name': --map {wish}" in note
    again = source.settle([path], Wishes((wish.replace("'", ""),)))
    assert source.read([path], again).stockcode.isnull().sum().execute() == 0
