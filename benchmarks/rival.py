"""MLflow beside us: a run of a shop logged as MLflow's guides do, and what MLflow then says of the shop as it is now.

Run by benchmarks.mutations with --mlflow, in the environment of the peers (.venv-bench, which `make bench` makes).
MLflow has no command that verifies; so what it recorded is held against what logging again would
record: parameters, metrics, the digest of each dataset, the names and sizes of artifacts, and the commit.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

import mlflow
import mlflow.data
import pandas as pd
import yaml

ARTIFACTS = ("models", "preprocessors", "reports")


def main() -> None:
    shop, store = Path(sys.argv[1]), Path(sys.argv[2])
    store.mkdir(parents=True, exist_ok=True)
    mlflow.set_tracking_uri(f"sqlite:///{store}/mlflow.db")
    mlflow.set_experiment(experiment_id=mlflow.create_experiment("shop", (store / "artifacts").as_uri()))
    logged = log(shop)
    for _ in sys.stdin:
        print(json.dumps(sorted(look(shop, logged))), flush=True)


def log(shop: Path) -> str:
    """One run with all that it is made of; its id."""
    with mlflow.start_run() as run:
        mlflow.log_params(params(shop))
        mlflow.log_metrics(metrics(shop))
        mlflow.set_tag("commit", commit(shop))
        for path in raw(shop):
            mlflow.log_input(mlflow.data.from_pandas(pd.read_parquet(path), source=str(path), name=path.name))
        for folder in ARTIFACTS:
            if (shop / folder).is_dir():
                mlflow.log_artifacts(str(shop / folder), folder)
    return run.info.run_id


def look(shop: Path, logged: str) -> set[str]:
    """Where what was recorded is not what would be recorded now."""
    try:
        run = mlflow.get_run(logged)
        said = differing("params", dict(run.data.params), params(shop))
        said |= differing("metrics", dict(run.data.metrics), metrics(shop))
        said |= {f"dataset {path.name}" for path in raw(shop) if digest(path) not in digests(run)}
        said |= differing("artifacts", sizes(logged), here(shop))
        return said | differing("tags", {"commit": run.data.tags["commit"]}, {"commit": commit(shop)})
    except Exception as error:  # its user would see it
        return {f"{type(error).__name__}: {error}"}


def differing(what: str, then: dict, now: dict) -> set[str]:
    names = then.keys() | now.keys()
    return {f"{what} {n}: {then.get(n)} {now.get(n)}" for n in names if then.get(n) != now.get(n)}


def params(shop: Path) -> dict[str, str]:
    """Every setting, under its dotted name."""
    blocks = yaml.safe_load((shop / "params.yaml").read_text())
    return {
        f"{block}.{name}": str(value) for block, values in blocks.items() for name, value in values.items()
    }


def metrics(shop: Path) -> dict[str, float]:
    found = {}
    for path in sorted((shop / "metrics").glob("*.json")):
        for name, value in json.loads(path.read_text()).items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                found[f"{path.stem}.{name}"] = float(value)
    return found


def raw(shop: Path) -> list[Path]:
    return sorted((shop / "data/raw").glob("*.parquet"))


def digest(path: Path) -> str:
    return mlflow.data.from_pandas(pd.read_parquet(path), source=str(path)).digest


def digests(run: mlflow.entities.Run) -> set[str]:
    return {each.dataset.digest for each in run.inputs.dataset_inputs}


def sizes(logged: str, path: str | None = None) -> dict[str, int]:
    found = {}
    for each in mlflow.MlflowClient().list_artifacts(logged, path):
        found |= sizes(logged, each.path) if each.is_dir else {each.path: each.file_size}
    return found


def here(shop: Path) -> dict[str, int]:
    files = (path for folder in ARTIFACTS for path in (shop / folder).rglob("*") if path.is_file())
    return {path.relative_to(shop).as_posix(): path.stat().st_size for path in files}


def commit(shop: Path) -> str:
    words = ["git", "rev-parse", "HEAD"]
    return subprocess.run(words, cwd=shop, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    main()
