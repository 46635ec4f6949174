"""Every way to change a ledger behind its back is found, and named by its entry."""

import base64
import json
import shutil
from datetime import UTC, datetime, timedelta

import pytest

from pricetrail.errors import LedgerBroken
from pricetrail.lineage import canonical, entry
from pricetrail.lineage.keys import Keyring, make
from pricetrail.lineage.ledger import Ledger
from pricetrail.lineage.store import FolderStore
from pricetrail.lineage.verify import chain


@pytest.fixture
def five(ledger):
    """A ledger of five entries: the genesis and four more."""
    for n in range(4):
        ledger.append("run", {"n": n}, who="ann")
    return ledger


def path(ledger, number):
    return ledger.store.root / entry.name(number)


def found(ledger, **how):
    """The findings as pairs of place and number of the entry they count from, and their words."""
    findings = chain.walk(ledger.store, **how).findings
    return [(each.place, each.since and each.since.number) for each in findings], " | ".join(
        map(str, findings)
    )


def test_whole_ledger_holds(five):
    held = chain.walk(five.store, five.keyring.first().id)
    assert held.entries == tuple(five.entries())
    assert (held.findings, held.remarks) == ((), ())
    assert held.head.digest == five.head().digest


def test_ledger_not_begun(ledger):
    held = chain.walk(ledger.store)
    assert (held.findings, held.remarks, held.head) == ((), ("The ledger was not begun yet.",), None)


@pytest.mark.parametrize("number", [1, 3, 5])
def test_entry_cut_in_the_middle(five, number):
    content = path(five, number).read_bytes()
    path(five, number).write_bytes(content[: len(content) // 2])
    (first, *_), words = found(five)
    assert first == (entry.name(number), number)
    assert "cut or changed" in words


@pytest.mark.parametrize("number", [1, 2, 5])
def test_any_byte_of_an_entry(five, number):
    whole = path(five, number).read_bytes()
    for at in range(0, len(whole), 29):
        path(five, number).write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        places, _ = found(five)
        assert places[0] == (entry.name(number), number)
    path(five, number).write_bytes(whole)
    assert found(five)[0] == []


@pytest.mark.parametrize("number", [2, 4])
def test_entry_removed(five, number):
    gone = five.read(number)
    path(five, number).unlink()
    [finding] = chain.walk(five.store).findings
    assert (finding.place, finding.since.number, finding.since.digest) == (
        entry.name(number),
        number,
        gone.digest,
    )


def test_first_entry_removed(five):
    path(five, 1).unlink()
    places, words = found(five)
    assert places[0] == (entry.name(1), 1)
    assert "rests on the key of entry 1" in words


def test_entries_cut_off_the_end(five):
    for number in (4, 5):
        path(five, number).unlink()
    places, words = found(five)
    assert places == [(entry.name(4), 4)]
    assert "missing and all up to 5" in words


def test_two_entries_in_each_others_place(five, tmp_path):
    shutil.move(path(five, 3), tmp_path / "kept")
    shutil.move(path(five, 4), path(five, 3))
    shutil.move(tmp_path / "kept", path(five, 4))
    places, words = found(five)
    assert [place for place, _ in places] == [entry.name(3), entry.name(4)]
    assert "moved or replayed" in words


def test_entry_replayed_at_the_end(five):
    shutil.copy(path(five, 3), path(five, 6))
    assert found(five)[0] == [(entry.name(6), 6)]


def test_entry_of_another_ledger_of_the_same_key(five, tmp_path):
    other = Ledger(FolderStore(tmp_path / "other"), five.keyring)
    for n in range(4):
        other.append("run", {"n": n + 10}, who="eve")
    shutil.copy(path(other, 3), path(five, 3))
    places, words = found(five)
    assert places[0] == (entry.name(2), 2)
    assert "one of the two was replaced" in words


def test_entry_signed_by_a_wrong_key(five, tmp_path):
    stranger = Keyring(tmp_path / "strange", {}).first()
    before = five.head()
    fields = {
        "number": 6,
        "previous": before.digest,
        "kind": "run",
        "body": {},
        "links": before.newest,
        "who": "eve",
        "when": before.when,
        "host": "h",
    }
    five.store.create(entry.name(6), entry.seal(fields, (), stranger))
    assert found(five)[0] == [(entry.name(6), 6)]
    assert "not signed by the key in force" in found(five)[1]


def test_key_that_was_rotated_out_signs_no_more(five, ring):
    old = ring.first()
    five.rotate(ring.add(make()), who="ann")
    head = five.head()
    fields = {
        "number": 7,
        "previous": head.digest,
        "kind": "run",
        "body": {},
        "links": {**head.newest, "key": 1},
        "who": "eve",
        "when": head.when,
        "host": "h",
    }
    five.store.create(entry.name(7), entry.seal(fields, (), old))
    assert found(five)[0] == [(entry.name(7), 7)]
    with pytest.raises(LedgerBroken, match="Entry 7"):
        Ledger(five.store, ring).append("run", {}, who="ann")


def test_rotation_is_followed(five, ring):
    five.rotate(ring.add(make()), who="ann")
    five.append("run", {}, who="ann")
    assert chain.walk(five.store).findings == ()


def test_missing_rotation_is_said_once(five, ring):
    five.rotate(ring.add(make()), who="ann")
    for _ in range(3):
        five.append("run", {}, who="ann")
    path(five, 6).unlink()
    places, words = found(five)
    assert [place for place, _ in places] == [entry.name(6), entry.name(7)]
    assert "rests on the key of entry 6" in words


def test_ledger_begun_with_another_key(five):
    places, words = found(five, trust=make().id)
    assert places[0] == (entry.name(1), 1)
    assert "is the one to trust" in words


@pytest.mark.parametrize("note", [b"{}", b'{"number":5}', b""])
def test_note_of_the_head_damaged(five, note):
    five.store.replace("head.json", note)
    assert found(five)[0] == [("head.json", None)]


def test_file_that_is_no_entry(five):
    five.store.create("ledger/000000006.json.bak", b"")
    assert found(five)[0] == [("ledger/000000006.json.bak", None)]


def test_clock_that_runs_backwards_is_a_remark(ledger):
    times = iter(datetime(2026, 3, 1, tzinfo=UTC) - timedelta(days=n) for n in range(9))
    back = Ledger(ledger.store, ledger.keyring, clock=lambda: next(times))
    for n in range(2):
        back.append("run", {"n": n}, who="ann")
    held = chain.walk(ledger.store)
    assert [each.number for each in held.entries] == [1, 2, 3]
    assert held.findings == ()
    assert [remark for remark in held.remarks if "clock of entry" in remark] == list(held.remarks[1:])
    assert len(held.remarks) == 3


class TestUnsigned:
    @pytest.fixture
    def three(self, ledger):
        unsigned = Ledger(ledger.store)
        for n in range(2):
            unsigned.append("run", {"n": n}, who="ann")
        return unsigned

    def test_is_said(self, three):
        held = chain.walk(three.store)
        assert held.findings == ()
        assert any(remark.startswith("UNSIGNED: entries 1 to 3") for remark in held.remarks)

    @pytest.mark.parametrize("number", [2, 3])
    def test_change_shows_in_what_follows(self, three, number):
        sealed = json.loads(path(three, number).read_bytes())
        payload = base64.b64decode(sealed["payload"]).replace(b'"who":"ann"', b'"who":"eve"')
        sealed["payload"] = base64.b64encode(payload).decode()
        path(three, number).write_bytes(canonical.dumps(sealed))
        assert found(three)[0] == [(entry.name(number), number)]
