import csv
import gzip
import os
import zipfile
from datetime import datetime, timedelta
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricetrail.errors import SchemaMismatch, SourceUnreadable, UsageError
from pricetrail.params import Source
from pricetrail.transactions import source
from pricetrail.transactions.mapping import Wishes

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table")  # ibis 12 under duckdb 2
DATA = Path(os.environ.get("PRICETRAIL_DATA", Path(__file__).parents[3] / "shared/data"))
HEADINGS = [
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
]
MINUS = "\N{MINUS SIGN}"
LINE = ["536365", "85123A", "WHITE HEART", "6", "2010-12-01 08:26:00", "2.55", "17850", "France"]
BY_PLACE = Source(
    columns=dict(
        zip(
            [
                "invoiceno",
                "stockcode",
                "description",
                "quantity",
                "invoicedate",
                "unitprice",
                "customerid",
                "country",
            ],
            HEADINGS,
            strict=True,
        )
    )
)


def written(path, *lines, headings=HEADINGS, delimiter=",", encoding="utf-8"):
    with path.open("w", encoding=encoding, newline="") as out:
        csv.writer(out, delimiter=delimiter).writerows([headings, *lines])
    return path


def changed(**values):
    return [values.get(heading, value) for heading, value in zip(HEADINGS, LINE, strict=True)]


def rows(path, settings=BY_PLACE):
    read = source.read([path], settings)
    assert read.schema() == read.get_backend().table("order_lines").schema()
    return read.order_by("line").to_pyarrow().to_pylist()


def column(path, name, settings=BY_PLACE):
    return [row[name] for row in rows(path, settings)]


def workbook(path, **sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, lines in sheets.items():
        sheet = book.create_sheet(name)
        for line in lines:
            sheet.append(line)
    book.save(path)
    return path


words = st.text(st.sampled_from("abc XYZ ,;\t|\"'\n0%&é"), max_size=12)
price = st.integers(-(10**7), 10**7).map(lambda pence: pence / 100)
moment = st.integers(0, 10**8).map(
    lambda minutes: datetime(1990, 1, 1) + timedelta(minutes=minutes % 30_000_000)
)
lines = st.lists(
    st.tuples(st.from_regex(r"[A-Z0-9]{1,8}", fullmatch=True), words, price, moment), min_size=1, max_size=8
)


@settings(deadline=None, max_examples=30)
@given(
    lines,
    st.sampled_from(",;\t|"),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252"]),
    st.sampled_from([".", ","]),
    st.sampled_from(
        ["%Y-%m-%d %H:%M:%S", "%d/%m/%Y %H:%M", "%m/%d/%Y %I:%M %p", "%d.%m.%Y %H:%M:%S", "%Y-%m-%dT%H:%MZ"]
    ),
)
def test_any_table_reads_back(tmp_path_factory, lines, delimiter, encoding, decimal, dates):
    path = tmp_path_factory.mktemp("csv") / "orders.csv"
    sure = ["S", "", 0.25, datetime(2011, 1, 31)]  # Settles the order of day and month, and the decimal sign.
    given = [sure, *lines]
    number = [f"{price:.2f}".replace(".", decimal) for _, _, price, _ in given]
    written(
        path,
        *(
            [code, code, text, n, when.strftime(dates), n, "", ""]
            for (code, text, _, when), n in zip(given, number, strict=True)
        ),
        delimiter=delimiter,
        encoding=encoding,
    )
    read = rows(path)
    assert [r["stockcode"] for r in read] == [code for code, *_ in given]
    assert [r["description"] or "" for r in read] == [text.strip(" ") for _, text, *_ in given]
    assert (
        [r["unitprice"] for r in read] == [r["quantity"] for r in read] == [price for _, _, price, _ in given]
    )
    assert [r["invoicedate"] for r in read] == [when for *_, when in given]
    assert {r["unread"] for r in read} == {None}


@pytest.mark.parametrize("text", ["two", "B12", "1.5M", "1,2,3", "--1", "0x1F", "6 pieces"])
def test_text_in_a_number_is_kept(tmp_path, text):
    (bad, good) = rows(written(tmp_path / "orders.csv", changed(Quantity=text), LINE))
    assert (bad["quantity"], bad["unread"]) == (None, f"quantity '{text}'")
    assert (good["quantity"], good["unread"]) == (6.0, None)


def test_nothing_where_a_number_should_be(tmp_path):
    (row,) = rows(written(tmp_path / "orders.csv", changed(Quantity="", InvoiceDate="", CustomerID="nan")))
    assert [row[name] for name in ("quantity", "invoicedate", "customerid", "unread")] == [None] * 4


def test_everything_that_cannot_be_read_is_named(tmp_path):
    (row,) = rows(written(tmp_path / "orders.csv", changed(UnitPrice="free", InvoiceDate="31/02/2011")))
    assert row["unread"] == "unitprice 'free'; invoicedate '31/02/2011'"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("£2.55", 2.55),
        ("$ 1,234.50", 1234.5),
        ("2.55 EUR", 2.55),
        ("1e3", 1000.0),
        (" 7 ", 7.0),
        ("-.5", -0.5),
        (MINUS + "3", -3.0),
        ("Rp 2.55", 2.55),
        ("R$2.55", 2.55),
        ("R 2.55", 2.55),
        ("2.55 kr.", 2.55),
        ("12 pcs", 12.0),
        ("($2.55)", -2.55),
        ("1,234.50-", -1234.5),
    ],
)
def test_number_in_its_finery(tmp_path, text, number):
    assert column(written(tmp_path / "o.csv", changed(UnitPrice=text), LINE), "unitprice")[0] == number


