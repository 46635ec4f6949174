"""The search by whoever is at hand, one of them killed on the way: the same model to the last byte."""

import json

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from clusters import clustered

from pricetrail.demand.encode import Categorical, Encoder, Numeric
from pricetrail.lineage.canonical import file_digest
from pricetrail.params import Params
from pricetrail.stages import tune_primary_model
from pricetrail.stages.stage import Context

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(1200)]

NUMERIC, CATEGORICAL = ["age", "price"], ["stockcode"]
CODES = (Categorical("stockcode", tuple("ABCD")),)
TUNING = {"n_trials": 6, "batch": 4, "members": 2, "trial_rows": 800, "trial_epochs": 1, "num_epochs": 2}
MADE = ("models/production/dfn_best.safetensors", "models/production/dfn_best.onnx", "reports/trials.parquet")


def write(path, **columns):
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)


@pytest.fixture
def shop(tmp_path):
    """A shop as ``preprocess`` leaves it."""
    rng = np.random.default_rng(1)
    for name, count in (("train", 1500), ("val", 300)):
        age, price = rng.normal(size=(2, count)).astype(np.float32)
        code = rng.integers(0, 5, count).astype(np.int32)
        write(tmp_path / f"data/x_{name}_processed.parquet", age=age, price=price, stockcode=code)
        write(tmp_path / f"data/y_{name}_df.parquet", quantity=np.exp(age + code / 5).round() + 1)
    (tmp_path / "preprocessors").mkdir()
    for name, value in (
        ("feature_names", {"numeric": NUMERIC, "categorical": CATEGORICAL}),
        (
            "encoder",
            Encoder(tuple(Numeric(each, (0.0,), (0.0,), False) for each in NUMERIC), CODES).to_json(),
        ),
    ):
        (tmp_path / f"preprocessors/{name}.json").write_text(json.dumps(value))
    return tmp_path


def tuned(root, progress=lambda share, note: None, **workers):
    params = Params.model_validate({"tune_primary_model": TUNING, "workers": workers})
    tune_primary_model.work(Context(root, params, progress))
    return [file_digest(root / name) for name in MADE]


def test_same_model_though_a_worker_is_killed(shop, tmp_path):
    alone, doomed = tuned(shop, count=1), []

    def kill(share, note):
        if note.startswith("trees 2"):
            doomed.extend(psutil.Process(workers[0].pid).children(recursive=True))
            for each in (workers[0], *doomed):
                each.kill()

    with clustered(2, tmp_path / "cluster") as (address, workers):
        assert tuned(shop, kill, engine="dask", address=address) == alone
    assert doomed
    assert tuned(shop, count=2) == alone
