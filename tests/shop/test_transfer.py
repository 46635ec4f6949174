"""Shops kept in a folder and in a bucket: pushed, pulled, cut off, joined by a second machine, and brought back."""

import json
import shutil
import uuid
from pathlib import Path

import pytest

from pricetrail.errors import (
    AlreadyThere,
    ArtifactMissing,
    Blocked,
    DigestMismatch,
    NotSigned,
    ShopExists,
    StageFailed,
    UsageError,
)
from pricetrail.lineage import blob, place, release
from pricetrail.shop import git, production, remote, restore, settings, transfer
from pricetrail.shop.remote import Place
from pricetrail.shop.verification import verify


@pytest.fixture(scope="session")
def moved(done, tmp_path_factory):
    """A shop that ran once and is kept in the folder beside it."""
    root = shutil.copytree(done, tmp_path_factory.mktemp("moved") / "shop")
    remote.move(root, Place.of(str(root.parent / "kept"), None, None))
    return root


@pytest.fixture
def folder(ran, moved, tmp_path):
    """A copy of both."""
    shutil.rmtree(ran.root)
    shutil.copytree(moved.parent, tmp_path, dirs_exist_ok=True)
    for path in (ran.root / "params.yaml", ran.root / ".dvc/config"):
        path.write_text(path.read_text().replace(str(moved.parent), str(tmp_path)))
    ran.there = Place.of(str(tmp_path / "kept"), None, None)
    return ran


@pytest.fixture
def bucket(ran, s3):
    """A shop that ran once and is kept in a bucket."""
    ran.there = Place.of(f"s3://records/{uuid.uuid4().hex}", s3, "AES256")
    remote.move(ran.root, ran.there)
    return ran


def again(shop):
    settings.change(shop.root, "tune_backup_models", seed=8)
    shop.run()


@pytest.mark.parametrize("kind", ["folder", pytest.param("bucket", marks=pytest.mark.slow)])
def test_shop_comes_back_from_the_remote_alone(kind, request, tmp_path, monkeypatch):
    shop = request.getfixturevalue(kind)
    production.promote(shop.root, None, why="")
    key = place.keyring(shop.root).first().pem().decode()
    files = {
        path: (shop.root / path).read_bytes()
        for path in ("data/clean.txt", "models/production/dfn_best.onnx")
    }
    shutil.rmtree(shop.root)
    found = restore.restore(tmp_path / "back", shop.there)
    assert not found.at_hand
    assert {path: (tmp_path / "back" / path).read_bytes() for path in files} == files
    assert json.loads((tmp_path / "back/production/release.json").read_text())["model_version"] == "v7"
    monkeypatch.setenv("PRICETRAIL_SIGNING_KEY", key)
    shop.root = tmp_path / "back"
    assert shop.run().stages == ()
    again(shop)
    assert production.releases(shop.root)[0].manifest["metrics"]["model_version"] == "v8"


@pytest.mark.parametrize("kind", ["folder", pytest.param("bucket", marks=pytest.mark.slow)])
def test_restored_shop_goes_on_as_the_lost_one_would_have(kind, request, tmp_path):
    shop = request.getfixturevalue(kind)
    production.promote(shop.root, None, why="")
    other = type(shop)(tmp_path / "back")
    restore.restore(other.root, shop.there)
    shutil.copytree(shop.root / place.KEYS, other.root / place.KEYS, dirs_exist_ok=True)
    assert verify(other.root, deep=True).findings == ()
    assert other.run().stages == ()
    assert (other.root / "dvc.lock").read_bytes() == (shop.root / "dvc.lock").read_bytes()
    for each in (shop, other):
        again(each)
    one, two, *_ = (release.content(each.manifest) for each in production.releases(shop.root))
    assert one == two


