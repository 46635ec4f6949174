"""Each bad row has its reason, the first that holds; pandera agrees with the verdicts."""

from datetime import datetime, timedelta

import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ibis import _

from pricetrail.params import Etl, Source
from pricetrail.transactions import contract
from pricetrail.transactions.contract import Contract

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table")  # ibis 12 under duckdb 2
ENGINE = ibis.duckdb.connect(threads=1)
START = datetime(2011, 1, 3, 9)
TEXT = ("invoiceno", "stockcode", "description", "customerid", "country", "file", "store")
NUMBERS = ("quantity", "unitprice", "feat")
SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in TEXT),
        *((name, pa.float64()) for name in NUMBERS),
        ("invoicedate", pa.timestamp("us")),
        ("line", pa.int64()),
    ]
)
SHOP = Source(covariates=("feat",), key="store")


def line(**other):
    usual = {"invoiceno": "1", "stockcode": "85123A", "quantity": 6.0, "unitprice": 2.5, "invoicedate": START}
    return {**usual, "country": "France", "file": "a.csv", "store": "Lyon", "feat": 0.0, **other}


def table(rows):
    numbered = [{**row, "line": at} for at, row in enumerate(rows)]
    name = f"rows {len(ENGINE.con.execute('SHOW TABLES').fetchall())}"
    ENGINE.con.register(name, pa.Table.from_pylist(numbered, SCHEMA))
    return ENGINE.table(name)


def judged(*rows, **limits):
    """The contract, the lines, and the reason of each row (None where it is accepted)."""
    lines = table(rows)
    terms = Contract(Etl(**limits), SHOP, contract.horizon(lines))
    found = contract.rejections(lines, terms).to_pyarrow().to_pylist()
    given_reasons = {row["line"]: row["reason"] for row in found}
    assert len(given_reasons) == len(found)
    return terms, lines, [given_reasons.get(at) for at in range(len(rows))]


def reasons(*rows, **limits):
    return judged(*rows, **limits)[-1]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"invoiceno": None}, "no invoice number"),
        ({"stockcode": ""}, "no stock code"),
        ({"stockcode": "x" * 200}, "stock code longer than 64 characters"),
        ({"store": None}, "no store"),
        ({"quantity": None}, "quantity missing or unreadable"),
        ({"quantity": float("nan")}, "quantity missing or unreadable"),
        ({"quantity": 0.0}, "quantity is zero"),
        ({"quantity": float("-inf")}, "quantity beyond 1,000,000"),
        ({"quantity": 1e9}, "quantity beyond 1,000,000"),
        ({"unitprice": None}, "price missing or unreadable"),
        ({"unitprice": float("nan")}, "price missing or unreadable"),
        ({"unitprice": -0.01}, "price is negative"),
        ({"unitprice": 0.0}, "price of a sale is zero"),
        ({"unitprice": float("inf")}, "price beyond 1,000,000"),
        ({"invoicedate": None}, "date missing or unreadable"),
        ({"invoicedate": datetime(1899, 12, 30)}, "date before 1970-01-05"),
        ({"invoicedate": datetime(2012, 6, 1)}, "date too late to be believed"),
        ({"invoicedate": datetime(9999, 12, 31)}, "date too late to be believed"),
        ({"feat": float("inf")}, "feat is infinite"),
    ],
)
def test_fault_has_its_reason(fault, reason):
    usual = [line(invoicedate=START + timedelta(days=at)) for at in range(200)]
    assert reasons(*usual, line(**fault)) == [*[None] * 200, reason]


def test_what_may_be_missing():
    assert reasons(line(customerid=None), line(description=None), line(feat=None)) == [None] * 3


def test_what_goes_back_is_no_fault():
    assert reasons(line(quantity=-6.0), line(quantity=-6.0, unitprice=0.0)) == [None, None]


def test_first_fault_is_the_reason():
    assert reasons(line(quantity=0.0, unitprice=-1.0)) == ["quantity is zero"]


def test_limits_are_the_shops_own():
    found = reasons(line(), line(stockcode="x" * 7), line(quantity=99.0), longest_code=6, most=50)
    assert found == [None, "stock code longer than 6 characters", "quantity beyond 50"]


def test_growing_shop_keeps_its_newest_days():
    days = [at for at in range(100) for _ in range(at)]
    assert set(reasons(*[line(invoicedate=START + timedelta(days=at)) for at in days])) == {None}


def test_without_any_date_there_is_a_horizon():
    assert reasons(line(invoicedate=None)) == ["date missing or unreadable"]


NUMBER = st.sampled_from([None, 0.0, 1.0, -1.0, 0.5, 1e6, 1.1e6, float("nan"), float("inf"), float("-inf")])
LINES = st.lists(
    st.builds(
        line,
        quantity=NUMBER,
        unitprice=NUMBER,
        feat=NUMBER,
        stockcode=st.sampled_from([None, "", "a", "x" * 65, "é" * 64]),
        invoicedate=st.sampled_from(
            [None, START, datetime(1, 1, 1), datetime(2099, 1, 1), datetime(3000, 1, 1)]
        ),
    ),
    min_size=1,
    max_size=40,
)


@given(LINES)
@settings(max_examples=5, deadline=None)
def test_pandera_agrees_with_the_verdicts(rows):
    terms, lines, verdicts = judged(*rows)
    accepted = [at for at, verdict in enumerate(verdicts) if verdict is None]
    assert terms.faults(lines.filter(_.line.isin(accepted))) == []
    assert {verdict for verdict in verdicts if verdict} <= set(terms.faults(lines))


def test_pandera_names_an_absent_column():
    terms, lines, _verdicts = judged(line())
    assert "column 'unitprice' not found" in terms.faults(lines.drop("unitprice"))[0]


def test_pandera_names_a_wrong_type():
    terms, lines, _verdicts = judged(line())
    found = terms.faults(lines.mutate(quantity=_.quantity.cast("string")))
    assert "expected column 'quantity' to have type float64, got string" in found
