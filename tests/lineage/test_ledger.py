"""The ledger: one order of entries, whoever writes, and none that is not signed by the key in force."""

import pytest

from pricetrail.errors import ArtifactMissing, DigestMismatch, KeyMissing, LedgerBroken, NotSigned
from pricetrail.lineage.keys import Keyring, make
from pricetrail.lineage.ledger import Ledger


def test_entries_follow_each_other(ledger):
    added = [ledger.append("run", {"n": n}, who="ann") for n in range(3)]
    genesis, *rest = ledger.entries()
    assert (genesis.kind, rest) == ("genesis", added)
    assert [entry.number for entry in added] == [2, 3, 4]
    assert [entry.previous for entry in added] == [genesis.digest, *(entry.digest for entry in added[:-1])]


def test_second_writer_appends_behind_the_first(ledger, ring):
    other = Ledger(ledger.store, ring)
    numbers = [each.append("run", {}, who="x").number for each in (ledger, other, other, ledger)]
    assert numbers == [2, 3, 4, 5]


def test_topic_reads_only_what_is_about_it(ledger):
    for kind in ("run", "release", "run", "receipts", "run"):
        ledger.append(kind, {}, who="x")
    for number in (3, 5):
        (ledger.store.root / f"ledger/{number:09}.json").unlink()
    assert [entry.number for entry in ledger.topic("run")] == [6, 4, 2]


def test_check_refuses_before_anything_is_written(ledger):
    def refuse(head):
        raise LedgerBroken(f"not behind {head.number}")

    with pytest.raises(LedgerBroken, match="not behind 1"):
        ledger.append("run", {}, who="x", check=refuse)
    assert ledger.head().number == 1


def test_head_is_found_without_its_note(ledger, ring):
    ledger.append("run", {}, who="x")
    for content in (b'{"number":2}', b"", None):
        ledger.store.delete("head.json") if content is None else ledger.store.replace("head.json", content)
        assert Ledger(ledger.store, ring).head() == ledger.head()


@pytest.mark.parametrize("noted", [True, False])
def test_removed_entry_stops_the_next_writer(ledger, ring, noted):
    for _ in range(3):
        ledger.append("run", {}, who="x")
    (ledger.store.root / f"ledger/{4 if noted else 3:09}.json").unlink()
    if not noted:
        ledger.store.delete("head.json")
    with pytest.raises(LedgerBroken, match=r"Entry [34] of the ledger is missing\. See 'pricetrail verify'"):
        Ledger(ledger.store, ring).append("run", {}, who="x")


def test_object_is_kept_under_its_digest(ledger):
    id = ledger.keep(b'{"a":1}')
    assert ledger.object(id) == b'{"a":1}'
    ledger.store.replace(f"objects/{id}.json", b'{"a":2}')
    with pytest.raises(DigestMismatch, match=id[:12]):
        ledger.object(id)
    with pytest.raises(ArtifactMissing, match="objects/" + "0" * 64):
        ledger.object("0" * 64)


def test_rotation_hands_over_to_the_new_key(ledger, ring):
    first = ledger.append("run", {}, who="x")
    second = ledger.append("run", {}, who="x", check=None)
    new = ring.add(make())
    rotation = ledger.rotate(new, who="x")
    third = Ledger(ledger.store, ring).append("run", {}, who="x")
    assert {first.signer, second.signer, rotation.signer} == {first.signer}
    assert third.signer == new.id != first.signer
    assert [entry.signer for entry in Ledger(ledger.store).entries()][-1] == new.id


def test_key_not_in_force_cannot_sign(ledger, tmp_path):
    ledger.append("run", {}, who="x")
    stranger = Keyring(tmp_path / "elsewhere", {"PRICETRAIL_SIGNING_KEY": make().pem().decode()})
    with pytest.raises(KeyMissing, match="is not at hand"):
        Ledger(ledger.store, stranger).append("run", {}, who="x")


def test_ledger_of_another_key_is_not_trusted(ledger):
    ledger.append("run", {}, who="x")
    with pytest.raises(NotSigned, match="begins with the key"):
        Ledger(ledger.store, trust=make().id).head()


class TestUnsigned:
    def test_signs_nothing(self, ledger):
        unsigned = Ledger(ledger.store)
        assert unsigned.append("run", {}, who="x").signer is None
        assert unsigned.key() is None

    def test_is_not_mixed_with_signed_by_mistake(self, ledger):
        Ledger(ledger.store).append("run", {}, who="x")
        with pytest.raises(NotSigned, match="pricetrail keys SHOP rotate"):
            ledger.append("run", {}, who="x")

    def test_is_signed_from_a_rotation_on(self, ledger, ring):
        Ledger(ledger.store).append("run", {}, who="x")
        key = ring.first()
        assert ledger.rotate(key, who="x").signer is None
        assert ledger.append("run", {}, who="x").signer == key.id

    def test_no_unsigned_entry_in_a_signed_ledger(self, ledger):
        ledger.append("run", {}, who="x")
        with pytest.raises(KeyMissing, match=r"ledger\.signed: true"):
            Ledger(ledger.store).append("run", {}, who="x")
