"""MLflow with a history of runs: python -m benchmarks.peers.history FOLDER RUNS GOOD BAD

Each run has parameters, metrics, a commit and its raw files as logged datasets; every second one read the bad file.
Then answers each line of the standard input, 'bad' or 'one', with the milliseconds that the question took.
"""

from __future__ import annotations

import logging
import sys
import time
from pathlib import Path

import mlflow
from mlflow.entities import Dataset, DatasetInput, Metric, Param, RunTag

logging.disable(logging.INFO)
STAGES, PACKAGES = 12, 20


def main() -> None:
    folder, count, good, bad = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
    folder.mkdir(parents=True)
    mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
    client = mlflow.MlflowClient()
    experiment = client.create_experiment("shop", (folder / "artifacts").as_uri())
    runs = [log(client, experiment, at, [good, bad] if at % 2 else [good]) for at in range(count)]
    for asked in sys.stdin:
        began = time.perf_counter()
        if asked.strip() == "bad":
            found = client.search_runs([experiment], f"dataset.digest = '{bad[:36]}'", max_results=50_000)
            assert len(found) == count // 2
        else:
            assert client.get_run(runs[1]).inputs.dataset_inputs
        print(1000 * (time.perf_counter() - began), flush=True)


def log(client: mlflow.MlflowClient, experiment: str, at: int, raw: list[str]) -> str:
    """One run."""
    id = client.create_run(experiment).info.run_id
    params = [Param(f"stage_{stage}.seed", str(at)) for stage in range(STAGES)]
    metrics = [Metric(f"stage_{stage}.error", at / 7, at, 0) for stage in range(STAGES)]
    tags = [RunTag("commit", f"{at:040x}"), *(RunTag(f"package_{n}", f"{n}.1.0") for n in range(PACKAGES))]
    client.log_batch(id, metrics, params, tags)
    client.log_inputs(
        id, [DatasetInput(Dataset(f"{n}.csv", each[:36], "local", "{}")) for n, each in enumerate(raw)]
    )
    client.set_terminated(id)
    return id


if __name__ == "__main__":
    main()
