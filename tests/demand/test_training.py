import numpy as np
import onnxruntime
import pytest
import torch

from pricetrail.demand.network import PIECES, Architecture, Committee, Dropout, OrderNetwork, onnx
from pricetrail.demand.rows import Rows
from pricetrail.demand.training import ATOMS, Recipe, atoms, fit, forecast

SHAPE = Architecture(
    numeric=3, levels=(5, 4), atoms=tuple(np.linspace(-4, 7, 12)), layers=2, width=16, dropout=0.0, unseen=0.0
)


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


@pytest.mark.parametrize("optimizer", ["muon", "adamw"])
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
    assert again == pytest.approx(min(found.history), rel=0.02)  # the epochs' are told in bfloat16


def test_watch_ends_the_training():
    assert len(fitted(watch=lambda epoch, error: epoch < 3).history) == 3


def test_without_judges_the_last_epoch_is_kept():
    assert fitted(val=False, epochs=4).best_epoch == 4


@pytest.mark.parametrize("epochs", range(9, 12))
def test_any_number_of_steps(epochs):
    assert len(fitted(epochs=epochs, batch_size=600).history) == epochs


def test_lessons_draw_the_forecast():
    lessons = rows().target + 1
    wanted = (SHAPE, Recipe(learning_rate=0.02, batch_size=64))
    means = [
        forecast(
            fit(
                wanted,
                rows(),
                None,
                epochs=6,
                seed=1,
                watch=lambda epoch, error: True,
                lessons=each,
            ).network,
            rows(),
        ).mean()
        for each in (None, lessons)
    ]
    assert 0.3 < means[1] - means[0] < 1


def test_a_row_left_alone_is_no_batch():
    shape = SHAPE.model_copy(update={"batch_norm": True})
    found = fit(
        (shape, Recipe(batch_size=100)), rows(201), None, epochs=1, seed=1, watch=lambda epoch, error: True
    )
    assert np.isfinite(forecast(found.network, rows(5))).all()


def test_dropout_takes_its_share_and_keeps_the_mean():
    torch.manual_seed(1)
    values = Dropout(0.25)(torch.ones(400, 101))
    assert sorted(set(values.flatten().tolist())) == pytest.approx([0, 4 / 3])
    assert float((values == 0).float().mean()) == pytest.approx(0.25, abs=0.01)
    assert float(values.mean()) == pytest.approx(1, abs=0.01)
    assert torch.equal(Dropout(0.25).eval()(values), values)


def test_committee_forecasts_the_mean_of_its_members():
    members = [fitted(seed=seed).network for seed in (1, 2)]
    mean = np.mean([forecast(member, rows(50, 3)) for member in members], axis=0)
    assert forecast(Committee(members), rows(50, 3)) == pytest.approx(mean, abs=1e-6)


@pytest.mark.filterwarnings("ignore")
def test_exported_committee_answers_alike_for_any_number_of_rows():
    committee = Committee([fitted(seed=seed).network for seed in (1, 2)])
    exported = onnx(committee)
    session = onnxruntime.InferenceSession(exported)
    for count in (1, 7, 300):
        some = rows(count, 3)
        fed = {"numeric": some.numeric, "categories": some.categories.astype(np.int64)}
        assert session.run(None, fed)[0] == pytest.approx(forecast(committee, some), abs=1e-5)
    assert exported == onnx(committee)
    assert b"site-packages" not in exported


def test_forecast_stays_among_the_atoms():
    network = fitted().network
    wild = Rows(100 * rows().numeric, rows().categories, rows().target)
    assert (
        min(SHAPE.atoms) <= forecast(network, wild).min() <= forecast(network, wild).max() <= max(SHAPE.atoms)
    )


def test_atoms_span_quantities_that_seldom_repeat():
    target = np.linspace(3, 11, 4001, dtype=np.float32)
    found = atoms(np.concatenate([target, np.full(40, 3, np.float32)]))
    assert len(found) == ATOMS
    assert (found[0], found[-1]) == pytest.approx((3.0, 10.9), abs=0.1)


def test_flags_are_not_cut_into_pieces():
    network = OrderNetwork(SHAPE.model_copy(update={"flags": 2}))
    assert network.entry.in_features == OrderNetwork(SHAPE).entry.in_features - 2 * (PIECES - 1)
    assert forecast(network, rows(40)).shape == (40,)


def test_atoms_are_the_most_frequent_quantities():
    target = np.log1p(np.repeat(np.arange(1, 101), np.arange(100, 0, -1))).astype(np.float32)
    assert atoms(target) == tuple(np.log1p(np.arange(1, ATOMS + 1)).astype(np.float32).tolist())


def test_code_of_the_unseen_is_trained():
    # Rows whose codes are all known: only training without some of them can move what stands for code 0.
    known = Rows(rows().numeric, rows().categories + 1, rows().target)
    shape = SHAPE.model_copy(update={"levels": (6, 6), "unseen": 0.5})
    found = fit((shape, Recipe()), known, None, epochs=1, seed=1, watch=lambda epoch, error: True).network
    torch.manual_seed(1)
    for before, after in zip(OrderNetwork(shape).embeddings, found.embeddings, strict=True):
        assert not torch.allclose(before.weight[0], after.weight[0], rtol=1e-2)


def test_categories_without_numerics():
    network = OrderNetwork(Architecture(numeric=0, levels=(5, 4), atoms=(0.7, 1.1), layers=1, width=4))
    answer = network(torch.zeros(3, 0), torch.zeros(3, 2, dtype=torch.int64))
    assert answer.shape == (3,)
