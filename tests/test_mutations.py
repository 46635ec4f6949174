"""The benchmark of mutations, on a small shop: all are noticed and named by us, and all are undone."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_every_mutation_is_noticed_and_named(ran):
    command = [sys.executable, "-m", "benchmarks.mutations", "--shop", str(ran.root), "--json"]
    done = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert len(found) > 150
    assert [each for each in found if not (each["ours"]["noticed"] and each["ours"]["named"])] == []
    assert sum(not each["DVC"]["noticed"] for each in found) > 50