@pytest.mark.parametrize(("others", "number"), [("2,5", 1234.0), ("2.5", 1.234)])
def test_other_prices_settle_the_decimal_sign(tmp_path, others, number):
    path = written(tmp_path / "o.csv", changed(UnitPrice="1.234"), changed(UnitPrice=others), delimiter=";")
    assert column(path, "unitprice")[0] == number


@given(st.integers(1, 10**6), st.integers(1, 99))
@settings(deadline=None, max_examples=10)
def test_price_of_a_total_is_the_price(tmp_path_factory, cents, amount):
    path = tmp_path_factory.mktemp("totals") / "o.csv"
    lines = [
        changed(Quantity=1, UnitPrice=cents / 100),
        changed(Quantity=amount, UnitPrice=cents * amount / 100),
    ]
    totals = BY_PLACE.model_copy(update={"columns": BY_PLACE.columns | {"unitprice": "UnitPrice / Quantity"}})
    assert set(column(written(path, *lines), "unitprice", totals)) == {cents / 100}


def test_price_below_a_tenth_keeps_its_digits(tmp_path):
    assert column(written(tmp_path / "o.csv", changed(UnitPrice="0.00425")), "unitprice") == [0.00425]


def test_set_decimal_sign(tmp_path):
    path = written(tmp_path / "o.csv", changed(UnitPrice="Rp 1.234"))
    assert "1.234 read as less than 2, which no number" in source.examine([path], BY_PLACE).notes[0]
    assert column(path, "unitprice", BY_PLACE.model_copy(update={"decimal": ","})) == [1234.0]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2010-12-01 8:26", datetime(2010, 12, 1, 8, 26)),
        ("2010/12/01", datetime(2010, 12, 1)),
        ("20101201", datetime(2010, 12, 1)),
        ("1-Dec-2010 08:26", datetime(2010, 12, 1, 8, 26)),
        ("Dec 1, 2010 8:26 PM", datetime(2010, 12, 1, 20, 26)),
        ("31.12.10", datetime(2010, 12, 31)),
        ("12/31/2010 12:05 AM", datetime(2010, 12, 31, 0, 5)),
        ("2010-12-01T08:26:00Z", datetime(2010, 12, 1, 8, 26)),
        ("2010-07-01 08:26:00 +0200", datetime(2010, 7, 1, 7, 26)),
        ("2010-W48", datetime(2010, 11, 29)),
        ("1291191960", datetime(2010, 12, 1, 8, 26)),
        ("40513.5", datetime(2010, 12, 1, 12)),
    ],
)
def test_ways_of_writing_a_date(tmp_path, text, moment):
    here = BY_PLACE.model_copy(update={"timezone": "Europe/London"})
    assert column(written(tmp_path / "o.csv", changed(InvoiceDate=text)), "invoicedate", here) == [moment]


