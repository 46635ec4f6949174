"""Whole shops, run for real: what a newcomer sees, and what is left when everything is killed on the way."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

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
    pricetrail("simulate", lines, "--rows", 9000, "--products", 40, "--customers", 150, "--weeks", 30)
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
