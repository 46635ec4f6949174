import numpy as np
import onnxruntime
import pytest
import torch

from pricetrail.demand.network import Architecture, OrderNetwork, onnx
from pricetrail.demand.rows import Rows
from pricetrail.demand.training import Recipe, fit, forecast

SHAPE = Architecture(numeric=3, levels=(5, 4), layers=2, width=16, dropout=0.0)


def rows(count=600, seed=0):
    random = np.random.default_rng(seed)
    numeric = random.normal(size=(count, 3)).astype(np.float32)
    categories = random.integers(0, 4, (count, 2)).astype(np.int32)
    target = numeric[:, 0] + categories[:, 0] - 0.5 * numeric[:, 1] + 0.1 * random.normal(size=count)
    return Rows(numeric, categories, target.astype(np.float32))


def fitted(*, epochs=6, seed=1, val=True, watch=lambda epoch, error: True, **recipe):
    wanted = (SHAPE, Recipe(**{"learning_rate": 0.02, "batch_size": 64, **recipe}))
    judges = rows(200, 9) if val else None
    return fit(wanted, rows(), judges, epochs=epochs, seed=seed, watch=watch)


def weights(found):
    return {name: tensor.numpy() for name, tensor in found.network.state_dict().items()}


@pytest.mark.parametrize("optimizer", ["adamw", "nadam", "rmsprop"])
def test_learns_what_there_is_to_learn(optimizer):
    assert min(fitted(optimizer=optimizer, learning_rate=0.005, epochs=20).history) < 0.25 * float(
        np.var(rows().target)
    )


def test_same_seed_same_weights_to_the_bit():
    torch.set_num_threads(1)
    one, other = weights(fitted()), weights(fitted())
    assert all(np.array_equal(one[name], other[name]) for name in one)
    assert any(not np.array_equal(one[name], it) for name, it in weights(fitted(seed=2)).items())


def test_best_weights_are_kept():
    found = fitted(learning_rate=0.2, epochs=8)
    again = float(np.mean(np.square(forecast(found.network, rows(200, 9)) - rows(200, 9).target)))
    assert found.history[found.best_epoch - 1] == min(found.history)
    assert again == pytest.approx(min(found.history), rel=1e-6)


def test_watch_ends_the_training():
    assert len(fitted(watch=lambda epoch, error: epoch < 3).history) == 3


def test_without_judges_the_last_epoch_is_kept():
    assert fitted(val=False, epochs=4).best_epoch == 4


@pytest.mark.filterwarnings("ignore")
def test_exported_network_answers_alike_for_any_number_of_rows():
    network = fitted().network
    exported = onnx(network)
    session = onnxruntime.InferenceSession(exported)
    for count in (1, 7, 300):
        some = rows(count, 3)
        fed = {"numeric": some.numeric, "categories": some.categories.astype(np.int64)}
        assert session.run(None, fed)[0] == pytest.approx(forecast(network, some), abs=1e-5)
    assert exported == onnx(network)
    assert b"site-packages" not in exported


def test_categories_without_numerics():
    network = OrderNetwork(Architecture(numeric=0, levels=(5, 4), layers=1, width=4))
    answer = network(torch.zeros(3, 0), torch.zeros(3, 2, dtype=torch.int64))
    assert answer.shape == (3,)
