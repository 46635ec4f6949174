import numpy as np
import onnxruntime
import pytest

from pricetrail.demand import backups
from pricetrail.demand.rows import Rows


def rows(count, seed):
    random = np.random.default_rng(seed)
    numeric = random.normal(size=(count, 4)).astype(np.float32)
    categories = random.integers(0, 3, (count, 1)).astype(np.int32)
    target = numeric[:, 0] - 0.5 * numeric[:, 1] + 0.1 * random.normal(size=count)
    return Rows(numeric, categories, target.astype(np.float32))


def fitted(name):
    train, val = rows(800, 1), rows(200, 2)
    return (
        backups.elastic_net(train, val)
        if name == "elastic_net"
        else backups.lightgbm(train, val, seed=1, threads=1)
    )


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["lightgbm", "elastic_net"])
def test_backup_learns_repeats_and_serves(name):
    model = fitted(name)
    assert model.onnx == fitted(name).onnx
    later = rows(300, 3)
    session = onnxruntime.InferenceSession(model.onnx)
    answer = session.run(None, {"features": later.numeric})[0].ravel()
    assert np.mean(np.square(answer - later.target)) < 0.25 * np.var(later.target)
    assert model.val.mse_log < 0.25
