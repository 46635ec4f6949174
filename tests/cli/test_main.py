"""The command line as a process: what it answers, where, and with which exit code."""

import json
import math
import subprocess
import sys
from datetime import date, timedelta

import pytest
import yaml

from pricetrail.shop import settings

HEADINGS = "InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice,CustomerID"


def pricetrail(*words, cwd=None):
    return subprocess.run(
        [sys.executable, "-m", "pricetrail", *words], capture_output=True, text=True, cwd=cwd
    )


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["run", "nowhere"], 2, "pricetrail init"),
        (["init", "new", "--data", "no such file.csv"], 1, "no such file.csv"),
        (["init", "new"], 2, "--data"),
        (["ingest", "x.csv", "--shop", "nowhere"], 2, "is not a shop"),
        (["simulate", "lines.doc"], 2, ".parquet or .csv"),
        (["init", "new", "--data", "demo", "--timezone", "Mars"], 2, "such as 'Europe/London', found 'Mars'"),
        (["init", "new", "--data", "demo", "--decimal", ";"], 2, "not one of '.', ','"),
        (["no-such-verb"], 2, "No such command"),
    ],
)
def test_bad_use_is_told_on_stderr(tmp_path, words, code, said):
    done = pricetrail(*words, cwd=tmp_path)
    assert done.returncode == code
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_missing_columns_are_answered_with_a_difference(tmp_path):
    (tmp_path / "odd.csv").write_text("InvoiceNo,StockCode,Qty,When,UnitPrice\n1,A,2,2024-01-01,3\n")
    done = pricetrail("init", "new", "--data", "odd.csv", cwd=tmp_path)
    assert done.returncode == 1
    assert "- invoicedate (expected, absent)" in done.stderr
    assert "+ When (present, not expected)" in done.stderr


def test_error_is_json_when_json_was_asked_for(tmp_path):
    found = json.loads(pricetrail("run", "nowhere", "--json", cwd=tmp_path).stdout)
    assert (found["error"], found["exit_code"]) == ("ShopMissing", 2)


def test_init_answers_in_json(tmp_path):
    lines = ["InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice"]
    lines += [f"{n},A,2,2024-01-{n + 1:02},3" for n in range(9)]
    (tmp_path / "lines.csv").write_text("\n".join(lines))
    found = json.loads(pricetrail("init", "new", "--data", "lines.csv", "--json", cwd=tmp_path).stdout)
    assert found["columns"]["quantity"] == "Quantity"
    assert found["preview"][0]["stockcode"] == "A"


def test_first_rows_are_shown_whole(tmp_path):
    (tmp_path / "lines.csv").write_text(
        "InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice,Cost\n1,A,20000,2024-01-31 08:05,15475.25,7000\n"
    )
    done = pricetrail("init", "new", "--data", "lines.csv", "--cost", "Cost", cwd=tmp_path)
    shown = [line.split() for line in done.stdout.splitlines()]
    assert ["invoicedate", "InvoiceDate", "2024-01-31", "08:05"] in shown
    assert ["unitprice", "UnitPrice", "15475.25"] in shown
    assert "cost: cost" in (tmp_path / "new/params.yaml").read_text()


def test_what_would_stop_a_run_is_told_at_once(tmp_path):
    lines = [
        f"{at},A{at % 3},2,2024-01-{1 + at % 28:02},{'2.5' if at % 2 else 'dear'},7" for at in range(200)
    ]
    (tmp_path / "lines.csv").write_text("\n".join([HEADINGS, *lines]))
    said = " ".join(pricetrail("init", "new", "--data", "lines.csv", cwd=tmp_path).stderr.split())
    assert "50.0% of the 200 raw rows cannot be used" in said
    assert "100 rows: price missing or unreadable such as" in said
    assert "So a run would stop." in said


def test_few_orders_without_customers_are_gated_as_far_as_can_be(tmp_path):
    weeks = [f"2024-W{week:02},A,{week},2.5" for week in range(1, 53)]
    (tmp_path / "weeks.csv").write_text("\n".join(["week,sku,units,price", *weeks]))
    done = pricetrail("init", "new", "--data", "weeks.csv", cwd=tmp_path)
    assert "no groups to compare" in " ".join(done.stderr.split())
    params = yaml.safe_load((tmp_path / "new/params.yaml").read_text())
    assert params["assess_model_risk"]["sensitive_feature"] is None
    assert params["preprocess"]["test_share"] == 0.25


