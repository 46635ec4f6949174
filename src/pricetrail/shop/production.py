"""What serves: a copy of the released model, beside which every later run is judged."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from pricetrail.errors import UsageError
from pricetrail.files import write_json, writing
from pricetrail.shop import dvc, git

FOLDER = "production"
GATES = ("etl", "data_drift", "model")
FILES = {
    "models/production/dfn_best.onnx": "model.onnx",
    "preprocessors/encoder.json": "encoder.json",
    "preprocessors/feature_names.json": "feature_names.json",
}


def promote(root: Path) -> dict[str, object]:
    """Make the newest run of the shop its production release, and commit that.

    Raises:
        UsageError: the newest run did not pass its gates, or what it made has changed since.
    """
    verdicts = {gate: _verdict(root / f"gates/{gate}.json") for gate in GATES}
    short = [f"{gate}: {verdict}" for gate, verdict in verdicts.items() if verdict != "passed"]
    if short:
        raise UsageError(
            f"Only a run that passed its gates can be promoted; found {', '.join(short)}. Look at 'pricetrail run'."
        )
    for made, kept in FILES.items():
        with writing(root / FOLDER / kept) as draft:
            shutil.copyfile(root / made, draft)
    release = _release(root)
    write_json(root / FOLDER / "release.json", release)
    dvc.track(root, FOLDER)
    git.commit(root, f"Promote {str(release['model_version'])[:12]} to production")
    return release


def _release(root: Path) -> dict[str, object]:
    rows = json.loads((root / "metrics/etl.json").read_text(encoding="utf-8"))
    test = json.loads((root / "metrics/dfn_inf.json").read_text(encoding="utf-8"))
    figures = {name: test[name] for name in ("model_version", "mse_inf", "rmsle_inf", "mae_inf")}
    return {"rows_until": rows["last"], "commit": git.head(root), **figures}


def _verdict(path: Path) -> str:
    return str(json.loads(path.read_text(encoding="utf-8"))["verdict"]) if path.exists() else "not run"
