"""Real faults in the middle of promotions and appends: a kill at every write, two at once, a disk that is full."""

import json
import shutil
import signal
import subprocess
import sys

import pytest

from pricetrail.lineage import channel, place
from pricetrail.lineage.keys import Keyring
from pricetrail.lineage.ledger import Ledger
from pricetrail.lineage.store import FolderStore
from pricetrail.lineage.verify import chain
from pricetrail.shop import journal, pipeline, production
from pricetrail.shop.verification import verify

PROMOTE = """
import os, signal, sys
from pathlib import Path
from pricetrail.shop import pipeline, production

WRITES = {"os.rename", "os.link", "os.remove", "os.mkdir", "os.chmod", "subprocess.Popen"}
root, release, left = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
seen = 0

def at_write(event, args):
    global seen
    writes = event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    if event in WRITES or writes:
        seen += 1
        if seen == left:
            os.kill(os.getpid(), signal.SIGKILL)

with pipeline.alone(root):
    sys.addaudithook(at_write)
    production.promote(root, release, why="a kill")
    print(seen)
"""
"""Promotes, and dies right before the write of that number; Python itself tells of every one."""

APPEND = """
import sys
from pathlib import Path
from pricetrail.lineage.keys import Keyring
from pricetrail.lineage.ledger import Ledger
from pricetrail.lineage.store import FolderStore

ledger = Ledger(FolderStore(Path(sys.argv[1])), Keyring(Path(sys.argv[2]), {}))
for n in range(int(sys.argv[4])):
    ledger.append("note", {"writer": sys.argv[3], "n": n}, who=sys.argv[3])
"""

FULL = """
import resource, sys
from pathlib import Path
from pricetrail.errors import StoreFailed
from pricetrail.shop import production

resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    production.promote(Path(sys.argv[1]), None, why="no room")
except Exception as error:
    print(type(error).__name__, error)
"""
"""A process in which no file can grow beyond so many bytes."""


class Quiet:
    def stage(self, name, event):
        pass


def start(script, *words):
    command = [sys.executable, "-c", script, *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(process):
    process.communicate()
    return process.returncode


def standing(root):
    found = channel.current(place.ledger(root))
    return found and found.release


def follow_up(root):
    """What the next run does first."""
    with pipeline.alone(root):
        journal.begin(root)
        journal.note.write(root, journal.Note())


@pytest.fixture(scope="module")
def twice(done, tmp_path_factory):
    """A shop of two releases, the older one in production: its folder, and both ids."""
    root = shutil.copytree(done, tmp_path_factory.mktemp("twice") / "shop")
    (root / "params.yaml").write_text("tune_backup_models:\n  seed: 8\n")
    pipeline.run(root, Quiet())
    newer, older = (each.id for each in production.releases(root))
    production.promote(root, older, why="")
    return root, older, newer


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_kill_at_every_write_of_a_promotion(twice, tmp_path):
    origin, older, newer = twice
    writes = int(start(PROMOTE, shutil.copytree(origin, tmp_path / "whole"), newer, -1).communicate()[0])
    moved = []
    for left in range(1, writes + 1):
        root = shutil.copytree(origin, tmp_path / "shop")
        assert ended(start(PROMOTE, root, newer, left)) == -signal.SIGKILL
        assert chain.walk(place.store(root)).findings == ()
        assert standing(root) in (older, newer)
        moved.append(standing(root) == newer)
        follow_up(root)
        assert json.loads((root / "production/release.json").read_text())["release"] == standing(root)
        assert verify(root).findings == ()
        shutil.rmtree(root)
    assert writes > 20
    assert moved == sorted(moved)
    assert {True, False} == set(moved)


def test_two_promotions_at_once(twice, tmp_path):
    origin, older, newer = twice
    root = shutil.copytree(origin, tmp_path / "shop")
    both = [start(PROMOTE, root, id, -1) for id in (older, newer)]
    assert [ended(each) for each in both] == [0, 0]
    first, second, _ = place.ledger(root).topic("promotion")
    assert {first.body["release"], second.body["release"]} == {older, newer}
    assert json.loads((root / "production/release.json").read_text())["release"] == first.body["release"]
    assert verify(root).findings == ()


def test_writers_at_once_lose_nothing(tmp_path):
    Keyring(tmp_path / "keys", {}).first()
    writers = [start(APPEND, tmp_path / "store", tmp_path / "keys", name, 20) for name in "abc"]
    assert [ended(each) for each in writers] == [0, 0, 0]
    found = chain.walk(FolderStore(tmp_path / "store"))
    assert found.findings == ()
    notes = [(each.body["writer"], each.body["n"]) for each in found.entries[1:]]
    assert sorted(notes) == [(name, n) for name in "abc" for n in range(20)]
    assert [n for name, n in notes if name == "a"] == list(range(20))


def test_writer_killed_again_and_again(tmp_path):
    ring = Keyring(tmp_path / "keys", {})
    ring.first()
    for _ in range(5):
        writer = start(APPEND, tmp_path / "store", tmp_path / "keys", "a", 10_000)
        before = len(FolderStore(tmp_path / "store").names("ledger/"))
        while len(FolderStore(tmp_path / "store").names("ledger/")) < before + 5:
            pass
        writer.kill()
        writer.communicate()
        assert chain.walk(FolderStore(tmp_path / "store")).findings == ()
    assert Ledger(FolderStore(tmp_path / "store"), ring).append("note", {}, who="b").number > 25


@pytest.mark.parametrize("room", [600, 1100])
def test_disk_full_moves_nothing(twice, tmp_path, room):
    origin, older, _ = twice
    root = shutil.copytree(origin, tmp_path / "shop")
    said, _ = start(FULL, root, room).communicate()
    assert said.startswith(("StoreFailed", "DiskFull", "OSError"))
    assert standing(root) == older
    follow_up(root)
    assert verify(root).findings == ()