@pytest.mark.parametrize(
    ("settling", "day"), [("31/01/2011", datetime(2011, 2, 1)), ("01/31/2011", datetime(2011, 1, 2))]
)
def test_one_date_settles_all(tmp_path, settling, day):
    path = written(tmp_path / "o.csv", changed(InvoiceDate="01/02/2011"), changed(InvoiceDate=settling))
    assert column(path, "invoicedate")[0] == day


def test_another_file_settles_the_dates(tmp_path):
    first = written(tmp_path / "1.csv", changed(InvoiceDate="03/04/2011"))
    second = written(tmp_path / "2.csv", changed(InvoiceDate="03/31/2011"))
    read = source.read([first, second], BY_PLACE).order_by("line").to_pyarrow()["invoicedate"].to_pylist()
    assert read == [datetime(2011, 3, 4), datetime(2011, 3, 31)]


def test_closest_dates_win_when_nothing_settles(tmp_path):
    path = written(tmp_path / "o.csv", *(changed(InvoiceDate=f"12/{day}/2011") for day in range(1, 13)))
    reading = source.examine([path], BY_PLACE)
    assert reading.lines.invoicedate.max().execute() == datetime(2011, 12, 12)
    assert "no date of the file settles" in reading.notes[0]


def test_mixed_dates_are_refused(tmp_path):
    path = written(tmp_path / "o.csv", changed(InvoiceDate="31/01/2011"), changed(InvoiceDate="01/31/2011"))
    with pytest.raises(SourceUnreadable, match=r"mixes two ways .* source\.dates"):
        rows(path)
    by_day = BY_PLACE.model_copy(update={"dates": "day"})
    assert [row["unread"] for row in rows(path, by_day)] == [None, "invoicedate '01/31/2011'"]


def test_ragged_rows(tmp_path):
    path = written(tmp_path / "o.csv", LINE[:5], [*LINE, "more"], [*LINE, ""], LINE)
    short, long, comma, good = rows(path)
    assert (short["unitprice"], short["country"]) == (None, "Unspecified")
    assert (long["quantity"], long["unread"]) == (None, "more fields than headings")
    assert comma | {"line": 3} == good


def test_blank_lines_do_not_count(tmp_path):
    path = tmp_path / "o.csv"
    body = "\n".join(["", "sep=;", ";".join(HEADINGS), ";".join(LINE), "", ";;;;;;;", ";".join(LINE), ""])
    path.write_text(body, encoding="utf-8")
    assert column(path, "line") == [0, 1]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1250", "żółty kubek i świeca, łyżka"),
        ("cp1251", "чашка и блюдце"),
        ("cp932", "コーヒーカップ 赤い箱"),
        ("utf-16-le", "Kännchen"),
    ],
)
def test_other_encodings(tmp_path, encoding, text):
    path = written(tmp_path / "o.csv", *[changed(Description=text)] * 3, encoding=encoding)
    assert set(column(path, "description")) == {text}


def test_named_encoding(tmp_path):
    path = written(tmp_path / "o.csv", changed(Description="fincan çay şeker ağ"), encoding="cp1254")
    named = BY_PLACE.model_copy(update={"encoding": "cp1254"})
    assert column(path, "description", named) == ["fincan çay şeker ağ"]
    with pytest.raises(SourceUnreadable, match="not in the encoding ascii throughout"):
        rows(path, BY_PLACE.model_copy(update={"encoding": "ascii"}))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n\n \n", "nothing but blank lines"),
        (b"hello world\nthis is a letter\n", "is not a table: its first line, 'hello world'"),
        (b"<html>\n<p>Sign in, please</p>\n</html>", "is not a table: its first line, '<html>'"),
        (b'[{"sku": 1, "qty": 2}]', "is not a table"),
        (bytes(range(256)) * 10, "is not a table: it holds bytes that no text has"),
        (b"PAR1 and then nothing", "cannot be read; it may be damaged or cut short"),
        (b"PK\x03\x04 and then nothing", "cannot be read; it may be damaged or cut short"),
        (b"\x1f\x8b and then nothing", "cannot be read; it may be damaged or cut short"),
        (",".join(HEADINGS).encode(), "headings but no rows"),
    ],
)
def test_what_is_no_table(tmp_path, content, message):
    path = tmp_path / "orders.csv"
    path.write_bytes(content)
    with pytest.raises(SourceUnreadable, match=message):
        rows(path)


