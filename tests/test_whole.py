"""Whole shops, run for real: what a newcomer sees, and what is left when everything is killed on the way."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from pricetrail.lineage import canonical, place
from pricetrail.lineage.receipts import Receipt, Writer
from pricetrail.lineage.receipts.seal import seal
from pricetrail.shop import settings
from pricetrail.stages.code import STAGES

pytestmark = pytest.mark.slow

QUICK = {
    "tune_primary_model": {"n_trials": 4, "members": 2, "trial_rows": 4000, "trial_epochs": 1},
    "inference_primary_model": {"shap_rows": 10, "background": 5},
    "assess_model_risk": {"resamples": 50, "min_invoices": 5, "mod_threshold": 1.0},
    "data_drift_check": {"resamples": 50},
    "data_drift_gate": {"on_drift": "warn"},
}


def pricetrail(*words, check=True):
    done = subprocess.run(
        [sys.executable, "-m", "pricetrail", *map(str, words)], capture_output=True, text=True
    )
    assert not check or done.returncode in (0, 3), done.stderr + done.stdout
    return done


def digests(shop):
    stages = yaml.safe_load((shop / "dvc.lock").read_text())["stages"]
    return {
        (name, out["path"]): out["md5"] for name, stage in stages.items() for out in stage.get("outs", [])
    }


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shops")
    lines = folder / "lines.csv"
    pricetrail("simulate", lines, "--rows", 18000, "--products", 60, "--customers", 300, "--weeks", 40)
    pricetrail("init", folder / "fresh", "--data", lines)
    for block, values in QUICK.items():
        settings.change(folder / "fresh", block, **values)
    return folder / "fresh"


@pytest.fixture(scope="module")
def done(fresh):
    shop = fresh.parent / "done"
    shutil.copytree(fresh, shop)
    pricetrail("run", shop)
    return shop


def test_every_stage_ran_and_is_committed(done):
    lock = yaml.safe_load((done / "dvc.lock").read_text())["stages"]
    assert set(STAGES) <= set(lock) | {"model_gate"}
    status = subprocess.run(["git", "status", "--porcelain"], cwd=done, capture_output=True, text=True)
    assert status.stdout == ""


def test_second_run_does_nothing(done):
    before = digests(done)
    again = pricetrail("run", done)
    assert "nothing was run" in again.stderr
    assert digests(done) == before


def test_summary_is_whole_json(done):
    found = json.loads(pricetrail("run", done, "--json").stdout)
    assert (
        found["rows"]["rows"]
        == found["rows"]["accepted"] + found["rows"]["rejected"] + found["rows"]["removed"]
    )
    assert found["test"]["mse_inf"] > 0


def test_same_bytes_in_another_folder(fresh, done, tmp_path):
    other = tmp_path / "somewhere else" / "shop"
    shutil.copytree(fresh, other)
    pricetrail("run", other)
    assert digests(other) == digests(done)


def test_killed_in_every_stage_the_result_is_the_same(fresh, done, tmp_path):
    shop = tmp_path / "killed"
    shutil.copytree(fresh, shop)
    for stage in STAGES:
        kill_in(shop, stage)
    pricetrail("run", shop)
    assert digests(shop) == digests(done)


def test_interrupted_run_leaves_no_draft(fresh, tmp_path):
    shop = tmp_path / "interrupted"
    shutil.copytree(fresh, shop)
    running = start(shop)
    wait_for(running, "etl_pipeline")
    os.killpg(running.pid, signal.SIGINT)
    running.stdout.close()
    assert running.wait(30) in (1, 130)
    assert not list(shop.rglob(".*.draft"))


def start(shop):
    return subprocess.Popen(
        [sys.executable, "-m", "pricetrail", "run", str(shop)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def wait_for(running, stage):
    """Read what the run says until it says that the stage has begun; answer whether it did."""
    return any(line.startswith(f"{stage} ...") for line in running.stdout)


def kill_in(shop: Path, stage):
    running = start(shop)
    if wait_for(running, stage):
        time.sleep(0.4)
        os.kill(running.pid, signal.SIGKILL)
    running.stdout.close()
    running.wait()


def asked(*words):
    return json.loads(pricetrail(*words, "--json").stdout)


@pytest.fixture(scope="module")
def twice(done):
    """The shop after a second run, with another seed of the backups; the first release serves."""
    shop = done.parent / "twice"
    shutil.copytree(done, shop)
    pricetrail("promote", "--shop", shop, "--why", "the first")
    settings.change(shop, "tune_backup_models", seed=8)
    pricetrail("run", shop)
    return shop


@pytest.fixture(scope="module")
def releases(twice):
    """The first release and the second."""
    return [each["release"] for each in reversed(asked("releases", twice))]


@pytest.fixture(scope="module")
def receipts(twice, releases):
    """The numbers of three receipts of the first release, sealed."""
    ledger = place.ledger(twice)
    writer, at = Writer(ledger.store), datetime(2026, 3, 1, tzinfo=UTC)
    products = list(json.loads((twice / "models/snapshot/products.json").read_text())["products"])[:3]
    numbers = [
        writer.issue(
            Receipt(at, releases[0], "cd" * 32, str(code), None, {"cost": 1.0}, {"price": 2.5}, 2.5, 10.0)
        )
        for code in products
    ]
    writer.close()
    seal(ledger, who="test")
    return numbers


def test_trace_of_a_receipt_ends_at_the_raw_bytes_and_the_commit(twice, releases, receipts):
    found = asked("trace", receipts[0], "--shop", twice)
    steps = {(each["kind"], each["name"]): each for each in found["steps"]}
    assert found["steps"][1]["digest"] == releases[0]
    raw = steps["raw", "data/raw/0001-lines.csv"]
    assert raw["digest"] == canonical.file_digest(twice / raw["name"])
    assert raw["facts"]["rows"] == json.loads((twice / "metrics/etl.json").read_text())["rows"]
    history = subprocess.run(
        ["git", "rev-list", "HEAD"], cwd=twice, capture_output=True, text=True, check=True
    )
    assert steps["commit", "the shop's commit"]["digest"] in history.stdout
    assert all(each["digest"] for each in found["steps"] if each["kind"] not in ("code", "commit"))
    assert "raw data/raw/0001-lines.csv" in pricetrail("trace", receipts[0], "--shop", twice).stdout


def test_trace_of_a_file_names_both_runs(twice, releases):
    uses = asked("trace", "models/production/dfn_best.onnx", "--shop", twice)["uses"]
    assert [each["releases"] for each in uses if each["did"] == "made"] == [[releases[1]], [releases[0]]]
    assert [each["path"] for each in uses if each["did"] == "read"] == ["production/model.onnx"]


def test_recall_of_the_raw_file_and_of_some_rows(twice, releases, receipts):
    for words in (
        ["--file", "data/raw/0001-lines.csv"],
        ["--rows", "quantity > 0"],
        ["--column", "CustomerID"],
    ):
        found = asked("recall", twice, *words)
        assert (set(found["releases"]), found["receipts"], found["revenue"]) == (set(releases), 3, 30.0)
        assert found["serving"] == {"production": releases[0]}
    assert asked("recall", twice, "--rows", "quantity > 100000000")["releases"] == []


def test_diff_is_the_parameter_and_what_came_of_it(twice, releases):
    found = asked("diff", releases[0][:8], releases[1][:8], "--shop", twice)
    assert [(each["name"], each["before"], each["after"]) for each in found["parameters"]] == [
        ("tune_backup_models.seed", 7, 8)
    ]
    assert (found["modules"], found["environment"], found["data"], found["missing"]) == ([], [], {}, [])
    assert "models/backup/lightgbm.onnx" in {each["name"] for each in found["files"]}
    assert "models/production/dfn_best.onnx" not in {each["name"] for each in found["files"]}


def test_quarantine_keeps_both_from_being_promoted(twice, releases, receipts, tmp_path):
    pricetrail("graph", receipts[0], "--shop", twice, "--output", tmp_path / "lineage.html")
    assert releases[0] in (tmp_path / "lineage.html").read_text()
    found = asked("recall", twice, "--file", "data/raw/0001-lines.csv", "--quarantine", "--why", "bad file")
    assert set(found["quarantined"]) == set(releases)
    assert pricetrail("promote", releases[1], "--shop", twice).returncode == 3
    assert "in quarantine: bad file" in pricetrail("trace", releases[1], "--shop", twice).stdout
