"""Raw files in, every row accounted for: bad input of every kind ends in a count and a reason."""

import csv
import hashlib
import json
import os
import shutil
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pricetrail.params import Params
from pricetrail.shop import create
from pricetrail.stages import etl_pipeline
from pricetrail.stages.stage import Context
from pricetrail.transactions import history

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table")  # ibis 12 under duckdb 2
DATA = Path(os.environ.get("PRICETRAIL_DATA", Path(__file__).parents[3] / "shared/data"))
HEADINGS = {
    "invoiceno": "InvoiceNo",
    "stockcode": "StockCode",
    "description": "Description",
    "quantity": "Quantity",
    "invoicedate": "InvoiceDate",
    "unitprice": "UnitPrice",
    "customerid": "CustomerID",
    "country": "Country",
}
WEEKLY = ("stockcode", "quantity", "invoicedate", "unitprice")
DECLARED = Path(create.__file__).parent / "template/dvc.yaml"
ONLINE = "online_retail.parquet"
START = datetime(2011, 1, 3, 9)


def line(at, **other):
    usual = {"InvoiceNo": 536365 + at, "StockCode": "85123A", "Description": "HEART", "Quantity": 6}
    moment = {"InvoiceDate": START + timedelta(hours=at), "UnitPrice": 2.55}
    return {**usual, **moment, "CustomerID": 17850, "Country": "France", **other}


