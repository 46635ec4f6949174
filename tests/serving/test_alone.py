"""The service in an environment that holds its own lock and nothing else, started as a container starts it."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from pricetrail.flows.local import free

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
MOST = 300_000_000


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The Python of that environment."""
    folder = tmp_path_factory.mktemp("alone")
    python = folder / "bin/python"

    def run(*words):
        clean = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
        subprocess.run([*map(str, words)], check=True, env=clean)

    run(sys.executable, "-m", "venv", folder)
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    run(*pip, "--require-hashes", "-r", ROOT / "requirements/serving.txt")
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", folder, ROOT)
    run(*pip, "--no-deps", *folder.glob("*.whl"))
    return python


@pytest.fixture
def asking(served, alone):
    """Asks the service there."""
    port = free(0)
    environment = {
        "PRICETRAIL_LEDGER": str(served.root / "ledger"),
        "PRICETRAIL_BLOBS": str(served.root / "cache"),
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "PATH": os.environ["PATH"],
    }
    address = f"http://127.0.0.1:{port}"
    with subprocess.Popen([str(alone), "-m", "pricetrail.serving"], env=environment) as process:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{address}/livez", timeout=5).close()
                break
            except urllib.error.URLError:
                time.sleep(0.05)
        yield lambda path: json.load(urllib.request.urlopen(address + path, timeout=20))
        process.terminate()


def test_price_from_the_serving_lock_alone(served, asking):
    found = asking("/v1/predict-price/85123A?cost=1.1")
    assert (found["price"], found["release"]) == (2.66, served.id)
    assert asking(f"/v1/receipts/{found['receipt']}")["receipt"]["price"] == 2.66
    assert asking(f"/v1/lineage/{found['receipt']}")["root"] == f"receipt {found['receipt']}"


def test_nothing_that_trains_is_installed(alone):
    listed = subprocess.run(
        [str(alone), "-m", "pip", "list", "--format", "json"], capture_output=True, check=True
    )
    names = {each["name"].lower() for each in json.loads(listed.stdout)}
    assert (
        names & {"torch", "dvc", "pandas", "pyarrow", "duckdb", "scikit-learn", "scipy", "prefect"} == set()
    )
    files = (path for path in alone.parents[1].rglob("*") if path.is_file() and not path.is_symlink())
    assert sum(path.stat().st_size for path in files) <= MOST
