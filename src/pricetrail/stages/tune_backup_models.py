"""Stage ``tune_backup_models``: LightGBM and elastic net, exported so that serving needs no pickle."""

from __future__ import annotations

from dataclasses import asdict

from pricetrail.demand import backups
from pricetrail.files import write_json, writing
from pricetrail.stages.stage import Context, main
from pricetrail.stages.tables import part

# Two threads on a machine that has other work wait for each other far longer than one thread works.
THREADS = 1


def work(context: Context) -> None:
    """Fit both, write each as ONNX and both scores as one metrics file."""
    train, val = part(context.root, "train"), part(context.root, "val")
    context.progress(0.0, "LightGBM")
    trees = backups.lightgbm(train, val, seed=context.params.tune_backup_models.seed, threads=THREADS)
    context.progress(0.8, "elastic net")
    fitted = [trees, backups.elastic_net(train, val)]
    for model in fitted:
        with writing(context.root / f"models/backup/{model.name}.onnx") as draft:
            draft.write_bytes(model.onnx)
    scores = {model.name: {**asdict(model.val), "hparams": model.hparams} for model in fitted}
    write_json(context.root / "metrics/backup_val.json", scores)


if __name__ == "__main__":
    main("tune_backup_models", work)
