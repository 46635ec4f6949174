"""A release: a run that passed its gates, frozen as the list of exactly those files that serving loads.

Serving reads it with Python's standard library and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from pricetrail.lineage import canonical
from pricetrail.lineage.manifest import Manifest, identity

TYPE = "pricetrail/release/v1"
GATES = ("etl", "data_drift", "model")
# What serving loads, by path; it loads nothing else.
FILES = (
    "models/production/dfn_best.onnx",
    "models/backup/*.onnx",
    "models/price_response/*",
    "models/snapshot/*",
    "preprocessors/encoder.json",
    "preprocessors/feature_names.json",
    "reports/dfn_shap_mean_abs.json",
)
FIGURES = ("model_version", "mse_inf", "rmsle_inf", "mae_inf")


def of(run: Manifest) -> dict[str, Any]:
    """The release of a run for which ``obstacles`` knows of none."""
    tested = run["metrics"].get("metrics/dfn_inf.json", {})
    return {
        "type": TYPE,
        "run": identity(run),
        "files": [each for each in run["artifacts"] if serves(each["path"])],
        "gates": dict(run["gates"]),
        "metrics": {name: tested[name] for name in FIGURES if name in tested},
        "rows_until": run["metrics"].get("metrics/etl.json", {}).get("last"),
    }


def obstacles(run: Manifest) -> Iterator[str]:
    """Every reason why the run is no release, in words."""
    if run["outcome"] != "passed":
        yield f"the run was {run['outcome']}"
    for gate in GATES:
        verdict = run["gates"].get(gate, "not run")
        if verdict != "passed":
            yield f"gate {gate}: {verdict}"
    yield from (f"{stage} is not up to date: {why}" for stage, why in run["stale"].items())
    yield from run["disagreements"]


def serves(path: str) -> bool:
    """Whether serving loads the file."""
    return any(fnmatchcase(path, pattern) for pattern in FILES)


def content(release: Mapping[str, Any]) -> str:
    """The digest of all that is released, whichever run it came of.

    A release's id binds its run, and that the time of its commit; who makes the same bytes twice has one content.
    """
    return canonical.digest(canonical.dumps({name: said for name, said in release.items() if name != "run"}))


def digests(release: Mapping[str, Any]) -> dict[str, str]:
    """The SHA-256 of each file of a release, by path."""
    return {each["path"]: each["sha256"] for each in release["files"]}