def shop(root, *files, name="orders.csv"):
    """Run the stage over CSV files of the given rows, and read what it wrote."""
    raw = root / "data/raw"
    raw.mkdir(parents=True, exist_ok=True)
    for at, rows in enumerate(files):
        with (raw / f"{at + 1:04}-{name}").open("w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, HEADINGS.values())
            writer.writeheader()
            writer.writerows(rows)
    return run(root)


def run(root, columns=HEADINGS, grain="lines"):
    params = Params.model_validate({"source": {"columns": columns, "grain": grain}})
    etl_pipeline.work(Context(root, params, lambda share, note: None))
    return json.loads((root / "metrics/etl.json").read_text(encoding="utf-8"))


def columns(root, name):
    return pq.read_table(root / f"data/{name}.parquet").to_pydict()


def digests(root):
    names = (
        "data/original_df.parquet",
        "data/processed_df.parquet",
        "data/rejected.parquet",
        "metrics/etl.json",
    )
    return [hashlib.sha256((root / name).read_bytes()).hexdigest() for name in names]


def test_faults_are_counted_with_their_reasons(tmp_path):
    faults = [
        {"Quantity": "six"},
        {"UnitPrice": "free"},
        {"InvoiceDate": "some day"},
        {"StockCode": "x" * 200},
        {"Quantity": "1e9"},
        {"UnitPrice": -1},
        {"Quantity": 0},
    ]
    found = shop(tmp_path, [line(at, **(faults[at] if at < len(faults) else {})) for at in range(60)])
    assert (found["rows"], found["accepted"], found["rejected"]) == (60, 53, 7)
    assert found["reasons_rejected"] == {
        reason: 1
        for reason in [
            "date missing or unreadable",
            "price is negative",
            "price missing or unreadable",
            "quantity beyond 1,000,000",
            "quantity is zero",
            "quantity missing or unreadable",
            "stock code longer than 64 characters",
        ]
    }
    assert found["examples"]["quantity missing or unreadable"]["unread"] == "quantity 'six'"


def test_status_tells_what_is_no_sale(tmp_path):
    said = ["Shipped", "partially_refunded", "", "Shipped - Returned to Seller", "Canceled", ""]
    rows = [line(at, Country=status, InvoiceNo=min(at, 4)) for at, status in enumerate(said)]
    rows += [line(6, Country="Cancelled", Quantity=0), line(7, Country="Refund", InvoiceNo=1, Quantity=-6)]
    shop(tmp_path, rows)
    found = run(tmp_path, HEADINGS | {"status": "Country"})
    assert (found["accepted"], found["rejected"]) == (2, 0)
    assert found["reasons_removed"] == {"no sale by its status": 4, "a cancellation": 1, "cancelled later": 1}
    assert columns(tmp_path, "rejected")["status"][-1] == "Refund"
    assert "status" not in columns(tmp_path, "original_df")


def test_weeks_in_which_nothing_sold_are_no_faults(tmp_path):
    raw = tmp_path / "data/raw"
    raw.mkdir(parents=True)
    weeks = [f"2024-W{week:02},A,{week % 3},{2.5 if week % 3 else ''}" for week in range(1, 13)]
    (raw / "0001-weeks.csv").write_text("\n".join(["week,sku,units,price", *weeks]))
    found = run(
        tmp_path, grain="weekly", columns=dict(zip(WEEKLY, ("sku", "units", "week", "price"), strict=True))
    )
    assert (found["accepted"], found["rejected"], found["reasons_removed"]) == (8, 0, {"nothing sold": 4})


def test_equal_rows_of_one_unit_each_are_several_units(tmp_path):
    assert shop(tmp_path, [line(0), line(0)])["accepted"] == 1
    assert run(tmp_path, HEADINGS | {"quantity": "1"})["accepted"] == 2


def test_left_out_rows_keep_their_place_and_values(tmp_path):
    shop(tmp_path, [line(0), line(0), line(1, Quantity="six", StockCode="a")])
    found = columns(tmp_path, "rejected")
    assert found["line"] == [1, 2]
    assert found["outcome"] == ["removed", "rejected"]
    assert found["reason"] == ["an exact duplicate", "quantity missing or unreadable"]
    assert found["stockcode"] == ["85123A", "a"]
    assert set(found["file"]) == {"0001-orders.csv"}


def test_sales_are_described_row_by_row(tmp_path):
    rows = [line(at, CustomerID="" if at % 3 else 17850, StockCode="85123a") for at in range(9, -1, -1)]
    shop(tmp_path, rows)
    original, processed = columns(tmp_path, "original_df"), columns(tmp_path, "processed_df")
    assert original["line"] == processed["line"] == list(range(9, -1, -1))
    assert original["is_registered"] == [1, 0, 0] * 3 + [1]
    assert set(original["stockcode"]) == {"85123A"}
    assert set(original["list_price"]) == {2.55}
    assert set(original["discount"]) == {0.0}
    assert {*history.NUMERIC, *history.CATEGORICAL, "quantity"} <= set(processed)


@pytest.mark.parametrize(
    "rows",
    [
        [line(0)],
        [line(0, Quantity="six")],
        [line(at, InvoiceNo=f"C{at}", Quantity=-1) for at in range(5)],
        [line(at, StockCode="POST") for at in range(5)],
    ],
    ids=["one row", "one bad row", "all cancellations", "all postage"],
)
def test_next_to_nothing_is_accounted_for_as_well(tmp_path, rows):
    found = shop(tmp_path, rows)
    assert found["accepted"] + found["rejected"] + found["removed"] == found["rows"] == len(rows)
    assert found["files"] == {"0001-orders.csv": len(rows)}
    assert len(columns(tmp_path, "processed_df")["line"]) == found["accepted"]


def test_a_thousand_countries_are_a_thousand_countries(tmp_path):
    assert shop(tmp_path, [line(at, Country=f"Land {at}") for at in range(1000)])["countries"] == 1000


def test_isolated_future_date_is_rejected(tmp_path):
    rows = [line(at) for at in range(200)]
    found = shop(tmp_path, [*rows, line(3, InvoiceDate=START + timedelta(days=900))])
    assert found["reasons_rejected"] == {"date too late to be believed": 1}


def test_not_a_number_and_infinity_in_parquet(tmp_path):
    rows = [line(at) for at in range(9)]
    table = {name: [row[name] for row in rows] for name in HEADINGS.values()}
    table["Quantity"] = [float("nan"), float("inf"), *[1.0] * 7]
    table["UnitPrice"] = [1.0, 1.0, float("-inf"), *[1.0] * 6]
    (tmp_path / "data/raw").mkdir(parents=True)
    pq.write_table(pa.table(table), tmp_path / "data/raw/0001-orders.parquet")
    assert run(tmp_path)["reasons_rejected"] == {
        "price is negative": 1,
        "quantity beyond 1,000,000": 1,
        "quantity missing or unreadable": 1,
    }


def test_later_file_replaces_an_earlier_order(tmp_path):
    first, second = [line(at) for at in range(6)], [line(at, Quantity=9) for at in range(3, 8)]
    found = shop(tmp_path, first, second)
    assert found["reasons_removed"] == {"repeated or replaced by a later file": 3}
    assert columns(tmp_path, "original_df")["quantity"] == [6.0] * 3 + [9.0] * 5


ROWS = st.lists(
    st.builds(
        line,
        st.integers(0, 20),
        Quantity=st.sampled_from([6, 6, 6, -6, -2, 0, "six", ""]),
        UnitPrice=st.sampled_from([2.55, 2.55, 0, -1, "free"]),
        StockCode=st.sampled_from(["85123A", "22423", "POST", "", "x" * 70]),
        CustomerID=st.sampled_from([17850, ""]),
        InvoiceNo=st.sampled_from(["1", "2", "C3", ""]),
    ),
    min_size=1,
    max_size=40,
)


@given(ROWS)
@settings(max_examples=5, deadline=None)
def test_every_row_ends_in_one_place(tmp_path_factory, rows):
    root = tmp_path_factory.mktemp("shop")
    found = shop(root, rows)
    left_out, sales = columns(root, "rejected")["line"], columns(root, "original_df")["line"]
    assert sorted([*left_out, *sales]) == list(range(len(rows)))
    assert sum(found["reasons_rejected"].values()) == found["rejected"]
    assert sum(found["reasons_removed"].values()) == found["removed"]
    assert (found["accepted"], found["rows"]) == (len(sales), len(rows))


def test_same_rows_give_the_same_bytes(tmp_path):
    rows = [line(at % 70, StockCode=str(at % 13), Quantity=at % 7, InvoiceNo=at % 31) for at in range(300)]
    for name in ("one", "other"):
        shop(tmp_path / name, rows)
    assert digests(tmp_path / "one") == digests(tmp_path / "other")


REAL = pytest.mark.skipif(not (DATA / ONLINE).exists(), reason=f"there is no {ONLINE} in {DATA}")


def real(root):
    (root / "data/raw").mkdir(parents=True)
    (root / f"data/raw/0001-{ONLINE}").symlink_to(DATA / ONLINE)
    return root


@REAL
def test_real_order_lines(tmp_path):
    found = run(real(tmp_path))
    assert (found["rows"], found["accepted"], found["rejected"]) == (431_673, 413_621, 1_028)
    assert found["reasons_removed"]["a cancellation"] == found["reasons_removed"]["cancelled later"] == 2_383
    original = pq.read_table(tmp_path / "data/original_df.parquet", columns=["quantity", "discount"])
    assert pc.min_max(original["quantity"]).as_py() == {"min": 1, "max": 4_800}
    assert original["discount"].null_count == 0


@REAL
@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system does not bind processes to CPUs")
def test_same_bytes_on_one_cpu_as_on_all(tmp_path):
    params = yaml.safe_dump({"source": {"columns": HEADINGS}})
    bind = "import os, runpy; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); "
    for name, code in {"one": bind, "all": "import runpy; "}.items():
        root = real(tmp_path / name)
        (root / "params.yaml").write_text(params, encoding="utf-8")
        shutil.copy(DECLARED, root)
        code += "runpy.run_module('pricetrail.stages.etl_pipeline', run_name='__main__')"
        subprocess.run([sys.executable, "-c", code], cwd=root, check=True)
    assert digests(tmp_path / "one") == digests(tmp_path / "all")
