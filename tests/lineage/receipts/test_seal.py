import gzip
import subprocess
import sys
import time

import duckdb
import pytest

from pricetrail.errors import DigestMismatch, UsageError
from pricetrail.lineage.receipts import Writer, find, log, number, segment
from pricetrail.lineage.receipts.proof import prove
from pricetrail.lineage.receipts.seal import seal, sealed
from pricetrail.lineage.receipts.verify import verify
from pricetrail.workers.local import local

SEALER = """
import sys
from pathlib import Path
from pricetrail.lineage.keys import Keyring
from pricetrail.lineage.ledger import Ledger
from pricetrail.lineage.receipts.seal import seal
from pricetrail.lineage.store import FolderStore
ledger = Ledger(FolderStore(Path(sys.argv[1])), Keyring(Path(sys.argv[2]), {}))
seal(ledger, who="child")
"""


@pytest.fixture
def root(ledger, issued):
    """The folder of ten sealed receipts."""
    seal(ledger, who="x")
    return ledger.store.root / segment.FOLDER


def test_sealed_receipts_are_found_and_proved(ledger, issued, root, make):
    for n, text in enumerate(issued):
        found = find(ledger.store, text)
        assert (found.receipt, found.sealed) == (make(n), True)
        assert prove(ledger, found).holds(found.content)
        assert not prove(ledger, found).holds(found.content + b" ")


def test_nothing_is_left_in_the_log(ledger, root):
    assert log.segments(ledger.store) == []
    assert seal(ledger, who="x") is None


def test_any_program_reads_it(issued, root, make):
    [path] = root.glob("*.jsonl.gz")
    assert gzip.decompress(path.read_bytes()).splitlines() == [make(n).to_bytes() for n in range(10)]
    rows = duckdb.sql(f"SELECT id, revenue, status FROM '{root}/*.parquet' ORDER BY revenue").fetchall()
    assert rows == [(text, 100.0 + n, "change") for n, text in enumerate(issued)]


def test_summary_counts_by_release_and_product(ledger, root):
    [name] = sealed(ledger)
    [quoted] = segment.read(ledger.store, name).releases.values()
    assert quoted == {"products": ["85123A"], "receipts": [10], "revenue": [1045.0]}


@pytest.mark.parametrize("kind", ["jsonl.gz", "order.gz", "json", "parquet"])
def test_flipped_byte_is_named(ledger, root, kind):
    [path] = root.glob(f"*.{kind}")
    for at in range(0, path.stat().st_size, 37):
        content = bytearray(path.read_bytes())
        content[at] ^= 4
        path.write_bytes(content)
        [fault] = verify(ledger).faults
        assert path.name in fault
        assert "entry 2" in fault
        content[at] ^= 4
        path.write_bytes(content)
    assert verify(ledger).faults == ()


@pytest.mark.parametrize("kind", ["jsonl.gz", "order.gz", "json", "parquet"])
def test_missing_file_is_named(ledger, root, kind):
    [path] = root.glob(f"*.{kind}")
    path.unlink()
    [fault] = verify(ledger).faults
    assert path.name in fault


def test_receipt_swapped_with_its_file_is_noticed(ledger, root, issued, make):
    [path] = root.glob("*.jsonl.gz")
    lines = gzip.decompress(path.read_bytes()).replace(b'"price":2.5', b'"price":3.5')
    path.write_bytes(gzip.compress(lines))
    with pytest.raises(DigestMismatch, match="not what that number was given out for"):
        find(ledger.store, issued[0])
    assert len(verify(ledger).faults) == 1


def test_two_processes_find_the_same(ledger, root, make):
    writer = Writer(ledger.store)
    writer.issue(make())
    writer.close()
    seal(ledger, who="x")
    with local(2) as workers:
        assert verify(ledger, apply=workers.map) == verify(ledger)
    assert (verify(ledger).receipts, verify(ledger).segments) == (11, 2)


def test_crash_after_the_entry_is_finished_by_the_next(ledger, issued):
    [name] = log.segments(ledger.store)
    path = ledger.store.root / log.part(name, 0)
    content = path.read_bytes()
    seal(ledger, who="x")
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    assert seal(ledger, who="x") is None
    assert log.segments(ledger.store) == []


@pytest.mark.parametrize("files", [1, 2, 18, 39, 40])
def test_kill_while_sealing_loses_nothing(ledger, ring, make, files):
    issued = {}
    for n in range(0, 400, 40):
        writer = Writer(ledger.store)
        issued |= {writer.issue(make(each)): each for each in range(n, n + 40)}
        writer.close()
    with subprocess.Popen([sys.executable, "-c", SEALER, ledger.store.root, ring.folder]) as child:
        while child.poll() is None and len(ledger.store.names(segment.FOLDER)) < files:
            time.sleep(0.001)
        child.kill()
    seal(ledger, who="x")
    assert log.segments(ledger.store) == []
    assert all(find(ledger.store, text).receipt == make(n) for text, n in issued.items())
    verdict = verify(ledger)
    assert (verdict.faults, verdict.receipts, verdict.segments) == ((), 400, 10)


def test_kept_by_another_zlib_it_stays(ledger, issued, make):
    [name] = log.segments(ledger.store)
    lines = b"".join(make(n).to_bytes() + b"\n" for n in range(10))
    ledger.store.create(segment.path(name, "jsonl.gz"), gzip.compress(lines, 1, mtime=0))
    seal(ledger, who="x")
    assert verify(ledger).faults == ()
    assert find(ledger.store, issued[7]).receipt == make(7)


def test_what_is_not_sealed_cannot_be_proved_yet(ledger, issued):
    with pytest.raises(UsageError, match="not sealed yet"):
        prove(ledger, find(ledger.store, issued[0]))


def test_members_of_many_receipts(ledger, make):
    writer = Writer(ledger.store)
    numbers = [writer.issue(make(n)) for n in range(segment.BLOCK + 3)]
    writer.close()
    seal(ledger, who="x")
    for n in (0, segment.BLOCK - 1, segment.BLOCK, segment.BLOCK + 2):
        assert find(ledger.store, numbers[n]).receipt == make(n)
    assert number.parse(numbers[-1]).index == segment.BLOCK + 2