def test_shop_comes_back_beside_where_one_stands(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    restore.restore(Path("back"), folder.there)
    assert (tmp_path / "back" / place.KEYS).is_dir()
    assert (tmp_path / "back/data/clean.txt").read_bytes() == (folder.root / "data/clean.txt").read_bytes()


@pytest.mark.slow
def test_dvc_reads_and_writes_there_too(bucket):
    shutil.rmtree(bucket.root / ".dvc/cache")
    bucket.dvc("pull")
    bucket.dvc("push")
    assert transfer.push(bucket.root).sent == 0


def test_second_push_sends_nothing_and_adds_nothing(folder):
    before = place.ledger(folder.root).head()
    assert transfer.push(folder.root).sent == 0
    assert place.ledger(folder.root).head() == before


def test_push_cut_off_is_taken_up(folder):
    before = transfer.newest(place.ledger(folder.root)).body["commit"]
    again(folder)
    broken = folder.root / ".dvc/cache/files/md5"
    lost = next(path for path in broken.rglob("*") if path.is_file() and path.read_bytes() == b"1,2\n8")
    lost.rename(folder.root / "aside")
    with pytest.raises(ArtifactMissing, match=r"neither in DVC's cache nor in the remote"):
        transfer.push(folder.root)
    assert transfer.newest(place.ledger(folder.root)).body["commit"] == before
    (folder.root / "aside").rename(lost)
    assert transfer.push(folder.root).commit == git.head(folder.root)


def test_evidence_of_a_blocked_run_is_pushed(folder):
    folder.write("wanted.txt", "block")
    with pytest.raises(Blocked):
        folder.run()
    assert transfer.push(folder.root).commit == git.head(folder.root)
    assert [entry.kind for entry in place.ledger(folder.root).entries()][-2:] == ["run", "push"]


def test_pointer_moves_behind_the_data(folder):
    again(folder)
    production.promote(folder.root, None, why="")
    kinds = [entry.kind for entry in place.ledger(folder.root).entries()]
    assert kinds[-2:] == ["push", "promotion"]
    assert all((folder.root.parent / "kept" / blob.name(each["md5"])).exists() for each in files(folder))


def files(shop):
    release = production.releases(shop.root)[0]
    return release.manifest["files"]


def test_release_whose_bytes_cannot_be_pushed_is_not_promoted(folder):
    again(folder)
    (folder.root.parent / "kept/dvc").rename(folder.root.parent / "kept/aside")
    (folder.root.parent / "kept/dvc").write_text("in the way")
    with pytest.raises(Exception, match="cannot be"):
        production.promote(folder.root, None, why="")
    assert folder.entries("promotion") == []


def test_changed_byte_in_the_cache_is_not_pushed(folder):
    again(folder)
    for path in (folder.root / ".dvc/cache/files/md5").rglob("*"):
        if path.is_file() and path.read_bytes() == b"1,2\n8":
            path.chmod(0o644)
            path.write_bytes(b"1,2\n9")
    with pytest.raises(DigestMismatch, match="has the MD5"):
        transfer.push(folder.root)


def test_changed_byte_in_the_remote_is_not_pulled(folder):
    for path in (folder.root.parent / "kept/dvc").rglob("*"):
        if path.is_file() and path.read_bytes() == b"1,2\n7":
            path.write_bytes(b"1,2\n9")
    shutil.rmtree(folder.root / ".dvc/cache")
    with pytest.raises(DigestMismatch, match="Push it again"):
        transfer.pull(folder.root)


def test_pull_of_one_stage_brings_what_it_makes(folder):
    shutil.rmtree(folder.root / ".dvc/cache")
    for path in ("models", "preprocessors", "records", "data/clean.txt"):
        found = folder.root / path
        shutil.rmtree(found) if found.is_dir() else found.unlink()
    assert transfer.pull(folder.root, "learn").brought == 5
    assert (folder.root / "models/production/dfn_best.onnx").exists()
    assert not (folder.root / "data/clean.txt").exists()
    with pytest.raises(UsageError, match=r"Those that have: judge, learn, prepare"):
        transfer.pull(folder.root, "leran")


def test_file_that_is_kept_nowhere_is_left_alone_and_named(folder):
    folder.write("preprocessors/encoder.json", "mine")
    with pytest.raises(StageFailed, match=r"unsaved files.*encoder\.json"):
        transfer.pull(folder.root)
    assert (folder.root / "preprocessors/encoder.json").read_text() == "mine"


def test_release_of_a_change_that_is_not_merged_is_put_forward_there_alone(folder, tmp_path):
    production.promote(folder.root, None, why="")
    other = type(folder)(tmp_path / "other")
    restore.restore(other.root, folder.there)
    shutil.copytree(folder.root / place.KEYS, other.root / place.KEYS, dirs_exist_ok=True)
    again(other)
    newest = production.releases(folder.root)[0].id
    assert production.pending(other.root) == newest
    assert production.pending(folder.root) is None
    assert production.promote(folder.root, None, why="") != newest


@pytest.mark.slow
def test_second_machine_pulls_pushes_and_is_told_of_the_first(folder, tmp_path):
    folder.there = Place.of(str(tmp_path / "elsewhere"), None, None)
    remote.move(folder.root, folder.there)
    restore.restore(tmp_path / "other", folder.there)
    shutil.copytree(folder.root / ".pricetrail", tmp_path / "other/.pricetrail", dirs_exist_ok=True)
    again(folder)
    transfer.push(folder.root)
    other = type(folder)(tmp_path / "other")
    other.write("wanted.txt", "pass ")
    other.run()
    with pytest.raises(UsageError, match="'pricetrail pull' first"):
        transfer.push(other.root)
    with pytest.raises(UsageError, match="gone different ways"):
        transfer.pull(other.root)
    git.git(other.root, "reset", "--quiet", "--hard", "HEAD~1")
    transfer.pull(other.root)
    assert git.head(other.root) == git.head(folder.root)
    assert (other.root / "models/production/dfn_best.onnx").read_text() == "1,2\n8"


def test_place_that_holds_another_shop(folder, fresh, tmp_path):
    shutil.copytree(fresh, tmp_path / "other")
    other = type(folder)(tmp_path / "other")
    shutil.rmtree(other.root / ".pricetrail")
    place.begin(other.root)
    other.run()
    with pytest.raises(AlreadyThere, match="record of another shop"):
        remote.move(other.root, folder.there)
    assert not place.shared(other.root)


def test_ledger_of_another_key_is_not_restored_from(folder, tmp_path):
    (folder.root / "ledger.pub").unlink()
    place.begin(type(folder)(tmp_path).root)
    shutil.copy(tmp_path / "ledger.pub", folder.root / "ledger.pub")
    git.commit(folder.root, "another key")
    body = {"commit": git.head(folder.root), "bundle": transfer._bundle(folder.root, folder.there.open())}
    (folder.root / "ledger.pub").unlink()
    place.ledger(folder.root).append("push", body, who="somebody")
    with pytest.raises(NotSigned, match="is trusted"):
        restore.restore(tmp_path / "back", folder.there)
    assert not (tmp_path / "back").exists()


def test_folder_in_the_way_is_left_alone(folder):
    with pytest.raises(ShopExists):
        restore.restore(folder.root, folder.there)


@pytest.mark.parametrize(
    ("url", "endpoint", "said"),
    [
        ("s3://", None, "names no bucket"),
        ("s3:/records/shop", None, "names no bucket"),
        ("kept", "http://127.0.0.1:9", "--endpoint and --encryption are for s3://"),
    ],
)
def test_place_that_cannot_be_meant(url, endpoint, said):
    with pytest.raises(UsageError, match=said):
        Place.of(url, endpoint, None)


def test_nothing_was_ever_pushed(tmp_path):
    with pytest.raises(ArtifactMissing, match="Check the bucket and the prefix"):
        restore.restore(tmp_path / "back", Place.of(str(tmp_path / "none"), None, None))


def test_shop_without_a_remote(ran):
    with pytest.raises(UsageError, match="pricetrail remote set"):
        transfer.push(ran.root)


def test_standing_tells_how_far_behind(folder):
    assert remote.standing(folder.root).behind == 0
    again(folder)
    assert remote.standing(folder.root).behind == 1


@pytest.mark.slow
def test_no_secret_is_kept(bucket):
    config = (bucket.root / ".dvc/config").read_text() + (bucket.root / "params.yaml").read_text()
    assert "secret" not in config.lower()
    assert "test" not in repr(bucket.there.open())
