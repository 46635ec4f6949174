"""Generated manifests of runs and releases, as large as real ones: a pipeline of twelve stages in a row."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from typing import Any

from pricetrail.lineage import canonical, record, release

STAGES = [f"stage_{n:02}" for n in range(12)]
MADE, MODULES, PACKAGES = 4, 40, 270
ENVIRONMENT = {
    "python": "3.11.7",
    "implementation": "CPython",
    "platform": "Linux x86_64",
    "libc": "glibc 2.36",
    "cpu": {"model": "generated", "count": 2, "features": ["avx", "avx2", "fma"]},
    "threads": {"OMP_NUM_THREADS": None},
    "hash_seed": "0",
    "packages": [f"package-{n}=={n}.1.0" for n in range(PACKAGES)],
}


@cache
def run(at: int, *raw: str) -> bytes:
    """The canonical manifest of the run of that number, which read the raw files with those SHA-256."""
    sources = [file(f"data/raw/{n}.csv", each) for n, each in enumerate(raw)]
    environment = record.digest(ENVIRONMENT)
    records, read = {}, sources
    for stage in STAGES:
        made = [file(path, digest(f"{at} {path}")) for path in outputs(stage)]
        settings = {"params.yaml": {stage: {"seed": at}}, record.CODE: {stage: digest(stage)}}
        records[stage] = {
            "type": record.TYPE, "stage": stage, "cmd": f"python -m {stage}", "inputs": read, "outputs": made,
            "settings": settings, "settings_sha256": record.digest(settings), "environment_sha256": environment,
            "modules": {f"pricetrail.module_{n}": digest(f"module {n}") for n in range(MODULES)},
        }  # fmt: skip
        read = made
    return canonical.dumps({
        "type": "pricetrail/run/v1", "outcome": "passed", "stopped": None, "ran": STAGES, "restored": [],
        "shop": {"commit": f"{at:040x}", "diff": None}, "code": {"version": "1", "commit": "c" * 40, "diff": None},
        "pipeline": {"params.yaml": digest(f"params {at}")}, "parameters": {stage: {"seed": at} for stage in STAGES},
        "sources": {"data/raw": sources}, "environment": ENVIRONMENT, "environments": {environment: ENVIRONMENT},
        "records": records, "artifacts": [each for one in records.values() for each in one["outputs"]], "study": None,
        "metrics": {}, "gates": dict.fromkeys(release.GATES, "passed"), "stale": {}, "disagreements": [],
    })  # fmt: skip


def outputs(stage: str) -> list[str]:
    """What a stage makes; the last ones make what serving loads."""
    served = ["models/production/dfn_best.onnx", "preprocessors/encoder.json"] if stage == STAGES[-1] else []
    return [*served, *(f"data/{stage}_{n}.parquet" for n in range(MADE))]


def file(path: str, sha: str) -> dict[str, Any]:
    """A file of some size."""
    return {"path": path, "size": 1_000_000, "sha256": sha, "md5": sha[:32]}


def digest(text: str) -> str:
    """The SHA-256 of a text."""
    return sha256(text.encode()).hexdigest()
