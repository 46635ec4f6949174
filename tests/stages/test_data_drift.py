import hashlib
import json
import os
import shutil
import subprocess
import sys
from datetime import datetime, timedelta
from importlib.resources import files

import numpy as np
import pandas as pd
import pytest

from pricetrail.errors import Blocked
from pricetrail.params import DriftCheck, DriftGate, Params, Source
from pricetrail.stages import data_drift_check, data_drift_gate
from pricetrail.stages.stage import Context

OUTPUTS = ("metrics/data_drift.json", "reports/data_drift_report.html")
FOUND = {
    "drift_detected": False,
    "reason": None,
    "columns": {
        "price_registered": {
            "drifted": False,
            "words": "prices: 20.0% higher",
            "statistic": 1.0,
            "threshold": 0.4,
        }
    },
    "current": {"first": "2024-04-15", "last": "2024-04-21"},
    "reference": {"first": "2024-01-01", "last": "2024-04-14"},
}
DRIFTED = FOUND | {
    "drift_detected": True,
    "columns": {"price_registered": FOUND["columns"]["price_registered"] | {"drifted": True}},
}
UNCLEAR = FOUND | {"drift_detected": None, "reason": "Too few order lines to tell.", "columns": {}}


def gate(root, found, **settings):
    (root / "metrics").mkdir(exist_ok=True)
    (root / "metrics/data_drift.json").write_text(json.dumps(found))
    data_drift_gate.work(
        Context(root, Params(data_drift_gate=DriftGate(**settings)), lambda share, note: None)
    )
    return verdict(root)


def verdict(root):
    return json.loads((root / "gates/data_drift.json").read_text())["verdict"]


def write_shop(root):
    rng = np.random.default_rng(5)
    lines, weeks = 4000, 12
    order = np.sort(rng.integers(600, size=lines))
    frame = pd.DataFrame(
        {
            "invoiceno": order.astype(str),
            "invoicedate": pd.Timestamp("2024-01-01")
            + pd.to_timedelta(order * weeks * 7 * 24 // 600, unit="h"),
            "stockcode": rng.integers(30, size=lines).astype(str),
            "customerid": (order % 40).astype(str),
            "country": np.where(order % 9 == 0, "France", "United Kingdom"),
            "quantity": rng.integers(1, 30, size=lines).astype(float),
            "unitprice": rng.choice([1.9, 2.0, 2.1], size=lines),
            "is_registered": 1,
        }
    )
    (root / "data").mkdir(parents=True)
    frame.to_parquet(root / "data/processed_df.parquet")
    (root / "params.yaml").write_text("data_drift_check: {resamples: 20}\n")
    shutil.copyfile(files("pricetrail.shop") / "template/dvc.yaml", root / "dvc.yaml")


def digests(root, hash_seed):
    """Run the stage as DVC does, in a process of its own, and digest what it wrote."""
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-m", "pricetrail.stages.data_drift_check"]
    subprocess.run(command, cwd=root, env=environment, check=True)
    return [hashlib.sha256((root / path).read_bytes()).hexdigest() for path in OUTPUTS]


def test_two_processes_write_equal_bytes(tmp_path):
    for name in ("one", "two"):
        write_shop(tmp_path / name)
    assert digests(tmp_path / "one", "1") == digests(tmp_path / "two", "2")
    for path in OUTPUTS:
        assert str(tmp_path) not in (tmp_path / "one" / path).read_text(encoding="utf-8")


def weekly(rng, *, shift):
    """Three products in 30 stores for 30 weeks; prices of the last week are ``shift`` times as high."""
    week, store, product = (
        each.ravel() for each in np.meshgrid(range(30), range(30), range(3), indexing="ij")
    )
    return pd.DataFrame(
        {
            "invoiceno": [f"{s}-{w}" for s, w in zip(store, week, strict=True)],
            "invoicedate": pd.Timestamp("2024-01-01") + pd.to_timedelta(7 * week, unit="D"),
            "stockcode": product.astype(str),
            "customerid": "",
            "country": "",
            "quantity": rng.integers(500, 900, size=len(week)).astype(float),
            "unitprice": (1 + product) * rng.normal(1, 0.02, len(week)) * np.where(week == 29, shift, 1.0),
            "is_registered": 0,
            "store": store.astype(str),
        }
    )


@pytest.mark.parametrize(("shift", "verdict"), [(1.0, "passed"), (1.2, "drifted")])
def test_few_products_in_many_places_can_be_told(tmp_path, shift, verdict):
    (tmp_path / "data").mkdir()
    weekly(np.random.default_rng(3), shift=shift).to_parquet(tmp_path / "data/processed_df.parquet")
    params = Params(source=Source(grain="weekly", key="store"), data_drift_check=DriftCheck(min_rows=50))
    data_drift_check.work(Context(tmp_path, params, lambda share, note: None))
    assert json.loads((tmp_path / "metrics/data_drift.json").read_text())["verdict"] == verdict


@pytest.mark.parametrize(
    ("text", "since"),
    [
        ("2024-04-14", datetime(2024, 4, 15)),
        ("2024-04-14T16:30:00", datetime(2024, 4, 14, 16, 30) + timedelta(microseconds=1)),
    ],
)
def test_release_says_from_when_lines_are_new(tmp_path, text, since):
    (tmp_path / "release.json").write_text(json.dumps({"rows_until": text}))
    assert data_drift_check.newer_than(tmp_path / "release.json") == since


def test_no_release_no_date(tmp_path):
    assert data_drift_check.newer_than(tmp_path / "release.json") is None


def test_gate_passes_without_drift(tmp_path):
    assert gate(tmp_path, FOUND) == "passed"


def test_gate_stops_on_drift_with_figures(tmp_path):
    with pytest.raises(Blocked, match=r"prices: 20\.0% higher \(distance 1\.000, threshold 0\.400\)"):
        gate(tmp_path, DRIFTED)
    assert verdict(tmp_path) == "blocked"


def test_gate_warns_on_drift_when_told_to(tmp_path, capsys):
    assert gate(tmp_path, DRIFTED, on_drift="warn") == "passed"
    assert "has drifted" in capsys.readouterr().err


@pytest.mark.parametrize("on_drift", ["stop", "warn"])
def test_gate_never_passes_what_is_unclear(tmp_path, on_drift):
    assert gate(tmp_path, UNCLEAR, on_drift=on_drift) == "inconclusive"


def test_gate_stops_on_unclear_when_told_to(tmp_path):
    with pytest.raises(Blocked, match=r"cannot be told\. Too few order lines"):
        gate(tmp_path, UNCLEAR, on_inconclusive="stop")
    assert verdict(tmp_path) == "inconclusive"


def test_gate_holds_only_what_decides(tmp_path):
    gate(tmp_path, FOUND)
    before = (tmp_path / "gates/data_drift.json").read_bytes()
    gate(tmp_path, FOUND | {"current": {"first": "2024-04-22", "last": "2024-04-28"}})
    assert (tmp_path / "gates/data_drift.json").read_bytes() == before
