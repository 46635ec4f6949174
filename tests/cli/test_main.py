"""The command line as a process: what it answers, where, and with which exit code."""

import json
import subprocess
import sys

import pytest


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
