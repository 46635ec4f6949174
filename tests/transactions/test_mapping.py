import re
from datetime import datetime

import ibis
import pytest

from pricetrail.errors import SchemaMismatch, UsageError
from pricetrail.params import Source
from pricetrail.transactions import hints, mapping, source
from pricetrail.transactions.mapping import Wishes

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table")  # ibis 12 under duckdb 2

RETAIL_I = [
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
]
RETAIL_II = [
    "Invoice",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "Price",
    "Customer ID",
    "Country",
]
WEEKS = ["store", "brand", "week", "logmove", "feat", "price"]
JUICE = Wishes(("stockcode=brand", "quantity=exp(logmove)"), ("feat",), "store")


@pytest.mark.parametrize("names", [RETAIL_I, RETAIL_II])
def test_online_retail(names):
    settled = mapping.settle(names)
    assert (list(settled.columns.values()), settled.grain) == (names, "lines")


@pytest.mark.parametrize(
    ("names", "columns"),
    [
        (
            "order_id sku qty price order_date",
            "invoiceno:order_id stockcode:sku quantity:qty invoicedate:order_date",
        ),
        (
            "Date Receipt-No PRODUCT_ID Units unit_price",
            "invoiceno:Receipt-No stockcode:PRODUCT_ID quantity:Units",
        ),
        ("Order,Item,Quantity,Created at,Item price,Total", "unitprice:Item price,invoicedate:Created at"),
        ("Beleg-Nr Artikelnummer Menge Datum Einzelpreis Land", "invoicedate:Datum country:Land"),
        ("N° facture,Référence,Quantité,Date facture,Prix unitaire", "quantity:Quantité,stockcode:Référence"),
        (
            "Name,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Billing Country",
            "invoiceno:Name,description:Lineitem name,stockcode:Lineitem sku,country:Billing Country",
        ),
        (
            "amazon-order-id,order-status,sku,asin,quantity,item-price,purchase-date,ship-country,Order ID",
            "invoiceno:Order ID,status:order-status,stockcode:sku,unitprice:item-price,country:ship-country",
        ),
        (
            "Verkaufsbeleg,Belegdatum,Auftraggeber,Material,Materialkurztext,Auftragsmenge,Nettopreis",
            "invoiceno:Verkaufsbeleg,customerid:Auftraggeber,stockcode:Material,unitprice:Nettopreis",
        ),
        (
            "transaction_id,transaction_date,transaction_time,transaction_qty,product_id,unit_price,product_detail",
            "invoicedate:transaction_date,quantity:transaction_qty,description:product_detail",
        ),
    ],
)
def test_usual_names(names, columns):
    mark = "," if "," in names else " "
    settled = mapping.settle(names.split(mark))
    assert dict(pair.split(":") for pair in columns.split(mark)).items() <= settled.columns.items()


def test_column_that_holds_something_goes_before_a_blank_one():
    names = ["Transaction ID", "Date", "SKU", "Item", "Qty", "Price", "Customer ID"]
    found = mapping.settle(names, blank=frozenset({"SKU", "Customer ID"})).columns
    assert (found["stockcode"], found["customerid"]) == ("Item", "Customer ID")


def test_weeks_without_invoices_are_weekly():
    settled = mapping.settle(WEEKS, JUICE)
    assert settled == Source(
        columns={
            "stockcode": "brand",
            "quantity": "exp(logmove)",
            "invoicedate": "week",
            "unitprice": "price",
        },
        grain="weekly",
        covariates=("feat",),
        key="store",
    )


def test_mapped_week_makes_rows_weekly():
    settled = mapping.settle(["order_id", "sku", "units", "price", "KW"], Wishes(("week=KW",)))
    assert (settled.grain, settled.columns["invoicedate"], "invoiceno" in settled.columns) == (
        "weekly",
        "KW",
        False,
    )


def test_said_goes_before_usual():
    settled = mapping.settle([*RETAIL_I, "Paid"], Wishes(("price=Paid", "country='UK' || Country")))
    assert (settled.columns["unitprice"], settled.columns["country"]) == ("Paid", "'UK' || Country")


def test_missing_column_with_a_near_name():
    with pytest.raises(SchemaMismatch) as caught:
        mapping.settle([name.replace("UnitPrice", "Unit Prise") for name in RETAIL_I], label="orders.csv")
    assert str(caught.value) == (
        "orders.csv has the wrong columns.\n"
        "  - unitprice (expected, absent)\n"
        "  + Unit Prise (present, not expected)\n"
        "Did you mean 'Unit Prise'? Then say --map unitprice='Unit Prise'"
    )


def test_missing_column_that_was_named():
    with pytest.raises(SchemaMismatch, match=r"unitprice, from 'Prise'[\s\S]*Did you mean 'Price'"):
        mapping.settle(RETAIL_II, Wishes(("unitprice=Prise",)))
    with pytest.raises(SchemaMismatch, match=r"Did you mean 'feat'\? Then say --covariate or --key feat"):
        mapping.settle(WEEKS, Wishes(JUICE.maps, ("feats",), "store"))


def test_data_where_headings_should_be():
    with pytest.raises(SchemaMismatch, match="The first line looks like data"):
        mapping.settle(["536365", "85123", "WHITE HEART", "6", "2010-12-01 08:26", "2.55", "17850"])


def test_no_invoices_but_maybe_weeks():
    with pytest.raises(SchemaMismatch, match="--map week=COLUMN"):
        mapping.settle(["date", "sku", "units", "price"])


