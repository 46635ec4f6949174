"""Stage ``tune_primary_model``: the lessons, the search, the final fits, and the committee in the forms that others
read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
from optuna import Study

from pricetrail.demand import network, teacher, training, trial, tuning
from pricetrail.demand.accuracy import accuracy
from pricetrail.demand.device import device
from pricetrail.demand.encode import Encoder
from pricetrail.demand.rows import Floats, Rows
from pricetrail.files import write_json, writing
from pricetrail.params import Tuning
from pricetrail.stages.stage import Context, main
from pricetrail.stages.tables import part, write
from pricetrail.workers.crew import Crew, crew
from pricetrail.workers.files import Files

TAUGHT, SEARCHED = 0.2, 0.5
READ = (
    *(f"data/{kind}.parquet" for kind in ("x_train_processed", "x_val_processed", "y_train_df", "y_val_df")),
    *(f"preprocessors/{name}.json" for name in ("encoder", "feature_names")),
)
KEPT = ("train.npy", "both.npy")


@dataclass(frozen=True, slots=True)
class Lessons:
    """What the teacher expects of the training rows, and of the training and the validation rows together."""

    train: Floats
    both: Floats


@dataclass(frozen=True, slots=True)
class Member:
    """A network of the committee, fitted on all rows, the kind of device that did it (``cpu`` or ``cuda``), and how it
    did before it saw the validation rows."""

    weights: bytes
    device: str
    best_epoch: int
    history: tuple[float, ...]
    forecast: Floats


def work(context: Context) -> None:
    """Ask the teacher, search on few rows, fit the best settings on all of them, and write what came of it."""
    settings, root = context.params.tune_primary_model, context.root
    with crew(context.params.workers) as workers, TemporaryDirectory() as folder:
        rows = workers.give(root, READ)
        _keep(Path(folder), _lessons(context, workers, rows))
        lessons = workers.give(Path(folder), KEPT)
        study = _search(context, workers, partial(_try, rows, lessons, settings))
        chosen = tuning.best(study, settings.members)
        write(root / "reports/trials.parquet", pa.Table.from_pylist(tuning.records(study)))
        with writing(root / "reports/trials.html") as draft:
            draft.write_text(tuning.page(study), encoding="utf-8")
        members = []
        for member in workers.map(partial(_member, rows, lessons, settings), enumerate(chosen)):
            members.append(member)
            share = SEARCHED + (1 - SEARCHED) * len(members) / len(chosen)
            context.progress(share, f"network {len(members)} of {len(chosen)}, {min(member.history):.4f}")
    _write(root, rows, chosen, members)


def _lessons(context: Context, workers: Crew, rows: Files) -> Lessons:
    blocks = list(product((False, True), range(teacher.BLOCKS)))
    seed, found = context.params.tune_primary_model.seed, []
    for lesson in workers.map(partial(_lesson, rows, seed), blocks):
        found.append(lesson)
        context.progress(TAUGHT * len(found) / len(blocks), f"trees {len(found)} of {len(blocks)}")
    return Lessons(*(np.concatenate(half) for half in (found[: teacher.BLOCKS], found[teacher.BLOCKS :])))


def _lesson(rows: Files, seed: int, which: tuple[bool, int]) -> Floats:
    (train, val), (both, block) = parts(rows), which
    return teacher.lesson(train.then(val) if both else train, block, seed=seed)


def _keep(folder: Path, lessons: Lessons) -> None:
    for name, each in zip(KEPT, (lessons.train, lessons.both), strict=True):
        np.save(folder / name, each, allow_pickle=False)


def _search(context: Context, workers: Crew, evaluate: tuning.Evaluate) -> Study:
    settings = context.params.tune_primary_model
    how = tuning.Search(
        trials=settings.n_trials,
        epochs=settings.trial_epochs,
        batch=settings.batch,
        seed=settings.seed,
        first=trial.usual(),
        grid=trial.GRID if settings.grid else None,
    )
    return tuning.search(
        trial.SPACE,
        evaluate,
        how,
        apply=partial(workers.map, ahead=settings.batch),
        progress=lambda share, note: context.progress(TAUGHT + (SEARCHED - TAUGHT) * share, note),
    )


def _try(
    rows: Files, lessons: Files, settings: Tuning, wanted: dict[str, Any], limits: tuple[float, ...]
) -> Sequence[float]:
    train, val = parts(rows)
    return trial.evaluate(
        train.newest(settings.trial_rows),
        val,
        trial.model(wanted, inputs(rows)),
        epochs=settings.trial_epochs,
        seed=settings.seed,
        limits=limits,
        lessons=_learnt(lessons).train[-settings.trial_rows :],
    )


def _member(rows: Files, lessons: Files, settings: Tuning, nth: tuple[int, dict[str, Any]]) -> Member:
    """Choose the epochs on the validation rows, then fit anew on them too."""
    import torch
    from safetensors.torch import save

    torch.set_num_threads(1)
    (train, val), (at, wanted), learnt = parts(rows), nth, _learnt(lessons)
    fit = partial(
        training.fit,
        trial.model(wanted, inputs(rows)),
        seed=settings.seed + at,
        watch=lambda epoch, error: True,
    )
    chosen = fit(train, val, epochs=settings.num_epochs, lessons=learnt.train)
    both = fit(train.then(val), None, epochs=chosen.best_epoch, lessons=learnt.both)
    forecast = training.forecast(chosen.network, val)
    weights, where = save(both.network.state_dict()), device().type
    return Member(weights, where, chosen.best_epoch, chosen.history, forecast)


# A worker may outlive many runs: it keeps what the last one gave it, by digest.
@lru_cache(maxsize=1)
def parts(rows: Files) -> tuple[Rows, Rows]:
    """The training and the validation rows among the files ``READ``."""
    folder = rows.folder()
    return part(folder, "train"), part(folder, "val")


@lru_cache(maxsize=1)
def inputs(rows: Files) -> trial.Inputs:
    """What every network of a shop takes and gives, by the files ``READ``."""
    text = (rows.folder() / "preprocessors/encoder.json").read_text(encoding="utf-8")
    encoder, (train, _) = Encoder.from_json(json.loads(text)), parts(rows)
    levels = tuple(len(each.levels) + 1 for each in encoder.categorical)
    flags = sum(each.missing for each in encoder.numeric)
    return trial.Inputs(len(encoder.names), flags, levels, training.atoms(train.target))


@lru_cache(maxsize=1)
def _learnt(lessons: Files) -> Lessons:
    folder = lessons.folder()
    return Lessons(*(np.load(folder / name, allow_pickle=False) for name in KEPT))


def _write(root: Path, rows: Files, chosen: list[dict[str, Any]], members: list[Member]) -> None:
    """Write the committee, and its validation errors under the fields that readers know."""
    _, val = parts(rows)
    wanted = [trial.model(settings, inputs(rows)) for settings in chosen]
    version = _save(root / "models/production", wanted, members)
    scored = accuracy(val.target, np.mean([member.forecast for member in members], axis=0))
    recipe = wanted[0][1]
    figures = {
        "mse_val": scored.mse_log,
        "mae_val": scored.mae,
        "rmsle_val": scored.rmsle,
        "model_version": version,
    }
    chosen_by = {"optimizer": recipe.optimizer, "batch_size": recipe.batch_size, "lr": recipe.learning_rate}
    rest = {"num_epochs": members[0].best_epoch, "history": list(members[0].history)}
    each = [
        {
            "mse_val": min(member.history),
            "num_epochs": member.best_epoch,
            "device": member.device,
            "hparams": settings,
        }
        for settings, member in zip(chosen, members, strict=True)
    ]
    about = {**figures, "hparams": chosen[0], **chosen_by, **rest, "members": each}
    write_json(root / "metrics/dfn_val.json", about)


def _save(
    folder: Path, wanted: list[tuple[network.Architecture, training.Recipe]], members: list[Member]
) -> str:
    """Write weights, shapes and the exported committee; answer with its version: the digest of what serves."""
    from safetensors.torch import load, save

    networks = [network.OrderNetwork(shape) for shape, _ in wanted]
    for fitted, member in zip(networks, members, strict=True):
        fitted.load_state_dict(load(member.weights))
    committee = network.Committee(networks)
    exported = network.onnx(committee)
    about = [
        {"architecture": shape.model_dump(mode="json"), "recipe": recipe.model_dump(mode="json")}
        for shape, recipe in wanted
    ]
    with writing(folder / "dfn_best.safetensors") as draft:
        draft.write_bytes(save(committee.state_dict()))
    with writing(folder / "dfn_best.onnx") as draft:
        draft.write_bytes(exported)
    write_json(folder / "dfn_best.json", {"members": about})
    return hashlib.sha256(exported).hexdigest()


if __name__ == "__main__":
    # By its own name: that is how workers find its functions.
    from pricetrail.stages import tune_primary_model

    main("tune_primary_model", tune_primary_model.work)
