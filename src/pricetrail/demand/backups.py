"""The backup models: LightGBM and an elastic net on the network's numeric inputs, as ONNX."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pricetrail.demand import trees
from pricetrail.demand.accuracy import Accuracy, accuracy
from pricetrail.demand.rows import Rows

OPSET = 15
ALPHAS = (0.0003, 0.001, 0.003, 0.01, 0.03)
MIX = 0.5


@dataclass(frozen=True, slots=True)
class Backup:
    """A fitted backup: ONNX bytes that take ``features`` (n, p) float32, and its validation errors."""

    name: str
    onnx: bytes
    val: Accuracy
    hparams: dict[str, float | int]


def lightgbm(train: Rows, val: Rows, *, seed: int, threads: int) -> Backup:
    """Gradient-boosted trees; the number of rounds is chosen on the validation rows,
    and the model is then fitted again on training and validation rows together."""
    trial = trees.grow(train, trees.MOST, seed=seed, judges=val, threads=threads)
    booster = trees.grow(train.then(val), trial.best_iteration, seed=seed, threads=threads)
    score = accuracy(val.target, np.asarray(trial.predict(val.numeric)))
    return Backup(
        "lightgbm", _trees(booster), score, {"rounds": trial.best_iteration, **_numbers(trees.SETTINGS)}
    )


def elastic_net(train: Rows, val: Rows) -> Backup:
    """Linear regression with both penalties (Zou and Hastie, 2005), their strength chosen on ``val``, and the model
    then fitted again on training and validation rows together."""
    fits = [_penalised(train, alpha) for alpha in ALPHAS]
    scores = [accuracy(val.target, fit.predict(val.numeric)) for fit in fits]
    best = min(range(len(fits)), key=lambda at: scores[at].mse_log)
    final = _penalised(train.then(val), ALPHAS[best])
    return Backup("elastic_net", _linear(final), scores[best], {"alpha": ALPHAS[best], "l1_ratio": MIX})


def _penalised(rows: Rows, alpha: float) -> Any:
    """Descend over the products of the columns, few and computed once, rather than over the rows in every step."""
    from sklearn.linear_model import ElasticNet
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # more threads would add up in another order
        net = ElasticNet(alpha=alpha, l1_ratio=MIX, max_iter=2000, precompute=True)
        return net.fit(rows.numeric.astype(np.float64), rows.target.astype(np.float64))


def _numbers(settings: dict[str, object]) -> dict[str, float | int]:
    return {name: value for name, value in settings.items() if isinstance(value, int | float)}


def _trees(booster: Any) -> bytes:
    from onnxmltools.convert import convert_lightgbm
    from onnxmltools.convert.common.data_types import FloatTensorType

    width = booster.num_feature()
    kind = [("features", FloatTensorType([None, width]))]
    return _serialised(convert_lightgbm(booster, name="lightgbm", initial_types=kind, target_opset=OPSET))


def _linear(model: Any) -> bytes:
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import FloatTensorType

    width = model.n_features_in_
    kind = [("features", FloatTensorType([None, width]))]
    return _serialised(convert_sklearn(model, name="elastic_net", initial_types=kind, target_opset=OPSET))


def _serialised(model: Any) -> bytes:
    """The bytes of an ONNX model, without the random id that the converters leave in its description."""
    model.doc_string = ""
    return bytes(model.SerializeToString())