@pytest.mark.parametrize(
    ("names", "hint"),
    [
        ("Invoice No.,Item No.,Date,Qty. Shipped,Price", "--map quantity='Qty. Shipped'"),
        ("household_key,BASKET_ID,DAY,PRODUCT_ID,QUANTITY,PRICE", "--map invoicedate=DAY"),
        ("Invoice ID,Product line,Date,Quantity,Unit price", "--map stockcode='Product line'"),
        ("t_date,Date,customer_id,article_id,qty,price", "--map invoiceno=\"customer_id || '/' || Date\""),
        ("Date,Customer Id,sku,qty,price", '--map invoiceno="\\"Customer Id\\" || \'/\' || Date"'),
        ("Store,Dept,Date,Weekly_Sales", "how many were sold, and at what price or for what in all"),
    ],
)
def test_what_to_say_of_a_missing_column(names, hint):
    with pytest.raises(SchemaMismatch) as caught:
        mapping.settle(names.split(","))
    assert hint in str(caught.value)


def test_total_in_place_of_a_price():
    with pytest.raises(SchemaMismatch, match=r"--map unitprice='\"Line Total\" / Qty'$"):
        mapping.settle(["Order ID", "SKU", "Order Date", "Qty", "Line Total"])


def test_rows_that_are_one_unit():
    names = ["order_id", "product_id", "date", "price"]
    with pytest.raises(SchemaMismatch, match=r"one unit.* --map quantity=1"):
        mapping.settle(names)
    assert mapping.settle(names, Wishes(("quantity=1",))).columns["quantity"] == "1"


def test_columns_that_could_be_used_are_told():
    names = ["week", "STORE", "sku", "units", "price", "Unit cost"]
    more = [*names, "Email", "Time"]
    place, mail, clock, cost = hints.advice(more, mapping.settle(names), None)
    assert ("--map customerid=Email" in mail, "=\"week || ' ' || Time\"" in clock) == (True, True)
    assert ("--key STORE" in place, "--cost 'Unit cost'" in cost) == (True, True)
    known = mapping.settle(names, Wishes(covariates=("Unit cost",), key="STORE"))
    assert list(hints.advice(names, known, "unit_cost")) == []


def test_very_many_columns_are_not_all_listed():
    with pytest.raises(SchemaMismatch) as caught:
        mapping.settle([f"c{at:03}" for at in range(500)])
    assert "... and 480 more" in str(caught.value)
    assert len(str(caught.value).splitlines()) < 35


@pytest.mark.parametrize("wish", ["unitprice", "unitprice=", "=Price", "colour=Price", "unitprice:Price"])
def test_wish_that_makes_no_sense(wish):
    with pytest.raises(UsageError, match=rf"--map {re.escape(repr(wish))} cannot be understood"):
        mapping.settle(RETAIL_II, Wishes((wish,)))


def test_wish_twice():
    with pytest.raises(UsageError, match="says twice where unitprice comes from: 'Price' and 'Quantity'"):
        mapping.settle(RETAIL_II, Wishes(("unitprice=Price", "price=Quantity")))


@pytest.mark.parametrize("covariate", ["Quantity", "line", "feat"])
def test_covariate_with_a_taken_name(covariate):
    with pytest.raises(UsageError, match=f"{covariate.lower()} cannot be a covariate or the key"):
        mapping.settle([*RETAIL_I, "line", "feat"], Wishes(covariates=(covariate, "feat"), key="store"))


@pytest.mark.parametrize(
    "text",
    [
        "sum(Price)",
        "row_number() over ()",
        "(select 1) + Price",
        "Price in (select 1)",
        "getenv('HOME') || Price",
        "read_text('/etc/hostname') || Price",
        "random() * Price",
        "Price + epoch(now())",
        "x.Price + 1",
        "Price; drop table x",
    ],
)
def test_expression_that_is_not_scalar_and_safe(text):
    with pytest.raises(UsageError, match="is not allowed in it"):
        mapping.settle(RETAIL_II, Wishes((f"unitprice={text}",)))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("revenue / units", 2.5),
        ("CASE WHEN units > 3 THEN revenue ELSE 0 END / units", 2.5),
        ("cast(replace(label, '$', '') as double)", 3.5),
        ("replace(label, '$', '')", 3.5),
        ("round(exp(ln(revenue)) * 2, 1)", 20.0),
        ("greatest(revenue, units)", 10.0),
    ],
)
def test_computed_price(tmp_path, text, value):
    path = tmp_path / "o.csv"
    path.write_text("order,sku,units,date,revenue,label\n1,A,4,2011-01-31,10,$3.5\n1,B,zero,2011-01-31,-,-\n")
    read = source.read([path], source.settle([path], Wishes((f"unitprice={text}",))))
    good, bad = read.order_by("line").unitprice.to_pyarrow().to_pylist()
    assert (good, bad) == (value, None)


def test_expression_of_the_wrong_types(tmp_path):
    path = tmp_path / "o.csv"
    path.write_text("order,sku,units,date,label\n1,A,4,2011-01-31,x\n")
    with pytest.raises(UsageError, match=r"'exp\(label\)' does not fit its columns"):
        source.read([path], source.settle([path], Wishes(("unitprice=exp(label)",))))


def test_later_file_under_other_names():
    found = mapping.resolve(RETAIL_II, mapping.settle(RETAIL_I), label="later.csv")
    assert list(found.values()) == RETAIL_II


def test_preview_is_plain_data():
    row = {"stockcode": "A", "quantity": 1.0, "invoicedate": datetime(2011, 1, 31)}
    given = [row | {"line": at, "file": "1.csv", "unread": None} for at in (2, 1, 0)]
    assert mapping.preview(ibis.memtable(given), 2) == [row, row]
