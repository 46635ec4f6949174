"""The manifests of small real runs, and what they say when somebody goes behind DVC's back."""

import json
import shutil

import pytest
import yaml

from pricetrail.errors import Blocked
from pricetrail.lineage import canonical, manifest, release
from pricetrail.lineage.manifest import Facts

PLACE = {"commit": "c" * 40, "diff": None}


def build(tiny, outcome="passed", **more):
    return manifest.build(tiny.root, Facts(outcome, shop=PLACE, code={"version": "1", **PLACE}, **more))


def test_everything_is_bound_by_digest(ran):
    found = build(ran)
    locked = yaml.safe_load((ran.root / "dvc.lock").read_text())["stages"]
    known = {each["path"]: each for each in found["artifacts"]}
    assert known["data/clean.txt"]["md5"] == locked["prepare"]["outs"][0]["md5"]
    assert known["models/production/dfn_best.onnx"]["sha256"] == canonical.file_digest(
        ran.root / "models/production/dfn_best.onnx"
    )
    assert [each["path"] for each in found["sources"]["data/raw"]] == ["data/raw/0001-lines.csv"]
    assert set(found["records"]) == {"prepare", "learn", "judge"}
    assert found["gates"] == {"etl": "passed", "data_drift": "passed", "model": "passed"}
    assert (found["stale"], found["disagreements"], list(release.obstacles(found))) == ({}, [], [])


def test_identity_is_that_of_the_bytes_and_records_come_back(ran):
    found = build(ran)
    again = json.loads(canonical.dumps(found))
    assert manifest.identity(again) == manifest.identity(found) == canonical.digest(canonical.dumps(found))
    assert list(manifest.repeats(manifest.records(again), again)) == []
    assert manifest.records(again)["learn"].environment["packages"]


def test_release_names_exactly_what_serving_loads(ran):
    found = release.of(build(ran))
    assert found["type"] == "pricetrail/release/v1"
    assert sorted(release.digests(found)) == [
        "models/production/dfn_best.onnx",
        "preprocessors/encoder.json",
        "preprocessors/feature_names.json",
    ]
    assert all(set(each) == {"path", "sha256", "md5", "size"} for each in found["files"])
    assert (found["metrics"]["model_version"], found["rows_until"]) == ("v7", "2011-10-31")


def test_two_clones_differ_in_nothing_but_their_commit(ran, tmp_path):
    other = shutil.copytree(ran.root, tmp_path / "another place")
    shutil.rmtree(other / ".dvc/cache")
    (other / "dvc.lock").unlink()
    before = build(ran)
    ran.root = other
    ran.run()
    assert build(ran) == before


def test_model_written_by_hand_is_noticed(ran):
    ran.write("models/production/dfn_best.onnx", "by hand")
    ran.dvc("commit", "--force", "learn")
    found = build(ran)
    assert found["disagreements"][0].startswith("learn: dvc.lock has models/production as md5")
    assert any("models/production" in each for each in release.obstacles(found))


def test_record_written_by_hand_is_noticed(ran):
    path = ran.root / "records/learn.json"
    path.write_text(path.read_text().replace('"3.', '"4.'))
    assert build(ran)["disagreements"][0].startswith("learn: dvc.lock has records/learn.json as md5")


def test_lock_written_by_hand_is_noticed(ran):
    path = ran.root / "dvc.lock"
    found = yaml.safe_load(path.read_text())
    found["stages"]["learn"]["deps"][0]["md5"] = "0" * 32
    path.write_text(yaml.safe_dump(found))
    assert build(ran)["disagreements"] == [
        f"learn: dvc.lock has data/clean.txt as md5 {'0' * 32}, its record as "
        f"{json.loads((ran.root / 'records/learn.json').read_text())['inputs'][0]['md5']}"
    ]


def test_metrics_written_by_hand_are_noticed(ran):
    ran.write("metrics/dfn_inf.json", '{"model_version": "v7", "mse_inf": 0.1}')
    assert build(ran)["disagreements"] == ["metrics/dfn_inf.json: it is not what its stage wrote"]


def test_other_bytes_of_the_same_inputs_are_noticed(ran):
    before = build(ran)
    ran.write("noise.txt", "chance")
    ran.run(stage="learn", force=True)
    assert build(ran, before=before)["disagreements"] == [
        "learn: models/production/dfn_best.onnx has other bytes than in the run before, of the same inputs, "
        "code and environment"
    ]


def test_blocked_run_binds_what_is_up_to_date(ran):
    ran.write("wanted.txt", "block")
    with pytest.raises(Blocked):
        ran.run()
    found = build(ran, "blocked", stopped="judge", said="too much error")
    assert set(found["records"]) == {"prepare", "learn"}
    assert (found["stale"], found["disagreements"]) == ({"judge": "it was stopped"}, [])
    assert "the run was blocked" in list(release.obstacles(found))


def test_stage_that_would_have_to_run_is_not_bound(ran):
    ran.write("params.yaml", "tune_backup_models:\n  seed: 8\n")
    found = build(ran)
    assert found["stale"] == {
        "learn": "params.yaml: tune_backup_models.seed is another now",
        "judge": "learn is not up to date",
    }
    assert found["disagreements"] == []


def test_shop_that_has_never_run_has_a_manifest_too(tiny):
    found = build(tiny, "failed", said="no space left")
    assert found["stale"] == dict.fromkeys(["prepare", "learn", "judge"], "it has not run")
    assert found["artifacts"] == []
