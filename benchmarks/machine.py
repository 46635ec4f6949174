"""The machine that measured, and the versions of what was measured; no names of hosts, no paths."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from benchmarks import peer

from pricetrail.lineage.environment import environment

OWN = (
    "pricetrail",
    "duckdb",
    "dvc",
    "evidently",
    "lightgbm",
    "numpy",
    "onnxruntime",
    "optuna",
    "pandas",
    "torch",
)
PEERS = ("catboost", "litserve", "mlflow-skinny", "polars", "pyfixest", "tabm")
ASK = (
    "import json, sys; from importlib.metadata import distributions; "
    "print(json.dumps({each.name: each.version for each in distributions()}))"
)


def machine() -> dict[str, Any]:
    """Cores, memory, processor, system, and how busy it was when the measuring began."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": environment()["cpu"]["model"] or "unknown",
        "cores": os.cpu_count(),
        "memory_gb": round(memory / 1e9, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 1),
    }


def versions() -> dict[str, str]:
    """Of our packages, and of the peers' that are installed."""
    there = json.loads(
        subprocess.run([peer.python(), "-c", ASK], capture_output=True, text=True, check=True).stdout
    )
    found = {name: _version(name) for name in OWN}
    return {**found, **{name: there.get(name, "not installed") for name in PEERS}}


def _version(name: str) -> str:
    try:
        return version(name).partition("+")[0]
    except PackageNotFoundError:
        return "not installed"
