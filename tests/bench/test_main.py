import json
import os
import subprocess
import sys
from pathlib import Path

from benchmarks.figures import OURS, Result, compared

ROOT = Path(__file__).parents[2]


def bench(*words, folder, **environment):
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick", "--into", str(folder), *words],
        cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def kept(*ours):
    result = Result("About.", {}, (compared("a stage", "s", {OURS: ours, "pandas": [1.0] * len(ours)}),), 1.0)
    machine = {"processor": "", "cores": 2, "memory_gb": 8, "system": "", "python": "3", "load_before": 0}
    return {
        "date": "2026-11-27",
        "quick": True,
        "machine": machine,
        "versions": {},
        "parts": {"etl": result.to_dict()},
    }


def test_a_part_that_fails_is_named_and_ends_with_one(tmp_path):
    (tmp_path / "online_retail.parquet").write_text("no parquet")
    done = bench("--only", "etl", folder=tmp_path, PRICETRAIL_DATA=str(tmp_path))
    assert done.returncode == 1
    assert "failed: etl: SystemExit" in done.stdout
    found = json.loads((tmp_path / "quick.json").read_text())
    assert str(tmp_path) not in json.dumps(found)
    assert "**This part failed:**" in (tmp_path / "benchmarks.md").read_text()


def test_a_ratio_that_got_worse_ends_with_three(tmp_path):
    (tmp_path / "quick.json").write_text(json.dumps(kept(2.0, 2.0)))
    (tmp_path / "before.json").write_text(json.dumps(kept(1.0, 1.0)))
    done = bench("--render", "--compare", str(tmp_path / "before.json"), folder=tmp_path)
    assert (done.returncode, done.stdout.count("worse: etl: a stage, beside pandas")) == (3, 1)


def test_an_unknown_part_is_a_usage_error(tmp_path):
    done = bench("--only", "etc", folder=tmp_path)
    assert done.returncode == 2
    assert "No such part: etc" in done.stderr
