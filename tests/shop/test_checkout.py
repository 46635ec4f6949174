"""A clean copy of what a run began with."""

import shutil

import pytest

from pricetrail.errors import ArtifactMissing, DigestMismatch
from pricetrail.lineage.artifact import Artifact
from pricetrail.shop.checkout import checkout, recorded


def test_holds_what_the_run_began_with_and_nothing_that_it_made(ran):
    with checkout(ran.root, ran.manifest()) as copy:
        assert (copy / "data/raw/0001-lines.csv").read_text() == "1,2\n"
        assert (copy / "stage.py").exists()
        left = [path for path in ("dvc.lock", "metrics/etl.json", "gates/etl.json") if (copy / path).exists()]
        assert left == []
    assert not copy.exists()


def test_remote_stands_in_for_the_cache(ran, tmp_path):
    ran.dvc("remote", "add", "-d", "far", str(tmp_path / "far"))
    ran.dvc("push")
    shutil.rmtree(ran.root / ".dvc/cache")
    with checkout(ran.root, ran.manifest()) as copy:
        assert (copy / "data/raw/0001-lines.csv").read_text() == "1,2\n"


def test_commit_that_is_not_there(ran):
    run = ran.manifest()
    run["shop"]["commit"] = "0" * 40
    with pytest.raises(ArtifactMissing, match="git fetch"), checkout(ran.root, run):
        pass


def test_commit_that_holds_other_settings_than_the_run_recorded(ran):
    run = ran.manifest()
    run["pipeline"]["params.yaml"] = "0" * 64
    with (
        pytest.raises(DigestMismatch, match=r"params\.yaml is not what the run read"),
        checkout(ran.root, run),
    ):
        pass


def test_recorded_bytes_from_dvc_or_git(ran):
    made = {each["path"]: Artifact.from_dict(each) for each in ran.manifest()["artifacts"]}
    assert recorded(ran.root, ran.manifest(), made["models/production/dfn_best.onnx"]) == b"1,2\n7"
    assert b"0.25" in recorded(ran.root, ran.manifest(), made["metrics/dfn_inf.json"])
    shutil.rmtree(ran.root / ".dvc/cache")
    assert recorded(ran.root, ran.manifest(), made["models/production/dfn_best.onnx"]) is None
