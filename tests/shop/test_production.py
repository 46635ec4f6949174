"""Releases of small real runs, promoted and taken back."""

import json
import os
import shutil

import pytest

from pricetrail.cli.serve import Mover
from pricetrail.errors import ArtifactMissing, Blocked, DigestMismatch, UnknownId, UsageError
from pricetrail.lineage import channel, place
from pricetrail.shop import git, note, production
from pricetrail.shop.note import Note


@pytest.fixture
def twice(ran):
    """A shop of two releases, the older one first."""
    ran.write("params.yaml", "tune_backup_models:\n  seed: 8\n")
    ran.run()
    ran.older, ran.newer = (each.id for each in reversed(production.releases(ran.root)))
    return ran


def serving(shop):
    return json.loads((shop.root / "production/release.json").read_text())["model_version"]


def test_any_release_can_be_promoted_not_just_the_newest(twice):
    production.promote(twice.root, twice.older[:8], why="the newer one is odd")
    assert serving(twice) == "v7"
    assert (twice.root / "production/model.onnx").read_text() == "1,2\n7"
    (entry,) = twice.entries("promotion")
    assert (entry.body["why"], entry.who) == ("the newer one is odd", git.somebody(twice.root))
    assert git.git(twice.root, "status", "--porcelain") == ""


def test_newest_is_promoted_when_none_is_named(twice):
    assert production.promote(twice.root, None, why="") == twice.newer
    assert [each.channels for each in production.releases(twice.root)] == [("production",), ()]


def test_rollback_brings_the_one_before_back(twice):
    production.promote(twice.root, twice.older, why="")
    production.promote(twice.root, twice.newer, why="")
    assert production.rollback(twice.root, why="worse in the shop") == twice.older
    assert serving(twice) == "v7"


def test_nothing_to_go_back_to(ran):
    with pytest.raises(UsageError, match="no way back"):
        production.rollback(ran.root, why="")


def test_service_of_the_shop_promotes_as_the_command_does(twice):
    mover = Mover(twice.root, "production")
    mover.promote(twice.older, who="An Analyst", why="the newer one is odd")
    assert serving(twice) == "v7"
    mover.promote(twice.newer, who="An Analyst", why="")
    mover.rollback(who="An Analyst", why="it was not")
    assert serving(twice) == "v7"
    assert {entry.who for entry in twice.entries("channel/production")} == {"An Analyst"}
    assert git.git(twice.root, "status", "--porcelain") == ""


def test_refused_nothing_is_left_at_work(ran):
    channel.quarantine(place.ledger(ran.root), production.releases(ran.root)[0].id, who="a test", why="odd")
    before = note.read(ran.root)
    with pytest.raises(Blocked, match="odd"):
        production.promote(ran.root, None, why="")
    with pytest.raises(UsageError, match="no way back"):
        production.rollback(ran.root, why="")
    assert note.read(ran.root) == before


def test_run_that_was_killed_before_is_recorded_first(ran):
    ran.write("params.yaml", "tune_backup_models:\n  seed: 8\n")
    note.write(ran.root, Note("run"))
    production.promote(ran.root, None, why="")
    assert [each.body["outcome"] for each in ran.entries("run")] == ["killed", "passed"]
    assert serving(ran) == "v7"


def test_other_channel_leaves_the_folder_alone(ran):
    production.promote(ran.root, None, "staging", why="")
    assert not (ran.root / "production/release.json").exists()


def test_changed_byte_in_the_cache_stops_a_promotion(ran):
    for path in (ran.root / ".dvc/cache/files/md5").rglob("*"):
        if path.is_file() and path.read_bytes() == b"1,2\n7":
            path.chmod(0o644)
            path.write_bytes(b"1,2\n6")
    with pytest.raises(DigestMismatch, match=r"dfn_best\.onnx as it was recorded"):
        production.promote(ran.root, None, why="")
    assert ran.entries("promotion") == []


def test_remote_folder_stands_in_for_the_cache(ran, tmp_path):
    ran.dvc("remote", "add", "-d", "far", str(tmp_path / "far"))
    ran.dvc("push")
    shutil.rmtree(ran.root / ".dvc/cache")
    production.promote(ran.root, None, why="")
    assert serving(ran) == "v7"


def test_release_whose_files_are_gone(ran):
    shutil.rmtree(ran.root / ".dvc/cache")
    with pytest.raises(ArtifactMissing, match=r"dvc fetch"):
        production.promote(ran.root, None, why="")


def test_killed_between_pointer_and_folder_the_next_run_catches_up(ran):
    ledger = place.ledger(ran.root)
    body = {"channel": "production", "release": production.releases(ran.root)[0].id, "why": ""}
    note.write(ran.root, Note("promotion"))
    ledger.append("promotion", body, who="somebody", objects=(body["release"],))
    ran.run()
    assert serving(ran) == "v7"


def test_nothing_to_promote(tiny):
    with pytest.raises(UnknownId, match="no run has passed its gates"):
        production.promote(tiny.root, None, why="")
    with pytest.raises(UnknownId, match="begins with abcdef"):
        production.promote(tiny.root, "abcdef", why="")


@pytest.mark.parametrize(
    ("verdicts", "allowed"), [([], False), (["equal", "differs"], False), (["equal"], True)]
)
def test_reproduction_can_be_required(ran, verdicts, allowed):
    ran.write("params.yaml", "tune_backup_models: {seed: 7}\nrelease: {reproduce: required}\n")
    id, ledger = production.releases(ran.root)[0].id, place.ledger(ran.root)
    for verdict in verdicts:
        ledger.append("reproduction", {"release": id, "verdict": verdict}, who="somebody", objects=(id,))
    if allowed:
        assert production.promote(ran.root, None, why="") == id
    else:
        with pytest.raises(Blocked, match="pricetrail reproduce"):
            production.promote(ran.root, None, why="")


def test_who_is_at_work_is_known_without_git_knowing(ran, monkeypatch):
    monkeypatch.setenv("HOME", "/nonexistent")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    assert git.somebody(ran.root) == os.environ.get("LOGNAME", git.somebody(ran.root))
