"""A bundle leaves the shop, and is checked by a process that has Python's standard library and nothing else."""

import base64
import io
import json
import shutil
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pricetrail.errors import LedgerBroken
from pricetrail.lineage import canonical, channel, place
from pricetrail.lineage.keys import make
from pricetrail.lineage.receipts import Receipt, Writer
from pricetrail.lineage.receipts.seal import seal
from pricetrail.lineage.rotation import rotate
from pricetrail.shop import evidence, production

SCRIPT = Path(__file__).parents[2] / "docs/verify.py"
RECEIPTS = "receipts/sealed/*.jsonl.gz"


@pytest.fixture(scope="module")
def shop(done, tmp_path_factory):
    """Six entries: a run, a release, receipts, another key, a promotion."""
    root = shutil.copytree(done, tmp_path_factory.mktemp("shown") / "shop")
    ledger = place.ledger(root)
    writer, release = Writer(ledger.store), production.releases(root)[0].id
    for n in range(10):
        at, asked, said = (
            datetime(2026, 3, 1, tzinfo=UTC),
            {"stockcode": "85123A"},
            {"price": 2.5, "units": n},
        )
        writer.issue(Receipt(at, release, "cd" * 32, "85123A", None, asked, said, 2.5, None))
    writer.close()
    seal(ledger, who="ann")
    rotate(ledger, place.keyring(root), who="ann")
    production.promote(root, None, why="")
    evidence.export(root, root.parent / "evidence.zip", artifacts=True)
    return root


@pytest.fixture
def bundle(shop, tmp_path):
    """Its bundle, and how to check it."""
    return Checked(shutil.copy(shop.parent / "evidence.zip", tmp_path))