def test_quotation_mark_that_is_not_closed(tmp_path):
    path = tmp_path / "o.csv"
    body = [",".join(HEADINGS), *[",".join(LINE)] * 9, ",".join(changed(Description='"6 INCH'))]
    path.write_text("\n".join([*body, *[",".join(LINE)] * 90]))
    with pytest.raises(SourceUnreadable, match="opens a quotation mark about line 11 and does not close it"):
        rows(path)


def test_missing_file(tmp_path):
    with pytest.raises(SourceUnreadable, match=r"There is no file .*orders\.csv"):
        rows(tmp_path / "orders.csv")


def test_truncated_parquet(tmp_path):
    path = tmp_path / "orders.parquet"
    pq.write_table(pa.table(dict(zip(HEADINGS, ([value] for value in LINE), strict=True))), path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(SourceUnreadable, match="damaged or cut short"):
        rows(path)


def test_typed_parquet(tmp_path):
    path = tmp_path / "o[1].parquet"
    zoned = pa.array([datetime(2010, 7, 1, 7)], pa.timestamp("ns", "UTC"))
    typed = [pa.array([536365.0]), pa.array([85123]), pa.array(["A "]), pa.array([6], pa.int8()), zoned]
    typed += [pa.array(["2.55"]), pa.array([17850.0]), pa.array([None], pa.string())]
    pq.write_table(pa.table(typed, names=HEADINGS), path)
    (row,) = rows(path, BY_PLACE.model_copy(update={"timezone": "Europe/London"}))
    read = ("536365", "85123", "A", 6.0, datetime(2010, 7, 1, 8), 2.55, "17850", "Unspecified")
    assert tuple(row.values()) == (*read, 0, path.name, None, None)


def test_infinities_and_nan_stay_for_the_contract(tmp_path):
    path = tmp_path / "o.parquet"
    table = {heading: [value] * 2 for heading, value in zip(HEADINGS, LINE, strict=True)}
    pq.write_table(pa.table(table | {"Quantity": [float("nan"), float("inf")]}), path)
    assert repr(column(path, "quantity")) == "[nan, inf]"


def test_workbook_of_two_years(tmp_path):
    other = {"InvoiceNo": "Invoice", "UnitPrice": "Price", "CustomerID": "Customer ID"}
    later = [other.get(name, name) for name in HEADINGS]
    line = [489434.0, 22041.0, "FRAME", 12, datetime(2009, 12, 1, 7, 45), 6.95, 13085.0, "France"]
    path = workbook(
        tmp_path / "o.xlsx", **{"Year 2009-2010": [later, line, []], "Year 2010-2011": [later, LINE]}
    )
    settled = source.settle([path])
    first, second = rows(path, settled)
    assert (first["invoiceno"], first["stockcode"], first["customerid"]) == ("489434", "22041", "13085")
    assert (first["invoicedate"], second["line"]) == (datetime(2009, 12, 1, 7, 45), 1)


TITLED = [["Sales of the year"], [], ["Printed", "2011-02-01"], HEADINGS, LINE, LINE[:6]]


def test_headings_below_titles(tmp_path):
    sheet, text = workbook(tmp_path / "o.xlsx", Sales=TITLED), tmp_path / "o.csv"
    with text.open("w", newline="") as out:
        csv.writer(out).writerows([*TITLED, *[[*row, *[""] * (8 - len(row))] for row in TITLED[4:]]])
    assert [column(path, "unitprice", source.settle([path])) for path in (sheet, text)] == [
        [2.55, 2.55],
        [2.55] * 4,
    ]


@pytest.mark.parametrize("kind", ["csv", "xlsx", "parquet"])
def test_blank_column_is_not_taken(tmp_path, kind):
    path = tmp_path / f"o.{kind}"
    table = [
        ["Order", "SKU", "Item", "Qty", "Date", "Price"],
        *[["1", None, "Tea", "2", "2011-01-31", "3"]] * 3,
    ]
    if kind == "csv":
        written(path, *table[1:], headings=table[0])
    elif kind == "xlsx":
        workbook(path, Sales=table)
    else:
        pq.write_table(pa.table(dict(zip(table[0], zip(*table[1:], strict=True), strict=True))), path)
    assert source.settle([path]).columns["stockcode"] == "Item"


@pytest.mark.parametrize(
    ("heading", "number", "moment"),
    [
        ("week", "2", datetime(1970, 1, 19)),
        ("DAY", "2", datetime(1970, 1, 7)),
        ("week", "201105", datetime(2011, 1, 31)),
        ("wm_yr_wk", "11105", datetime(2011, 1, 31)),
    ],
)
def test_numbers_that_count_days_or_weeks(tmp_path, heading, number, moment):
    path = written(tmp_path / "o.csv", ["A", "2", number, "3"], headings=["sku", "qty", heading, "price"])
    settings = source.settle([path], Wishes((f"week={heading}",)))
    assert column(path, "invoicedate", settings) == [moment]


def test_sheet_of_another_kind_is_named(tmp_path):
    path = workbook(
        tmp_path / "o.xlsx", Notes=[["Author", "Date"], ["me", "today"]], Lines=[HEADINGS, LINE], Empty=[]
    )
    reading = source.examine([path], source.settle([path]))
    assert reading.rows == (1,)
    assert reading.notes[0] == "o.xlsx, sheet 'Notes': ignored, its columns are not those of order lines"


@pytest.mark.parametrize("packed", ["zip", "gz"])
@pytest.mark.parametrize("kind", ["csv", "parquet", "xlsx"])
def test_packed(tmp_path, packed, kind):
    plain = written(tmp_path / "o.csv", LINE)
    if kind == "xlsx":
        workbook(plain, Lines=[HEADINGS, LINE])
    if kind == "parquet":
        pq.write_table(pa.table(dict(zip(HEADINGS, ([value] for value in LINE), strict=True))), plain)
    path = tmp_path / f"o.{packed}"
    if packed == "gz":
        path.write_bytes(gzip.compress(plain.read_bytes()))
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.write(plain, "o.data")
    assert column(path, "quantity") == [6.0]


def test_archive_of_several_files(tmp_path):
    path = tmp_path / "o.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", "x")
        archive.writestr("b.csv", "x")
    with pytest.raises(SourceUnreadable, match=r"holds 2 files: a\.csv, b\.csv\. Expected one"):
        rows(path)


