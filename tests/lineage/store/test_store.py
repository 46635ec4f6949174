"""What every store must do, and one class that says how each is built."""

import os
import subprocess
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from pricetrail.errors import AlreadyThere, ArtifactMissing, LineageError, StoreFailed
from pricetrail.lineage.store import FolderStore, RemoteStore, S3Store, open_store


class StoreContract:
    @pytest.fixture
    def store(self):
        raise NotImplementedError

    def test_reads_back_what_was_created(self, store):
        store.create("ledger/000000001.json", b"\x00first\n")
        assert store.read("ledger/000000001.json") == b"\x00first\n"

    def test_missing_name_is_named(self, store):
        with pytest.raises(ArtifactMissing, match=r"no objects/ab\.json"):
            store.read("objects/ab.json")

    def test_never_overwrites(self, store):
        store.create("a", b"first")
        with pytest.raises(AlreadyThere, match="a holds other bytes"):
            store.create("a", b"second")
        assert store.read("a") == b"first"

    def test_same_bytes_again_change_nothing(self, store):
        store.create("a", b"first")
        store.create("a", b"first")
        assert store.names() == ["a"]

    def test_size_of_what_is_there_and_what_is_not(self, store):
        store.create("a", b"123")
        assert (store.size("a"), store.size("b")) == (3, None)

    def test_files_are_sent_and_taken(self, store, tmp_path):
        (tmp_path / "sent").write_bytes(b"1" * 9_000_000)
        store.send("dvc/files/md5/ab/c.dir", tmp_path / "sent")
        store.take("dvc/files/md5/ab/c.dir", tmp_path / "taken")
        assert (tmp_path / "taken").read_bytes() == b"1" * 9_000_000

    def test_file_that_is_not_there_is_not_taken(self, store, tmp_path):
        with pytest.raises(ArtifactMissing, match="no a/b"):
            store.take("a/b", tmp_path / "taken")

    def test_replaces_what_is_derived(self, store):
        store.replace("head.json", b"1")
        store.replace("head.json", b"2")
        assert store.read("head.json") == b"2"

    def test_names_by_prefix_in_order(self, store):
        for name in ("ledger/2", "ledger/1", "ledgers", "objects/b", "objects/a/c"):
            store.create(name, b"")
        assert store.names("ledger/") == ["ledger/1", "ledger/2"]
        assert store.names("ledger") == ["ledger/1", "ledger/2", "ledgers"]
        assert store.names() == ["ledger/1", "ledger/2", "ledgers", "objects/a/c", "objects/b"]
        assert store.names("none/") == []

    def test_deleted_is_gone(self, store):
        store.create("a/b", b"")
        store.delete("a/b")
        store.delete("a/b")
        assert store.names() == []

    @pytest.mark.parametrize("name", ["", "../a", "/a", "a/../b", "a//b", "a\0", "a/", ".a", "a b", "a\n"])
    def test_name_cannot_leave_the_store(self, store, name):
        for use in (store.read, store.delete, lambda name: store.create(name, b"")):
            with pytest.raises(LineageError, match="name in a store"):
                use(name)

    @pytest.mark.parametrize("prefix", ["../", "/", "a/../"])
    def test_listing_cannot_leave_the_store(self, store, prefix):
        with pytest.raises(LineageError, match="name in a store"):
            store.names(prefix)

    def test_one_of_many_writers_wins(self, store):
        def create(n):
            try:
                store.create("a", b"%d" % n)
            except AlreadyThere:
                return None
            return n

        with ThreadPoolExecutor(8) as pool:
            won = [n for n in pool.map(create, range(8)) if n is not None]
        assert [b"%d" % n for n in won] == [store.read("a")]


class TestFolderStore(StoreContract):
    @pytest.fixture
    def store(self, tmp_path):
        return FolderStore(tmp_path / "records")

    def test_no_draft_is_left(self, store):
        store.create("a/b", b"1")
        store.replace("a/b", b"2")
        assert list((store.root / ".drafts").iterdir()) == []

    def test_draft_of_a_killed_writer_goes_when_it_is_old(self, store):
        (store.root / ".drafts").mkdir(parents=True)
        for name, age in (("old", 0), ("young", None)):
            (store.root / ".drafts" / name).touch()
            os.utime(store.root / ".drafts" / name, age if age is None else (age, age))
        store.create("a", b"")
        assert [path.name for path in (store.root / ".drafts").iterdir()] == ["young"]

    def test_file_in_the_way_is_told(self, store):
        store.create("a", b"")
        with pytest.raises(StoreFailed, match="a/b cannot be written"):
            store.create("a/b", b"")


class TestS3Store(StoreContract):
    @pytest.fixture
    def store(self, s3):
        return S3Store(f"s3://records/{uuid.uuid4().hex}/", s3)

    def test_missing_bucket_is_told(self, s3):
        with pytest.raises(StoreFailed, match="NoSuchBucket"):
            S3Store("s3://no-such-bucket", s3).create("a", b"")


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def store(self):
        return RemoteStore(f"memory://{uuid.uuid4().hex}")

    @pytest.fixture(autouse=True)
    def alone(self, request):
        if "many_writers" in request.node.name:
            pytest.skip("memory is shared by no two processes, and its threads are not told apart")


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("ledger", FolderStore),
        ("file:///a/b", FolderStore),
        ("s3://a/b", S3Store),
        ("memory://a", RemoteStore),
    ],
)
def test_url_chooses_the_store(url, kind):
    assert type(open_store(url)) is kind


@pytest.mark.parametrize(("url", "exclusive"), [("memory://a", True), ("file:///a", False)])
def test_exclusive_only_when_the_file_system_brings_its_own_way(url, exclusive):
    assert RemoteStore(url).exclusive is exclusive


def test_unknown_protocol_is_told():
    with pytest.raises(StoreFailed, match="nowhere://a cannot be reached"):
        open_store("nowhere://a").read("b")


FULL = """
import resource, sys
from pathlib import Path
from pricetrail.errors import StoreFailed
from pricetrail.lineage.store import FolderStore

resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
store = FolderStore(Path(sys.argv[1]))
store.create("small", b"." * 1000)
try:
    store.create("large", b"." * 1001)
except StoreFailed as error:
    print(error)
"""
"""A process of its own, in which no file can grow beyond 1,000 bytes."""


def test_disk_full(tmp_path):
    words = [sys.executable, "-c", FULL, tmp_path]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert "large cannot be written" in said
    assert FolderStore(tmp_path).names() == ["small"]
    assert list((tmp_path / ".drafts").iterdir()) == []
