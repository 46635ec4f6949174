"""A release made again, by real processes in a real copy."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pricetrail.errors import ArtifactMissing, Blocked, DigestMismatch, StageFailed, UnknownId, UsageError
from pricetrail.lineage import place
from pricetrail.shop import git, production, reproduce

REQUIRED = "tune_backup_models: {seed: 7}\nrelease: {reproduce: required}\n"


def newest(shop):
    return production.releases(shop.root)[0].id


def again(shop, observer):
    outcome = reproduce.reproduce(shop.root, reproduce.plan(shop.root, newest(shop)[:8]), observer)
    return outcome, reproduce.record(shop.root, outcome)


def cli(shop, *words, **variables):
    command = [
        sys.executable,
        "-m",
        "pricetrail",
        "reproduce",
        newest(shop)[:8],
        "--shop",
        str(shop.root),
        *words,
    ]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **variables},
        preexec_fn=heed_interrupts,
    )


def heed_interrupts():
    """As what somebody types does: what starts in the background is told to pass interrupts over."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def uneven(tiny):
    """A shop whose model depends on a file that neither git nor DVC knows."""
    (tiny.root / ".git/info/exclude").write_text("noise.txt\n")
    tiny.write("noise.txt", "!")
    tiny.run()
    return tiny


def test_equal_signed_into_the_ledger_and_good_enough_to_promote(ran, quiet):
    before = git.git(ran.root, "status", "--porcelain", "--ignored")
    outcome, entry = again(ran, quiet)
    assert outcome
    assert outcome.stages == ("prepare", "learn", "judge")
    assert (entry.body["verdict"], entry.body["environment"], entry.body["code"]) == ("equal", "same", "same")
    kept = json.loads(place.ledger(ran.root).object(entry.body["compared"]))
    assert {each["verdict"] for each in kept["files"]} == {"identical"}
    assert git.git(ran.root, "status", "--porcelain", "--ignored") == before
    ran.write("params.yaml", REQUIRED)
    assert production.promote(ran.root, None, why="") == newest(ran)


def test_later_state_of_the_shop_does_not_matter(ran, quiet):
    wanted = newest(ran)
    ran.write("data/raw/0001-lines.csv", "3,4\n")
    ran.write("wanted.txt", "block")
    with pytest.raises(Blocked):
        ran.run()
    ran.dvc("add", "data/raw")
    git.commit(ran.root, "other data")
    assert reproduce.reproduce(ran.root, reproduce.plan(ran.root, wanted), quiet)


def test_what_nobody_declared_is_found_out(uneven, quiet):
    outcome, entry = again(uneven, quiet)
    assert not outcome
    assert entry.body["different"] == ["models/production/dfn_best.onnx"]
    (other,) = [each for each in outcome.files if not each]
    assert other.where == "byte 5; then 6 bytes, now 5"


def test_other_environment_is_said_before_it_starts(uneven):
    running = cli(uneven, "--json", OMP_NUM_THREADS="3")
    out, err = running.communicate(timeout=120)
    assert running.returncode == 1
    assert err.index("threads OMP_NUM_THREADS") < err.index("prepare ...")
    assert "The first file to differ, in the order in which they are made, is models/production" in err
    assert json.loads(out)["verdict"] == "different"
    uneven.write("params.yaml", REQUIRED)
    with pytest.raises(Blocked, match="is different"):
        production.promote(uneven.root, None, why="")


def test_blocked_run_is_blocked_again(ran, quiet):
    ran.write("wanted.txt", "block")
    with pytest.raises(Blocked):
        ran.run()
    outcome = reproduce.reproduce(ran.root, reproduce.plan(ran.root, ran.entries("run")[0].objects[0]), quiet)
    assert outcome
    assert outcome.stages == ("prepare", "learn")


def test_run_that_failed_has_nothing_to_compare(ran):
    ran.write("wanted.txt", "fail")
    with pytest.raises(StageFailed):
        ran.run()
    with pytest.raises(UsageError, match="came to its end"):
        reproduce.plan(ran.root, ran.entries("run")[0].objects[0])


def test_raw_file_that_is_gone(ran, quiet):
    shutil.rmtree(ran.root / ".dvc/cache")
    with pytest.raises(ArtifactMissing, match=r"0001-lines\.csv"):
        again(ran, quiet)


def test_raw_file_that_was_changed_in_the_cache(ran, quiet):
    for path in (ran.root / ".dvc/cache/files/md5").rglob("*"):
        if path.is_file() and path.read_bytes() == b"1,2\n":
            path.chmod(0o644)
            path.write_bytes(b"1,3\n")
    with pytest.raises(DigestMismatch, match=r"0001-lines\.csv"):
        again(ran, quiet)


def test_unknown_release(ran):
    with pytest.raises(UnknownId, match="begins with abcdef"):
        reproduce.plan(ran.root, "abcdef")


@pytest.mark.slow
@pytest.mark.parametrize("last", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_leaves_nothing(ran, tmp_path, last):
    ran.write(
        "stage.py",
        (ran.root / "stage.py").read_text().replace("seed = ", "import time; time.sleep(1.5); seed = "),
    )
    ran.run(force=True)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    running = cli(ran, TMPDIR=str(temporary))
    for line in running.stderr:
        if line.startswith("learn ..."):
            break
    (copy,) = temporary.glob("pricetrail-*/shop")
    running.send_signal(last)
    running.communicate(timeout=60)
    assert running.returncode == 130
    assert list(temporary.iterdir()) == []
    assert not _at_work(copy)
    assert ran.entries("reproduction") == []


def _at_work(folder):
    time.sleep(0.3)
    return [each for each in Path("/proc").glob("[0-9]*/cwd") if each.is_symlink() and _leads(each, folder)]


def _leads(link, folder):
    try:
        return os.readlink(link).startswith(str(folder))
    except OSError:
        return False