def test_a_small_shop_looks_for_drift_in_as_many_weeks_as_tell(tmp_path):
    days = [date(2022, 1, 3) + timedelta(days=at // 6) for at in range(4_000)]
    lines = [f"{at // 2},A{at % 9},{1 + at % 3},{day},2.5,{at % 40}" for at, day in enumerate(days)]
    (tmp_path / "lines.csv").write_text("\n".join([HEADINGS, *lines, "9999,A1,1,2099-01-01,2.5,7"]))
    pricetrail("init", "new", "--data", "lines.csv", cwd=tmp_path)
    params = yaml.safe_load((tmp_path / "new/params.yaml").read_text())
    assert params["data_drift_check"]["window_days"] == 7 * math.ceil(300 / 6 / 7)
    assert params["preprocess"]["test_share"] == 0.1


def test_weeks_of_few_stores_are_looked_at_for_as_long_as_it_takes(tmp_path):
    days = [date(2022, 1, 3) + timedelta(weeks=week) for week in range(100)]
    rows = [f"{store},P{at},{day},{1 + at % 3},2.5" for day in days for store in "NS" for at in range(200)]
    (tmp_path / "weeks.csv").write_text("\n".join(["store,sku,week,units,price", *rows]))
    pricetrail("init", "new", "--data", "weeks.csv", "--key", "store", cwd=tmp_path)
    params = yaml.safe_load((tmp_path / "new/params.yaml").read_text())
    assert 14 <= params["data_drift_check"]["window_days"] / 7 <= 17


@pytest.mark.parametrize(("known", "share"), [(0.85, 0.18), (0.95, 0.1), (0.5, 0.1)])
def test_more_is_tested_on_where_that_lets_small_groups_be_judged(tmp_path, known, share):
    days = [f"2024-{1 + at // 340:02}-{1 + at % 28:02}" for at in range(4_000)]
    lines = [f"{at // 2},A,1,{day},2.5,{7 if at < 4_000 * known else ''}" for at, day in enumerate(days)]
    (tmp_path / "lines.csv").write_text("\n".join([HEADINGS, *lines]))
    pricetrail("init", "new", "--data", "lines.csv", cwd=tmp_path)
    params = yaml.safe_load((tmp_path / "new/params.yaml").read_text())
    assert params["preprocess"]["test_share"] == share


def test_init_takes_how_a_file_is_written(tmp_path):
    (tmp_path / "lines.csv").write_bytes(
        "InvoiceNo;StockCode;Quantity;InvoiceDate;Price\n1;É;2;01/02/2024;3,5\n".encode("cp850")
    )
    words = [
        "--dates",
        "month",
        "--encoding",
        "cp850",
        "--decimal",
        ",",
        "--timezone",
        "Europe/Paris",
        "--json",
    ]
    row = json.loads(pricetrail("init", "new", "--data", "lines.csv", *words, cwd=tmp_path).stdout)[
        "preview"
    ][0]
    assert (row["stockcode"], row["unitprice"], row["invoicedate"][:10]) == ("É", 3.5, "2024-01-02")
    assert "timezone: Europe/Paris" in (tmp_path / "new/params.yaml").read_text()


def test_same_bytes_twice_are_told(tmp_path):
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("InvoiceNo,StockCode,Quantity,InvoiceDate,Price\n1,A,2,2024-01-01,3\n")
    notes = json.loads(pricetrail("init", "new", "--data", "*.csv", "--json", cwd=tmp_path).stdout)["notes"]
    assert notes[:2] == [
        "a.csv: 1 row, comma-separated, utf-8",
        "b.csv: the bytes of another file once more, left out",
    ]


def test_full_disk_is_told_and_nothing_is_left(tmp_path):
    words = [sys.executable, "-B", "-m", "pricetrail", "simulate", "lines.csv", "--rows", "900"]
    done = subprocess.run(
        ["sh", "-c", 'ulimit -f 1; exec "$@"', "sh", *words], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Error: There is no room left to write in. Free some")
    assert list(tmp_path.iterdir()) == []


def test_source_without_a_file_is_passed_over(tiny, tmp_path):
    settings.change(tiny.root, "source", columns={name.lower(): name for name in HEADINGS.split(",")[:5]})
    lines = ",".join(HEADINGS.split(",")[:5])
    tiny.write("data/raw/0001-lines.csv", f"{lines}\n1,A,2,2025-01-01,1.5\n")
    (tmp_path / "inbox").mkdir()
    (tmp_path / "new.csv").write_text(f"{lines}\n2,A,3,2025-01-08,1.5\n")
    sources = [str(tmp_path / "inbox"), str(tmp_path / "new.csv"), str(tmp_path / "*.zip")]
    done = pricetrail("ingest", *sources, "--shop", str(tiny.root), "--json")
    found = json.loads(done.stdout)
    assert (found["names"], found["report"]["new"]) == (["0002-new.csv"], 1)
    assert found["empty"] == [sources[0], sources[2]]
    assert done.stderr.count("Passed over.") == 2
