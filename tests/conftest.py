"""A small shop of three stages, run by DVC like any other; a product's response; a bucket; a browser."""

import json
import shutil
import signal
import subprocess
import sys

import pytest
import yaml

from pricetrail.lineage import place
from pricetrail.rehearsal.bucket import simulator
from pricetrail.shop import dvc, git, pipeline

SCRIPT = """
import json, sys
from pathlib import Path
from pricetrail.errors import Blocked
from pricetrail.stages.stage import main

def write(path, value):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(value if isinstance(value, str) else json.dumps(value))

def prepare(context):
    lines = sorted(path.read_text() for path in Path("data/raw").iterdir())
    write("data/clean.txt", "".join(lines))
    write("metrics/etl.json", {"last": "2011-10-31"})
    write("gates/etl.json", {"gate": "etl", "verdict": "passed"})
    write("gates/data_drift.json", {"gate": "data_drift", "verdict": "passed"})

def learn(context):
    seed = context.params.tune_backup_models.seed
    noise = Path("noise.txt").read_text() if Path("noise.txt").exists() else ""
    if noise == "block": raise Blocked("too much noise")
    write("models/production/dfn_best.onnx", Path("data/clean.txt").read_text() + f"{seed}{noise}")
    write("preprocessors/encoder.json", {"seed": seed})
    write("preprocessors/feature_names.json", ["a"])
    errors = {"mse_inf": 0.25, "rmsle_inf": 0.5, "mae_inf": (seed + 1) / 2}
    write("metrics/dfn_inf.json", {"model_version": f"v{seed}", **errors})

def judge(context):
    if "block" in Path("wanted.txt").read_text(): raise Blocked("too much error")
    if "fail" in Path("wanted.txt").read_text(): raise ValueError("no such thing")
    while "hang" in Path("wanted.txt").read_text(): pass
    write("gates/model.json", {"gate": "model", "verdict": "passed"})

main(sys.argv[1], globals()[sys.argv[1]])
"""
CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
PLAIN = {"cache": False}
STAGES = {
    "prepare": {
        "cmd": "python stage.py prepare",
        "deps": ["data/raw"],
        "outs": [
            "data/clean.txt",
            {"gates/etl.json": PLAIN},
            {"gates/data_drift.json": PLAIN},
            "records/prepare.json",
        ],
        "metrics": [{"metrics/etl.json": PLAIN}],
    },
    "learn": {
        "cmd": "python stage.py learn",
        "deps": ["data/clean.txt"],
        "params": ["tune_backup_models.seed"],
        "outs": [
            "models/production",
            "preprocessors/encoder.json",
            "preprocessors/feature_names.json",
            "records/learn.json",
        ],
        "metrics": [{"metrics/dfn_inf.json": PLAIN}],
    },
    "judge": {
        "cmd": "python stage.py judge",
        "deps": ["metrics/dfn_inf.json", "wanted.txt"],
        "outs": [{"gates/model.json": PLAIN}, "records/judge.json"],
    },
}
PRODUCT = {
    "stockcode": "85123A",
    "store": None,
    "description": "WHITE HANGING HEART",
    "price": 2.95,
    "low": 2.55,
    "high": 3.45,
    "prices": [[2.55, 8], [2.95, 37], [3.45, 4]],
    "orders": 41.2,
    "units": 310.5,
    "units_log_sd": 0.2,
    "units_week_sd": 0.5,
    "slope": {"mean": -2.0, "sd": 0.2},
    "deep": {"mean": -2.5, "sd": 0.4},
    "identification": "identified",
    "changes": 3,
    "weeks": 49,
    "cost": None,
}
POOLED = {"mean": -1.1, "sd": 0.1, "between_sd": 0.4}


def heed_interrupts():
    """As a run does that somebody types: what starts in the background is told to pass interrupts over."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Quiet:
    def stage(self, name, event):
        pass

    def progress(self, name, share, note):
        pass


class Tiny:
    """The shop at ``root``, and what a test does to it."""

    def __init__(self, root):
        self.root = root

    def run(self, **how):
        return pipeline.run(self.root, Quiet(), **how)

    def write(self, path, text):
        (self.root / path).write_text(text)

    def dvc(self, *words):
        subprocess.run(
            dvc.command(*words), cwd=self.root, env=dvc.environment(), check=True, capture_output=True
        )

    def entries(self, topic):
        """The ledger's entries of a kind, newest first."""
        return list(place.ledger(self.root).topic(topic))

    def manifest(self, number=0):
        """The manifest of the newest run, or of one before."""
        ledger = place.ledger(self.root)
        return json.loads(ledger.object(self.entries("run")[number].objects[0]))

    def start(self):
        """Begin a run in a process of its own."""
        words = [sys.executable, "-m", "pricetrail", "run", str(self.root)]
        return subprocess.Popen(
            words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, preexec_fn=heed_interrupts
        )


@pytest.fixture(scope="session")
def browser():
    """Chromium, if there is one on the PATH."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no Chromium on the PATH")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, args=CHROMIUM)
        yield running
        running.close()


@pytest.fixture
def quiet():
    """An observer of runs that says nothing."""
    return Quiet()


@pytest.fixture(scope="session")
def fresh(tmp_path_factory):
    root = tmp_path_factory.mktemp("fresh") / "shop"
    for folder in ("data/raw", "production"):
        (root / folder).mkdir(parents=True)
    (root / "data/raw/0001-lines.csv").write_text("1,2\n")
    (root / "production/README.md").write_text("The production release.\n")
    (root / "dvc.yaml").write_text(yaml.safe_dump({"stages": STAGES}, sort_keys=False))
    (root / "params.yaml").write_text("tune_backup_models:\n  seed: 7\n")
    (root / "stage.py").write_text(SCRIPT)
    (root / "wanted.txt").write_text("pass")
    (root / ".gitignore").write_text("/ledger/\n/.pricetrail/\n/records/\n/models/\n")
    place.begin(root)
    git.begin(root)
    dvc.begin(root)
    dvc.track(root, "data/raw", "production")
    git.commit(root, "start")
    return root


@pytest.fixture(scope="session")
def done(fresh, tmp_path_factory):
    root = shutil.copytree(fresh, tmp_path_factory.mktemp("done") / "shop")
    Tiny(root).run()
    return root


@pytest.fixture
def tiny(fresh, tmp_path):
    """The shop before its first run."""
    return Tiny(shutil.copytree(fresh, tmp_path / "shop"))


@pytest.fixture
def ran(done, tmp_path):
    """The shop after it."""
    return Tiny(shutil.copytree(done, tmp_path / "shop"))


@pytest.fixture(scope="session")
def s3_server():
    """The address of a moto server: a simulator that speaks S3's protocol over HTTP."""
    with simulator("records") as address:
        yield address


@pytest.fixture
def s3(s3_server, monkeypatch, tmp_path):
    """The server's address, with credentials that only it takes."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    return s3_server


@pytest.fixture(scope="session")
def plain():
    """The plain values of a file with one product for each set of changes."""

    def made(*changes):
        return {
            "format": 1,
            "deep_from": 0.3,
            "pool": {"slope": POOLED, "deep": POOLED},
            "products": [PRODUCT | each for each in changes],
        }

    return made
