import json
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from pricetrail.errors import ReceiptInvalid
from pricetrail.lineage import canonical
from pricetrail.lineage.receipts.receipt import parse, spelled


def test_reads_back_what_it_wrote(make):
    content = make(3, elasticity={"low90": -2.0, "middle": -1.5}).to_bytes()
    assert parse(content).to_bytes() == content
    assert b"\n" not in content
    assert canonical.dumps(json.loads(content)) == content


@pytest.mark.parametrize("answer", [{"customerid": "17850"}, {"gain": [{"email": "x@y.z"}]}])
def test_name_that_is_not_known_is_refused(make, answer):
    with pytest.raises(ReceiptInvalid, match=r"answer has no field '(customerid|email)'"):
        make(**answer)
    with pytest.raises(ReceiptInvalid, match=r"answer has no field '(customerid|email)'"):
        spelled("answer", answer)


def test_long_text_is_refused(make):
    with pytest.raises(ReceiptInvalid, match="a text of 201 characters"):
        make(cause="x" * 201)


def test_release_is_a_digest(make):
    with pytest.raises(ReceiptInvalid, match=r"release is a SHA-256 .* found 'latest'"):
        make(release="latest")


def test_numbers_are_finite(make):
    with pytest.raises(ReceiptInvalid, match="finite"):
        make(price=float("nan")).to_bytes()


@pytest.mark.parametrize(
    "change", [(b"2.5", b"2.50"), (b'"status"', b' "status"'), (b"/v1", b"/v2"), (b"}", b"")]
)
def test_other_spelling_is_no_receipt(make, change):
    with pytest.raises(ReceiptInvalid, match="no receipt in its one spelling"):
        parse(make().to_bytes().replace(*change))


def test_time_is_kept_to_the_microsecond(make):
    at = datetime(2026, 3, 1, 12, 0, 0, 1, UTC)
    assert parse(make(at=at).to_bytes()).at == at


def test_a_service_needs_nothing_else_to_write_and_find():
    code = "import sys, pricetrail.lineage.receipts; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = set(
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.split()
    )
    assert not loaded & {"numpy", "pandas", "pyarrow", "duckdb", "boto3", "fsspec", "dvc", "yaml", "pydantic"}
