"""What no result depends on is told all the same: files beside the record, keys, what lies in the ledger's store."""

import json
import subprocess
import sys

import pytest

from pricetrail.lineage import keys, place
from pricetrail.lineage.keys import make
from pricetrail.shop import git
from pricetrail.shop.verification import verify

EMPTY = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
"""No bytes at all, which git knows without keeping them."""


def told(shop, word, **how):
    """Whether all holds, and a remark has that word in it."""
    report = verify(shop.root, **how)
    return not report.findings and any(word in each for each in report.remarks)


@pytest.mark.parametrize(
    "name", ["README.md", "more.txt", "gates/more.json", "records/more.json", "models/more.bin"]
)
def test_file_beside_the_record(ran, name):
    ran.write(name, "more")
    assert told(ran, name)


def test_file_beside_the_record_that_git_ignores(ran):
    (ran.root / ".git/info/exclude").write_text("/records/\n")
    ran.write("records/more.json", "more")
    assert told(ran, "records/more.json")


def test_mode_and_what_was_committed_after_the_run(ran):
    (ran.root / "metrics/etl.json").chmod(0o755)
    assert told(ran, "metrics/etl.json")
    git.commit(ran.root, "nothing to see here")
    assert told(ran, "metrics/etl.json")


def test_shop_that_ran_has_nothing_beside(ran):
    assert not any("no result depends" in each for each in verify(ran.root, deep=True).remarks)


@pytest.mark.parametrize(
    "name", ["more.json", "ledger/more.json", "objects/more.json", "receipts/sealed/a.json"]
)
def test_file_beside_the_ledger(ran, name):
    path = ran.root / "ledger" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{}")
    report = verify(ran.root, deep=True)
    assert any(name in each for each in [*report.remarks, *(found.place for found in report.findings)])


def test_link_in_the_ledger(ran, tmp_path):
    entry = ran.root / "ledger/ledger/000000002.json"
    entry.symlink_to(entry.rename(tmp_path / "elsewhere"))
    assert told(ran, "ledger/000000002.json is a link", deep=True)


def test_keys_that_are_not_those_of_the_ledger(ran):
    more = place.keyring(ran.root).add(make())
    assert told(ran, f"{more.id}.pem: no entry ever put this key in force")
    force = ran.entries("key")[0].signer
    (ran.root / place.KEYS / f"{force}.pem").unlink()
    assert told(ran, f"{force}.pem: the key in force is not at hand")


def test_ledger_of_another_key_in_a_shop_that_says_it_is_unsigned(ran):
    ran.write("params.yaml", "tune_backup_models:\n  seed: 7\nledger: {signed: false}\n")
    assert verify(ran.root).findings == ()
    (ran.root / place.ANCHOR).write_bytes(keys.pem(make().public))
    assert ("ledger/000000001.json", 1) in [
        (each.place, each.since and each.since.number) for each in verify(ran.root).findings
    ]


def test_own_note_of_the_head_is_missing(ran):
    (ran.root / ".pricetrail/head.json").unlink()
    assert told(ran, "own note of the head is missing")


@pytest.mark.parametrize("change", ["flip", "unlink"])
def test_objects_of_git(ran, change):
    for path in sorted((ran.root / ".git/objects").glob("??/*")):
        whole = path.read_bytes()
        path.unlink()
        if change == "flip":
            path.write_bytes(whole[:-3] + bytes([whole[-3] ^ 4]) + whole[-2:])
        found = verify(ran.root, deep=True).findings
        named = any(path.name in each.fault for each in found)
        assert named or f"{path.parent.name}{path.name}" == EMPTY
        path.unlink(missing_ok=True)
        path.write_bytes(whole)


def test_entry_that_was_seen_before(ran):
    [newest] = ran.entries("release")
    assert verify(ran.root, seen=newest.digest[:12]).findings == ()
    command = [sys.executable, "-m", "pricetrail", "verify", str(ran.root), "--json", "--seen"]
    done = subprocess.run([*command, "ab" * 32], capture_output=True, text=True, check=False)
    [found] = json.loads(done.stdout)["findings"]
    assert (done.returncode, found["place"]) == (1, f"the entry {'ab' * 32}")
    assert subprocess.run([*command, "abc"], capture_output=True, check=False).returncode == 2


def test_ledger_that_nobody_signs_is_shown_as_such(tiny):
    tiny.write("params.yaml", "tune_backup_models:\n  seed: 7\nledger: {signed: false}\n")
    tiny.run()
    id = tiny.entries("release")[0].objects[0]
    for words in (
        ["releases"],
        ["trace", id],
        ["recall", "--release", id],
        ["graph", id, "--format", "mermaid"],
    ):
        command = [sys.executable, "-m", "pricetrail", *words]
        done = subprocess.run(command, cwd=tiny.root, capture_output=True, text=True, check=True)
        assert done.stderr.startswith("UNSIGNED: "), words
        assert "entry 3 UNSIGNED" in done.stdout or words[0] != "trace"
