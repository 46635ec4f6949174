"""Stage ``tune_primary_model``: the search, the final fit, and the network in the forms that others read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from pricetrail.demand import network, training, trial, tuning
from pricetrail.demand.accuracy import accuracy
from pricetrail.demand.rows import Rows
from pricetrail.files import write_json, writing
from pricetrail.params import Tuning
from pricetrail.stages.stage import Context, follow_parent, main
from pricetrail.stages.tables import part, write

# More threads than one wait for each other longer than they work, at these widths.
THREADS = 1
SEARCHED = 0.6
REFITTED = 0.85


def work(context: Context) -> None:
    """Search on few rows, fit the best settings on all of them, and write what came of it."""
    settings, root = context.params.tune_primary_model, context.root
    study = _search(root, settings, lambda share, note: context.progress(SEARCHED * share, note))
    write(root / "reports/trials.parquet", pa.Table.from_pylist(tuning.records(study)))
    with writing(root / "reports/trials.html") as draft:
        draft.write_text(tuning.page(study), encoding="utf-8")
    _final(context, study.best_params)


def _search(root: Path, settings: Tuning, progress: Callable[[float, str], None]) -> Any:
    how = tuning.Search(
        trials=settings.n_trials,
        epochs=settings.trial_epochs,
        batch=settings.batch,
        seed=settings.seed,
        grid=trial.GRID if settings.grid else None,
    )
    with tuning.processes(settings.workers, follow_parent) as apply:
        return tuning.search(trial.SPACE, partial(_try, root, settings), how, apply=apply, progress=progress)


def _try(root: Path, settings: Tuning, wanted: dict[str, Any], limits: tuple[float, ...]) -> Sequence[float]:
    train, val = _parts(root)
    return trial.evaluate(
        train.newest(settings.trial_rows),
        val,
        trial.model(wanted, *_sizes(root)),
        epochs=settings.trial_epochs,
        seed=settings.seed,
        limits=limits,
    )


@cache
def _parts(root: Path) -> tuple[Rows, Rows]:
    return part(root, "train"), part(root, "val")


def _sizes(root: Path) -> tuple[int, tuple[int, ...]]:
    encoder = json.loads((root / "preprocessors/encoder.json").read_text(encoding="utf-8"))
    train, _ = _parts(root)
    return train.numeric.shape[1], tuple(len(levels) + 1 for _, levels in encoder["categorical"])


def _final(context: Context, best: dict[str, Any]) -> None:
    """Choose the epochs on the validation rows, then fit anew on them too."""
    import torch

    torch.set_num_threads(THREADS)
    settings, root = context.params.tune_primary_model, context.root
    (train, val), wanted = _parts(root), trial.model(best, *_sizes(root))
    chosen = training.fit(
        wanted,
        train,
        val,
        epochs=settings.num_epochs,
        seed=settings.seed,
        watch=_told(context, SEARCHED, "fitting"),
    )
    both = training.fit(
        wanted,
        train.then(val),
        None,
        epochs=chosen.best_epoch,
        seed=settings.seed,
        watch=_told(context, REFITTED, "fitting with the validation rows"),
    )
    version = _save(root / "models/production", both.network, wanted)
    scored = accuracy(val.target, training.forecast(chosen.network, val))
    recipe = wanted[1]
    figures = {
        "mse_val": scored.mse_log,
        "mae_val": scored.mae,
        "rmsle_val": scored.rmsle,
        "model_version": version,
    }
    chosen_by = {"optimizer": recipe.optimizer, "batch_size": recipe.batch_size, "lr": recipe.learning_rate}
    rest = {"num_epochs": chosen.best_epoch, "history": list(chosen.history)}
    write_json(root / "metrics/dfn_val.json", {**figures, "hparams": best, **chosen_by, **rest})


def _told(context: Context, since: float, what: str) -> training.Watch:
    epochs = context.params.tune_primary_model.num_epochs
    span = 0.15 if since == REFITTED else REFITTED - SEARCHED

    def watch(epoch: int, error: float) -> bool:
        context.progress(since + span * epoch / epochs, f"{what}: epoch {epoch}, {error:.4f}")
        return True

    return watch


def _save(
    folder: Path, fitted: network.OrderNetwork, wanted: tuple[network.Architecture, training.Recipe]
) -> str:
    """Write weights, shape and the exported network; answer with its version: the digest of what serves."""
    from safetensors.torch import save

    exported = network.onnx(fitted)
    shape, recipe = wanted
    about = {"architecture": shape.model_dump(mode="json"), "recipe": recipe.model_dump(mode="json")}
    with writing(folder / "dfn_best.safetensors") as draft:
        draft.write_bytes(save(fitted.state_dict()))
    with writing(folder / "dfn_best.onnx") as draft:
        draft.write_bytes(exported)
    write_json(folder / "dfn_best.json", about)
    return hashlib.sha256(exported).hexdigest()


if __name__ == "__main__":
    main("tune_primary_model", work)