def test_one_file_of_several_lacks_a_column(tmp_path):
    good = written(tmp_path / "1.csv", LINE)
    bad = written(tmp_path / "2.csv", LINE[:7], headings=[*HEADINGS[:5], "Cost", "CustomerID"])
    with pytest.raises(SchemaMismatch) as caught:
        source.read([good, bad], BY_PLACE)
    assert str(caught.value).splitlines()[:2] == [
        "2.csv has the wrong columns.",
        "  - country, from 'Country' (expected, absent)",
    ]
    assert "--map" not in str(caught.value)
    assert "source.columns in params.yaml" in str(caught.value)


@pytest.mark.parametrize(
    ("wish", "name", "value"),
    [
        ("stockcode=coalesce(SKU, Item)", "stockcode", "ART-007"),
        ("customerid=coalesce(Buyer, Item)", "customerid", "0042"),
        ("status=CASE WHEN Qty < 3 THEN SKU ELSE Item END", "status", "ART-007"),
        ("unitprice=CASE WHEN SKU = 'ART-007' THEN Price / Qty END", "unitprice", 2.5),
    ],
)
def test_codes_in_an_expression_stay_what_they_are(tmp_path, wish, name, value):
    headings = ["Order", "SKU", "Item", "Qty", "Date", "Price", "Buyer"]
    row = ["1", "ART-007", "Tea", "2", "2011-01-31", "5", "0042"]
    path = written(tmp_path / "o.csv", *[row] * 2, headings=headings)
    assert column(path, name, source.settle([path], Wishes((wish,)))) == [value] * 2


