"""Runs of a small real DVC repository, with stages that pass, fail, block and hang."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest
import yaml

from pricetrail.errors import Blocked, ShopBusy, ShopMissing, StageFailed, UsageError
from pricetrail.shop import dvc, git, pipeline

STAGE = "python stage.py {} {}"
SCRIPT = """
import sys, time
from pathlib import Path
from pricetrail.errors import Blocked, ParamsInvalid
from pricetrail.stages.stage import main
name, out = sys.argv[1:]
def work(context):
    context.progress(0.5, "half way")
    wanted = Path("wanted.txt").read_text().strip()
    if name == "second" and wanted == "block": raise Blocked("too much drift")
    if name == "second" and wanted == "ask": raise ParamsInvalid("no such product")
    if name == "second" and wanted == "full": Path("/dev/full").write_text("x")
    if name == "second" and wanted == "fail": raise ValueError("no such thing")
    if name == "second" and wanted == "hang": time.sleep(60)
    Path(out).write_text(f"{name}\\n")
main(name, work)
"""


class Watch:
    def __init__(self):
        self.seen = []

    def stage(self, name, event):
        self.seen.append((name, event))

    def progress(self, name, share, note):
        self.seen.append((name, note))


@pytest.fixture
def shop(tmp_path):
    stages = {
        "first": {"cmd": STAGE.format("first", "a.txt"), "outs": ["a.txt"]},
        "second": {
            "cmd": STAGE.format("second", "b.txt"),
            "deps": ["a.txt", "wanted.txt"],
            "outs": ["b.txt"],
        },
    }
    (tmp_path / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}, sort_keys=False))
    (tmp_path / "stage.py").write_text(SCRIPT)
    (tmp_path / "params.yaml").write_text("{}")
    (tmp_path / "wanted.txt").write_text("pass")
    (tmp_path / ".gitignore").write_text("/ledger/\n/.pricetrail/\n")
    git.begin(tmp_path)
    dvc.begin(tmp_path)
    git.commit(tmp_path, "start")
    return tmp_path


def test_runs_reports_and_commits(shop):
    watch = Watch()
    ran = pipeline.run(shop, watch)
    assert ran.stages == ("first", "second")
    assert ("first", "half way") in watch.seen
    assert "dvc.lock" in git.git(shop, "show", "--stat", "HEAD")


def test_second_run_does_nothing(shop):
    pipeline.run(shop, Watch())
    before = git.head(shop)
    again = pipeline.run(shop, Watch())
    assert (again.stages, again.committed, git.head(shop)) == ((), False, before)


def test_block_is_told_and_committed(shop):
    (shop / "wanted.txt").write_text("block")
    with pytest.raises(Blocked, match=r"^too much drift$"):
        pipeline.run(shop, Watch())
    assert "Run blocked: first" in git.git(shop, "log", "-1", "--format=%s")


def test_fault_names_stage_and_cause(shop):
    (shop / "wanted.txt").write_text("fail")
    with pytest.raises(StageFailed, match=r"(?s)^second failed:.*no such thing"):
        pipeline.run(shop, Watch())


def test_what_a_stage_cannot_be_asked_is_a_usage_error(shop):
    (shop / "wanted.txt").write_text("ask")
    with pytest.raises(UsageError, match=r"^no such product$"):
        pipeline.run(shop, Watch())


def test_full_disk_in_a_stage_is_told_without_a_traceback(shop):
    (shop / "wanted.txt").write_text("full")
    with pytest.raises(StageFailed, match=r"^second failed:\nThere is no room left to write in\."):
        pipeline.run(shop, Watch())


def test_stage_that_is_not_there(shop):
    with pytest.raises(UsageError, match=r"no stage 'third'\. The stages are: first, second"):
        pipeline.run(shop, Watch(), stage="third")


def test_folder_that_is_no_shop(tmp_path):
    for work in (lambda: pipeline.run(tmp_path, Watch()), pipeline.alone(tmp_path).__enter__):
        with pytest.raises(ShopMissing, match="pricetrail init"):
            work()
    assert list(tmp_path.iterdir()) == []


def start(shop):
    code = "from pathlib import Path\nfrom pricetrail.shop import pipeline\n"
    code += "class Quiet:\n    def stage(self, *_): pass\n    def progress(self, *_): pass\n"
    code += f"pipeline.run(Path({str(shop)!r}), Quiet())"
    return subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)


def wait_for_lock(shop, stage):
    deadline = time.monotonic() + 30
    while stage not in (shop / "dvc.lock").read_text() if (shop / "dvc.lock").exists() else True:
        assert time.monotonic() < deadline, f"{stage} never ran"
        time.sleep(0.05)


def test_killed_run_is_taken_up_again(shop):
    (shop / "wanted.txt").write_text("hang")
    running = start(shop)
    wait_for_lock(shop, "first")
    time.sleep(1)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    (shop / "wanted.txt").write_text("pass")
    assert pipeline.run(shop, Watch()).stages == ("second",)
    assert (shop / "b.txt").read_text() == "second\n"


def hold(shop, seconds):
    """Have git take so long to add dvc.lock, with its own lock in place."""
    (shop / ".git/info/attributes").write_text("dvc.lock filter=slow")
    git.git(shop, "config", "filter.slow.clean", f"sleep {seconds}; cat")


def wait_for_git(shop):
    while not (shop / ".git/index.lock").exists():
        time.sleep(0.05)


def test_lock_of_git_that_was_killed_goes(shop):
    hold(shop, 60)
    running = start(shop)
    wait_for_git(shop)
    tree = [running, *psutil.Process(running.pid).children(recursive=True)]
    for each in tree:
        each.kill()
    psutil.wait_procs(tree)
    hold(shop, 0)
    assert pipeline.run(shop, Watch()).committed
    assert git.git(shop, "log", "-1", "--format=%s") == "Run passed: nothing to do\n"


def test_lock_of_git_at_work_stays(shop):
    hold(shop, 3)
    (shop / "dvc.lock").write_text("{}")
    with subprocess.Popen(["git", "add", "dvc.lock"], cwd=shop) as working:
        wait_for_git(shop)
        git.unlock(shop)
        assert (shop / ".git/index.lock").exists()
    assert working.returncode == 0


def test_hooks_of_the_machine_stay_out_of_a_commit(shop):
    hook = shop / ".git/hooks/prepare-commit-msg"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    assert pipeline.run(shop, Watch()).committed


def test_two_runs_never_meet(shop):
    (shop / "wanted.txt").write_text("hang")
    running = start(shop)
    try:
        wait_for_lock(shop, "first")
        with pytest.raises(ShopBusy, match="Another run"):
            pipeline.run(shop, Watch(), patience=0.2)
    finally:
        running.kill()
        running.wait()
