"""Real processes and real faults: what was acknowledged is there."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from pricetrail.errors import DigestMismatch, DiskFull, StoreFailed, UnknownId
from pricetrail.lineage.ledger import Ledger
from pricetrail.lineage.receipts import Writer, find, log, number
from pricetrail.lineage.receipts.seal import seal
from pricetrail.lineage.store import FolderStore, open_store

CHILD = """
import sys, threading
from datetime import UTC, datetime
from pathlib import Path
from pricetrail.lineage.receipts import Receipt, Writer
from pricetrail.lineage.store import FolderStore
writer = Writer(FolderStore(Path(sys.argv[1])), full=50)
def work(thread):
    for n in range(10**6):
        made = Receipt(datetime.now(UTC), "ab" * 32, "cd" * 32, f"P{thread}", None, {"cost": n}, {"price": 1}, 1.0, n)
        print(f"{writer.issue(made)} {thread} {n}\\n", end="", flush=True)
for thread in range(3):
    threading.Thread(target=work, args=(thread,), daemon=True).start()
sys.stdin.read()
"""
FULL = """
import resource, signal, sys
from pathlib import Path
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
sys.path.insert(0, sys.argv[2])
from conftest import receipt
from pricetrail.errors import DiskFull
from pricetrail.lineage.receipts import Writer
from pricetrail.lineage.store import FolderStore
writer = Writer(FolderStore(Path(sys.argv[1])))
try:
    for n in range(20):
        print(writer.issue(receipt(n)), flush=True)
except DiskFull:
    print("full", flush=True)
resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
print(writer.issue(receipt(99)), flush=True)
"""


def killed(root, seconds):
    """Lines that a child said before it was killed."""
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, str(root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        first = child.stdout.readline()
        time.sleep(seconds)
        os.kill(child.pid, signal.SIGKILL)
        said = first + child.stdout.read()
    return [line.split() for line in said.splitlines(keepends=True) if line.endswith("\n") and line.strip()]


def acknowledged(store, said):
    for text, thread, n in said:
        found = find(store, text).receipt
        assert (found.product, found.request) == (f"P{thread}", {"cost": int(n)})


def kill(ledger, times):
    dice, said = random.Random(7), []
    for _ in range(times):
        said += killed(ledger.store.root, dice.uniform(0, 0.05))
    acknowledged(ledger.store, said)
    seal(ledger, who="x")
    assert log.segments(ledger.store) == []
    acknowledged(ledger.store, said)


def test_kill_loses_nothing_that_was_acknowledged(ledger):
    kill(ledger, 12)


def test_processes_at_once_have_segments_of_their_own(ledger):
    with ThreadPoolExecutor(3) as pool:
        said = [line for lines in pool.map(killed, [ledger.store.root] * 3, [0.3] * 3) for line in lines]
    acknowledged(ledger.store, said)
    assert len({text for text, *_ in said}) == len(said) > 3


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_thousand_kills_lose_nothing_that_was_acknowledged(ledger):
    kill(ledger, 1000)


def test_threads_share_flushes_and_get_their_own_numbers(tmp_path, make):
    writer, numbers = Writer(FolderStore(tmp_path)), {}

    def work(thread):
        for n in range(thread * 40, thread * 40 + 40):
            numbers[n] = writer.issue(make(n))

    threads = [threading.Thread(target=work, args=(each,)) for each in range(8)]
    [each.start() for each in threads]
    [each.join() for each in threads]
    assert len(set(numbers.values())) == 320
    assert all(find(FolderStore(tmp_path), text).receipt == make(n) for n, text in numbers.items())


def test_full_disk_acknowledges_nothing_and_keeps_what_was(tmp_path, make):
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path), os.path.dirname(__file__)], capture_output=True, text=True
    )
    *kept, full, again = done.stdout.split()
    assert (full, len(kept) >= 3) == ("full", True), done.stderr
    for n, text in enumerate(kept):
        assert find(FolderStore(tmp_path), text).receipt == make(n)
    assert find(FolderStore(tmp_path), again).receipt == make(99)


def test_torn_tail_is_dropped(ledger, issued, make):
    path = next((ledger.store.root / log.FOLDER).rglob("00000000"))
    path.write_bytes(path.read_bytes()[:-5])
    assert find(ledger.store, issued[8]).receipt == make(8)
    with pytest.raises(UnknownId, match="There is no receipt"):
        find(ledger.store, issued[9])
    assert seal(ledger, who="x").body["segments"][0]["count"] == 9


def test_flipped_byte_in_a_log_is_named(ledger, issued, make):
    path = next((ledger.store.root / log.FOLDER).rglob("00000000"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2 + 60] ^= 1
    path.write_bytes(content)
    for question in (lambda: find(ledger.store, issued[5]), lambda: seal(ledger, who="x")):
        with pytest.raises(DigestMismatch, match=r"00000000 is damaged.*receipt 5\."):
            question()
    assert find(ledger.store, issued[9]).receipt == make(9)


def test_clock_that_runs_backwards_changes_nothing(tmp_path, make):
    writer = Writer(FolderStore(tmp_path))
    later, earlier = (make(at=datetime(year, 1, 1, tzinfo=UTC)) for year in (2026, 2020))
    first, second = writer.issue(later), writer.issue(earlier)
    assert (number.parse(first).index, number.parse(second).index) == (0, 1)
    assert find(FolderStore(tmp_path), second).receipt == earlier


def test_segment_is_left_when_full_or_old(tmp_path, make):
    now = [0.0]
    writer = Writer(FolderStore(tmp_path), full=2, age=60, clock=lambda: now[0])
    segments = [number.parse(writer.issue(make(n))).segment for n in range(3)]
    now[0] = 61.0
    segments.append(number.parse(writer.issue(make(3))).segment)
    assert [segments.index(each) for each in segments] == [0, 0, 2, 3]


def test_live_segment_is_not_sealed(ledger, make):
    writer = Writer(ledger.store)
    text = writer.issue(make())
    assert seal(ledger, who="x") is None
    writer.issue(make(1))
    writer.close()
    assert seal(ledger, who="x").body["segments"][0]["count"] == 2
    assert find(ledger.store, text).sealed


def test_number_of_another_shop_is_told_from_a_missing_one(ledger, issued):
    asked = number.parse(issued[3])
    with pytest.raises(DigestMismatch, match="not what that number was given out for"):
        find(ledger.store, str(number.of(asked.segment, asked.index, b"other")))
    with pytest.raises(UnknownId, match="There is no receipt"):
        find(ledger.store, str(number.of(asked.segment, 10, b"other")))


def test_place_alone_finds_it(ledger, issued, make):
    assert find(ledger.store, "-".join(issued[3].split("-")[:2])).receipt == make(3)
    assert str(find(ledger.store, issued[3][:4] + "-3").number) == issued[3]


class TestOnS3:
    @pytest.fixture
    def store(self, s3, tmp_path):
        return open_store(f"s3://records/{tmp_path.name}", s3)

    def test_each_flush_is_an_object(self, store, make):
        writer = Writer(store)
        numbers = [writer.issue(make(n)) for n in range(3)]
        assert len(store.names(log.FOLDER)) == 3
        assert [find(store, text).receipt for text in numbers] == [make(n) for n in range(3)]

    def test_closed_segment_sends_its_writer_to_another(self, store, make, ring):
        ledger, writer = Ledger(store, ring), Writer(store)
        first = writer.issue(make(0))
        assert seal(ledger, who="x").body["segments"][0]["count"] == 1
        second = writer.issue(make(1))
        assert number.parse(first).segment != number.parse(second).segment
        assert [find(store, text).receipt for text in (first, second)] == [make(0), make(1)]
        assert seal(ledger, who="x").body["segments"][0]["count"] == 1
        assert seal(ledger, who="x") is None


def test_folder_that_cannot_be_made_acknowledges_nothing(tmp_path, make):
    (tmp_path / "receipts").write_text("in the way")
    with pytest.raises((StoreFailed, DiskFull)):
        Writer(FolderStore(tmp_path)).issue(make())