class Checked:
    def __init__(self, path):
        self.path = Path(path)
        with zipfile.ZipFile(path) as found:
            self.files = {name: found.read(name) for name in found.namelist()}

    def name(self, pattern):
        return next(name for name in self.files if Path(name).match(pattern))

    def check(self, *words, environment=None):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as written:
            for name, content in self.files.items():
                written.writestr(name, content)
        self.path.write_bytes(out.getvalue())
        command = [sys.executable, "-I", "-S", str(SCRIPT), str(self.path), *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        return done.returncode, done.stdout + done.stderr


def test_whole_bundle_holds(shop, bundle):
    anchor = place.anchor(shop)
    code, said = bundle.check("--key", anchor, "--file", str(shop / "models/production/dfn_best.onnx"))
    assert code == 0, said
    assert "dfn_best.onnx, first named by entry 2" in said
    assert "6 entries, 2 runs and releases, 10 receipts" in said


def test_settings_are_files_too_and_one_that_is_not_there_is_said(shop, bundle):
    anchor, seen = place.anchor(shop), place.ledger(shop).head().digest[:12]
    code, said = bundle.check("--key", anchor, "--seen", seen, "--file", str(shop / "params.yaml"))
    assert (code, "params.yaml, first named by entry 2" in said) == (0, True)
    code, said = bundle.check("--file", "nowhere")
    assert (code, "there is no file nowhere" in said) == (2, True)
    assert bundle.check("--key", anchor, "--seen", seen[:4])[0] == 1


def test_same_ledger_same_bytes(shop, tmp_path):
    for name in ("one", "two"):
        evidence.export(shop, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_says_what_it_cannot_check(bundle):
    code, said = bundle.check()
    assert (code, "NOT CHECKED whose ledger it is" in said) == (3, True)
    code, said = bundle.check(environment={"PATH": "/nonexistent"})
    assert (code, "NOT CHECKED signatures" in said) == (3, True)


@pytest.mark.parametrize(
    "name",
    [
        "ledger/*1.json",
        "ledger/*5.json",
        "ledger/*6.json",
        "objects/*",
        "artifacts/*",
        RECEIPTS,
        "*.order.gz",
        "ledger.pub",
    ],
)
def test_changed_byte(bundle, name):
    name = bundle.name(name)
    whole = bundle.files[name]
    for at in (0, len(whole) // 2, len(whole) - 2):
        bundle.files[name] = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
        code, said = bundle.check()
        assert code == 1, said
        assert f"FAULT {name.partition('.')[0]}" in said


@pytest.mark.parametrize(
    "name", ["ledger/*1.json", "ledger/*3.json", "ledger/*6.json", "objects/*", RECEIPTS]
)
def test_missing_file(bundle, name):
    del bundle.files[bundle.name(name)]
    code, said = bundle.check()
    assert (code, "FAULT" in said) == (1, True)


@pytest.mark.parametrize("change", [(b'"number":6', b'"number":7'), (b",", b", ")])
def test_changed_note(bundle, change):
    bundle.files["bundle.json"] = bundle.files["bundle.json"].replace(*change)
    code, said = bundle.check()
    assert (code, "FAULT bundle.json: it is not in its one spelling" in said) == (1, True)


def test_file_that_nothing_names(bundle):
    bundle.files["objects/letter.txt"] = b"dear auditor"
    code, said = bundle.check()
    assert (code, "FAULT objects/letter.txt: no entry of the ledger names it" in said) == (1, True)


def test_entries_in_each_others_place(bundle):
    one, two = "ledger/000000002.json", "ledger/000000003.json"
    bundle.files[one], bundle.files[two] = bundle.files[two], bundle.files[one]
    code, said = bundle.check()
    assert (code, "moved or replayed" in said) == (1, True)


def test_end_cut_off_is_told_by_who_has_seen_it(shop, bundle):
    seen = place.ledger(shop).head().digest
    del bundle.files["ledger/000000006.json"]
    note = json.loads(bundle.files["bundle.json"])
    note["head"] = {"number": 5, "digest": canonical.digest(bundle.files["ledger/000000005.json"])}
    bundle.files["bundle.json"] = canonical.dumps(note)
    assert bundle.check()[0] == 3
    code, said = bundle.check("--seen", seen)
    assert (code, "was cut or replaced" in said) == (1, True)


def test_ledger_of_somebody_else(bundle):
    code, said = bundle.check("--key", make().id)
    assert (code, "begins with the key" in said) == (1, True)


def test_signature_of_somebody_else(bundle):
    stranger = make()
    sealed = json.loads(bundle.files["ledger/000000006.json"])
    payload = base64.b64decode(sealed["payload"])
    message = b"DSSEv1 28 application/vnd.in-toto+json %d %b" % (len(payload), payload)
    sealed["signatures"][0]["sig"] = base64.b64encode(stranger.sign(message)).decode()
    bundle.files["ledger/000000006.json"] = canonical.dumps(sealed)
    code, said = bundle.check()
    assert (code, "its signature does not fit the key in force" in said) == (1, True)


def test_no_bundle(bundle):
    bundle.path.write_bytes(b"PK")
    command = [sys.executable, "-I", "-S", str(SCRIPT), str(bundle.path)]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 2


def test_promotion_out_of_quarantine(ran, tmp_path):
    ledger, id = place.ledger(ran.root), production.releases(ran.root)[0].id
    channel.quarantine(ledger, id, who="ann", why="odd")
    channel.clear(ledger, id, who="ann", why="it was another")
    channel.promote(ledger, id, who="ann", why="")
    channel.quarantine(ledger, id, who="ann", why="odd after all")
    evidence.export(ran.root, tmp_path / "evidence.zip", artifacts=False)
    bundle = Checked(tmp_path / "evidence.zip")
    assert "FAULT" not in bundle.check()[1]
    ledger.append("promotion", {"channel": "staging", "release": id, "why": ""}, who="eve", objects=(id,))
    bundle.files["ledger/000000008.json"] = ledger.store.read("ledger/000000008.json")
    assert "FAULT promotion of entry 8: it points at a release that was in quarantine" in bundle.check()[1]


def test_broken_ledger_is_not_shown(shop, tmp_path):
    broken = shutil.copytree(shop, tmp_path / "shop")
    (broken / "ledger/ledger/000000003.json").unlink()
    with pytest.raises(LedgerBroken, match="cannot be shown to anybody"):
        evidence.export(broken, tmp_path / "evidence.zip")
    assert not (tmp_path / "evidence.zip").exists()