def test_long_codes_and_many_countries(tmp_path):
    code = "X" * 200
    path = written(tmp_path / "o.csv", *(changed(Country=f"Land {at}", StockCode=code) for at in range(1000)))
    read = source.read([path], BY_PLACE)
    assert read.country.nunique().execute() == 1000
    assert read.stockcode.max().execute() == code


def test_weekly_rows(tmp_path):
    path = tmp_path / "weeks.csv"
    path.write_text(
        "store,brand,week,logmove,price,feat\n2,tropicana,40,2.5,3.87,1\n2,tropicana,41,oops,3.87,x\n"
    )
    settled = source.settle([path], Wishes(("stockcode=brand", "quantity=exp(logmove)"), ("feat",), "store"))
    good, bad = rows(path, settled)
    assert (good["invoiceno"], good["store"], good["feat"]) == ("2-1970-10-12", "2", 1.0)
    assert good["quantity"] == pytest.approx(12.18249396)
    assert (bad["quantity"], bad["feat"], bad["unread"]) == (None, None, "feat 'x'")


def test_flags_are_numbers(tmp_path):
    path = tmp_path / "weeks.csv"
    path.write_text("week,sku,units,price,promo\n40,A,2,1,True\n41,A,2,1,no\n42,A,2,1,\n")
    read = source.examine([path], source.settle([path], Wishes(covariates=("promo",))))
    assert read.lines.order_by("line").promo.to_pyarrow().to_pylist() == [1.0, 0.0, None]
    assert "numbers of weeks, counted from Monday 1970-01-05" in read.notes[0]


def test_covariate_that_says_nothing(tmp_path):
    path = tmp_path / "weeks.csv"
    path.write_text("week,sku,units,price,deal\n40,A,2,1,B\n41,A,2,1,\n")
    with pytest.raises(UsageError, match="the covariate 'deal' holds texts such as 'B'"):
        source.read([path], source.settle([path], Wishes(covariates=("deal",))))


def test_each_row_is_one_unit(tmp_path):
    path = tmp_path / "items.csv"
    path.write_text("order_id,order_item_id,sku,date,price\n7,1,A,2024-01-31,5\n7,2,A,2024-01-31,5\n")
    one, two = rows(path, source.settle([path], Wishes(("quantity=1",))))
    assert (one["quantity"], two["quantity"]) == (1.0, 1.0)
    assert one["further"] != two["further"]


@pytest.mark.skipif(not DATA.is_dir(), reason="PRICETRAIL_DATA holds no data")
def test_real_order_lines():
    path = DATA / "online_retail.parquet"
    read = source.read([path], source.settle([path]))
    facts = read.aggregate(rows=read.count(), last=read.line.max(), units=read.quantity.sum())
    units = pc.sum(pq.read_table(path)["Quantity"]).as_py()
    assert facts.to_pyarrow().to_pylist() == [{"rows": 431_673, "last": 431_672, "units": units}]
    assert read.unread.count().execute() == 0


@pytest.mark.skipif(not DATA.is_dir(), reason="PRICETRAIL_DATA holds no data")
def test_real_weeks():
    path = DATA / "orange_juice.parquet"
    settled = source.settle([path], Wishes(("stockcode=brand", "quantity=exp(logmove)"), ("feat",), "store"))
    read = source.read([path], settled)
    assert (settled.grain, read.count().execute(), read.store.nunique().execute()) == ("weekly", 28_947, 83)
    assert read.invoicedate.min().execute() == datetime(1970, 10, 12)
