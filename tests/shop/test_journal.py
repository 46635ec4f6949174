"""What runs leave in the ledger: real ones, some blocked, some broken, some killed."""

import re
import signal
import time

import pytest

from pricetrail.errors import Blocked, StageFailed
from pricetrail.lineage import manifest, place
from pricetrail.shop import git, note


def outcomes(shop):
    return [entry.body["outcome"] for entry in shop.entries("run")]


def test_passed_run_is_recorded_and_released(ran):
    (run,), (release,) = ran.entries("run"), ran.entries("release")
    found = ran.manifest()
    assert manifest.identity(found) == run.objects[0] == release.body["run"]
    assert found["shop"] == {"commit": git.head(ran.root), "diff": None}
    assert found["ran"] == ["prepare", "learn", "judge"]
    assert run.body["obstacles"] == []


def test_run_with_nothing_to_do_adds_nothing(ran):
    before = place.ledger(ran.root).head()
    ran.run()
    assert place.ledger(ran.root).head() == before


def test_lost_note_costs_a_look_and_adds_nothing(ran):
    (ran.root / note.NAME).unlink()
    ran.run()
    assert outcomes(ran) == ["passed"]


def test_run_that_came_from_the_cache_is_recorded(ran):
    for seed in (8, 7):
        ran.write("params.yaml", f"tune_backup_models:\n  seed: {seed}\n")
        ran.run()
    assert (ran.manifest()["restored"], ran.manifest()["ran"]) == (["learn"], ["judge"])
    assert len(ran.entries("release")) == 3


def test_blocked_run_is_recorded_and_no_release(ran):
    ran.write("wanted.txt", "block")
    with pytest.raises(Blocked):
        ran.run()
    found = ran.manifest()
    assert (found["outcome"], found["stopped"]) == ("blocked", {"stage": "judge", "said": "too much error"})
    assert len(ran.entries("release")) == 1


def test_failed_run_is_recorded(tiny):
    tiny.write("wanted.txt", "fail")
    with pytest.raises(StageFailed):
        tiny.run()
    found = tiny.manifest()
    assert (found["outcome"], found["stopped"]["stage"]) == ("failed", "judge")
    assert "no such thing" in found["stopped"]["said"]


def test_killed_run_is_closed_by_the_next(tiny):
    tiny.write("wanted.txt", "hang")
    running = tiny.start()
    wait_for(tiny.root / "records/learn.json")
    running.send_signal(signal.SIGKILL)
    running.communicate()
    tiny.write("wanted.txt", "pass")
    tiny.run()
    assert outcomes(tiny) == ["passed", "killed"]
    assert tiny.manifest(1)["stale"]["judge"] == "it has not run"
    assert tiny.manifest(1)["shop"]["diff"] is not None


def test_interrupted_run_is_recorded_as_it_was(tiny):
    tiny.write("wanted.txt", "hang")
    running = tiny.start()
    wait_for(tiny.root / "records/learn.json")
    running.send_signal(signal.SIGINT)
    said = running.communicate(timeout=60)[1].decode()
    assert running.returncode == 130
    assert re.search(r"Interrupted: While .*\. Done and kept: prepare", said)
    assert f"run {tiny.root}' goes on from there." in said
    assert outcomes(tiny) == ["failed"]


def test_disagreement_is_recorded_and_no_release(ran):
    ran.write("models/production/dfn_best.onnx", "by hand")
    ran.dvc("commit", "--force", "learn")
    ran.run()
    assert ran.entries("run")[0].body["obstacles"][0].startswith("learn: dvc.lock has models/production")
    assert len(ran.entries("release")) == 1


def wait_for(path):
    deadline = time.monotonic() + 120
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} was never made"
        time.sleep(0.05)
