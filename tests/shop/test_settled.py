"""Whether a run has anything to do, told without DVC: never yes where DVC would find something."""

import os

import pytest

from pricetrail.lineage import lock
from pricetrail.shop import cache, git, note
from pricetrail.shop.settled import settled


def test_after_a_run_nothing_is_to_do(ran):
    assert settled(ran.root)


def test_before_the_first_run_all_is_to_do(tiny):
    assert not settled(tiny.root)


def test_after_one_stage_the_others_are_to_do(ran):
    ran.write("params.yaml", "tune_backup_models:\n  seed: 8\n")
    ran.run(stage="prepare")
    assert not git.dirty(ran.root)
    assert not settled(ran.root)


@pytest.mark.parametrize(
    "path", ["data/raw/0001-lines.csv", "data/clean.txt", "models/production/dfn_best.onnx"]
)
def test_byte_is_noticed_though_the_time_was_put_back(ran, path):
    before = (ran.root / path).stat()
    (ran.root / path).chmod(0o644)
    (ran.root / path).write_bytes(b"x" * before.st_size)
    os.utime(ran.root / path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert not settled(ran.root)


@pytest.mark.parametrize("path", ["params.yaml", "wanted.txt", "metrics/dfn_inf.json", "data/raw/more.csv"])
def test_file_is_noticed(ran, path):
    ran.write(path, "tune_backup_models:\n  seed: 9\n")
    assert not settled(ran.root)


def test_file_taken_away_is_noticed(ran):
    (ran.root / "models/production/dfn_best.onnx").unlink()
    assert not settled(ran.root)


@pytest.mark.parametrize("path", ["models/production", "preprocessors/encoder.json", "records/judge.json"])
def test_what_the_cache_lost_is_noticed(ran, path):
    md5 = next(stage.outs[path] for stage in lock.read(ran.root).values() if path in stage.outs)
    cache.local(ran.root).path(md5).unlink()
    assert not settled(ran.root)


@pytest.mark.parametrize("stage", ["cmd: date\n    always_changed: true\n    outs: [a.txt]", "cmd: date"])
def test_stage_that_always_runs_is_never_done(ran, stage):
    declared = (ran.root / "dvc.yaml").read_text()
    ran.write("dvc.yaml", f"{declared}  own:\n    {stage}\n")
    pretend_passed(ran)
    assert not settled(ran.root)


def test_other_code_is_noticed(ran):
    ran.write(
        "dvc.yaml", (ran.root / "dvc.yaml").read_text() + "  code:\n    cmd: code\n    always_changed: true\n"
    )
    ran.write("code.yaml", "etl_pipeline: 0123\n")
    pretend_passed(ran)
    assert not settled(ran.root)


def pretend_passed(shop):
    git.commit(shop.root, "a change")
    note.write(shop.root, note.Note(passed=git.head(shop.root)))
