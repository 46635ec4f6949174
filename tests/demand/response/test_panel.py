"""What counts as a week, a price, and a change of it."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from pricetrail.demand.response import panel

MONDAY = datetime(2011, 1, 3)
NAN = float("nan")


def sale(week, price=2.0, *, buyer=None, **other):
    number = f"{week}-{buyer}"
    usual = {"stockcode": "A", "invoiceno": number, "customerid": buyer or "", "quantity": 1.0}
    asked = {"unitprice": price, "list_price": price, "is_registered": int(buyer is not None)}
    return usual | {"invoicedate": MONDAY + timedelta(weeks=week, days=week % 7)} | asked | other


def sold(*weeks, price=2.0, **other):
    return [sale(week, price, buyer=buyer, **other) for week in weeks for buyer in ("x", "y")]


def counted(*sales, key=None, covariates=(), weekly=False, weeks=None):
    kinds = {str: object, float: np.float64, int: np.int64, datetime: "datetime64[us]"}
    lines = {name: np.array([row[name] for row in sales], kinds[type(sales[0][name])]) for name in sales[0]}
    return panel.count(lines, key=key, covariates=covariates, weekly=weekly, weeks=weeks)


OTHERS = sold(*range(8), stockcode="B")


def test_weeks_without_sales_count_within_a_stretch():
    found = counted(*sold(1, 2, 5), *OTHERS)
    assert found.live[0].tolist() == [False, True, True, True, True, True, False, False]
    assert found.orders[:, 0].tolist() == [[0] * 8, [0, 2, 2, 0, 0, 2, 0, 0]]
    assert np.flatnonzero(found.bounded[0]).tolist() == [1, 5]


def test_weeks_between_two_prices_belong_to_neither():
    found = counted(*sold(0, 1, 2), *sold(5, 6, 7, price=1.5), *OTHERS)
    assert found.price[0] == pytest.approx([2, 2, 2, NAN, NAN, 1.5, 1.5, 1.5], nan_ok=True)
    assert np.flatnonzero(found.bounded[0]).tolist() == [0, 2, 5, 7]
    assert (found.changes()[0], found.distinct()[0]) == (1, 2)


def test_one_buyer_makes_no_price():
    own_terms = [sale(week, 4.0, buyer="z") for week in (3, 4)]
    found = counted(*sold(0, 1, 6, 7), *own_terms, *OTHERS)
    assert found.changes()[0] == 0
    assert np.flatnonzero(found.live[0]).tolist() == [0, 1, 6, 7]


def test_price_of_the_only_buyer_stands():
    found = counted(*[sale(week, buyer="z") for week in (2, 4)], *OTHERS)
    assert np.flatnonzero(found.live[0]).tolist() == [2, 3, 4]


def test_anonymous_orders_count_and_set_no_price():
    theirs = [sale(week, 5.0, list_price=2.0) for week in (0, 1, 7)]
    found = counted(*sold(1, 2, 3, 4), *theirs, *OTHERS)
    assert found.orders[0, 0].tolist() == [1, 1, 0, 0, 0, 0, 0, 1]
    assert np.flatnonzero(found.live[0]).tolist() == [1, 2, 3, 4]
    assert found.asked[0] == pytest.approx(8 / 11)


def test_lines_of_an_invoice_are_one_order():
    found = counted(sale(0, buyer="x"), sale(0, buyer="x", quantity=5.0), sale(0, buyer="y"), *OTHERS)
    assert (found.orders[1, 0, 0], found.units[1, 0, 0], found.squares[0, 0]) == (2, 7, 27)


def test_week_in_which_nobody_bought_anything_is_no_week():
    found = counted(*sold(0, 1, 3))
    assert found.weeks.tolist() == [0, 1, 3]


def test_weekly_sums_are_all_prices_and_units_all_orders():
    rows = [sale(week, price, quantity=9.0, store="1") for week, price in enumerate([2.0, 1.5, 2.0])]
    found = counted(*rows, sale(1, store="2", quantity=3.0), key="store", weekly=True)
    assert found.names == (("A", "1"), ("A", "2"))
    assert found.changes().tolist() == [2, 0]
    assert found.orders.sum(axis=(0, 2)).tolist() == [27, 3]
    assert not found.bounded.any()


def test_covariates_are_carried_into_weeks_without_sales():
    rows = [row | {"promoted": float(row["invoicedate"] > MONDAY)} for row in sold(0, 1, 3)]
    found = counted(*rows, *[row | {"promoted": 0.0} for row in OTHERS], covariates=("promoted",))
    assert found.covariates["promoted"][0, :4].tolist() == [0, 1, 1, 1]


def test_parts_of_the_products_count_as_all_of_them():
    one, other = sold(0, 1, 3), [*sold(2, 4, stockcode="B"), *sold(5, price=1.5, stockcode="C")]
    weeks = np.unique(panel.weeks_of(np.array([row["invoicedate"] for row in one + other], "M8[us]")))
    parts = [counted(*lines, weeks=weeks) for lines in (one, other)]
    found, whole = panel.together(parts), counted(*other, *one)
    for name in ("names", "weeks", "orders", "units", "squares", "price", "bounded", "asked"):
        np.testing.assert_array_equal(getattr(found, name), getattr(whole, name))
