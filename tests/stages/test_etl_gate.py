"""The gate stops a run for want of good rows, with the reasons, and keeps its verdict."""

import json
from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pricetrail.errors import Blocked, NothingToLearn
from pricetrail.params import Params
from pricetrail.stages import etl_gate
from pricetrail.stages.stage import Context

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table")  # ibis 12 under duckdb 2
COUNTS = {"rows": 1000, "accepted": 900, "products": 40, "weeks": 20, "horizon": "2012-01-01"}
FAULTS = {
    "rejected_share": 0.05,
    "reasons_rejected": {"quantity is zero": 48, "no stock code": 2},
    "reasons_removed": {"an exact duplicate": 50},
    "examples": {"quantity is zero": {"file": "0001-a.csv", "line": "7", "quantity": "0.0", "unread": None}},
}


def gate(root, quantity=1.0, **figures):
    moments = [datetime(2011, 1, 3) + timedelta(days=at) for at in range(3)]
    texts = ("invoiceno", "stockcode", "description", "customerid", "country", "file")
    lines = {name: ["a"] * 3 for name in texts} | {"line": [0, 1, 2], "invoicedate": moments}
    lines |= {"quantity": [1.0, 1.0, quantity], "unitprice": [2.5] * 3}
    (root / "data").mkdir()
    (root / "metrics").mkdir()
    pq.write_table(pa.table(lines), root / "data/original_df.parquet")
    (root / "metrics/etl.json").write_text(json.dumps({**COUNTS, **FAULTS, **figures}), encoding="utf-8")
    etl_gate.work(Context(root, Params(), lambda share, note: None))


def verdict(root):
    return json.loads((root / "gates/etl.json").read_text(encoding="utf-8"))["verdict"]


def test_few_faults_pass(tmp_path):
    gate(tmp_path)
    assert verdict(tmp_path) == "passed"


def test_many_faults_block_with_reasons_and_an_example(tmp_path):
    with pytest.raises(Blocked, match=r"11\.0% of the 1,000 raw rows cannot be used; at most 10\.0%") as stop:
        gate(tmp_path, rejected_share=0.11)
    assert "48 rows: quantity is zero\n    such as file '0001-a.csv', quantity '0.0'" in str(stop.value)
    assert verdict(tmp_path) == "blocked"


@pytest.mark.parametrize(
    ("figures", "needed"),
    [
        (
            {"accepted": 0, "products": 0, "weeks": 0},
            r"60 sales \(0 found\) and 2 products \(0 found\) and 4 weeks",
        ),
        ({"accepted": 59}, r"60 sales \(59 found\)"),
        ({"products": 1}, r"2 products \(1 found\)"),
        ({"weeks": 3}, r"4 weeks with sales \(3 found\)"),
    ],
)
def test_too_little_to_learn_from(tmp_path, figures, needed):
    with pytest.raises(NothingToLearn, match=needed):
        gate(tmp_path, **figures)
    assert verdict(tmp_path) == "blocked"


def test_lines_that_break_the_contract_block(tmp_path):
    with pytest.raises(Blocked, match=r"does not keep the contract(.|\n)*quantity is zero"):
        gate(tmp_path, quantity=0.0)
    assert verdict(tmp_path) == "blocked"
