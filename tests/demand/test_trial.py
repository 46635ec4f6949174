import numpy as np
import pytest

from pricetrail.demand.rows import Rows
from pricetrail.demand.trial import GRID, SPACE, Inputs, evaluate, model, usual

INPUTS = Inputs(numeric=2, flags=1, levels=(3,), atoms=(0.0, 1.0, 2.0))


def rows(count, seed):
    random = np.random.default_rng(seed)
    numeric = random.normal(size=(count, 2)).astype(np.float32)
    target = (numeric[:, 0] > 0).astype(np.float32)
    return Rows(numeric, random.integers(0, 3, (count, 1)).astype(np.int32), target)


def tried(limits):
    settings = {**usual(), "width": 16, "batch_size": 64, "unseen": 0.1}
    return evaluate(rows(400, 1), rows(100, 2), model(settings, INPUTS), epochs=3, seed=1, limits=limits)


def test_usual_settings_lie_in_the_space():
    assert all(
        distribution._contains(distribution.to_internal_repr(usual()[name]))
        for name, distribution in SPACE.items()
    )
    assert set(GRID) == set(SPACE)


def test_every_setting_of_the_space_changes_the_model():
    shape, recipe = model(usual(), INPUTS)
    assert set(SPACE) <= {*shape.model_dump(), *recipe.model_dump()}


@pytest.mark.parametrize(("limits", "epochs"), [((), 3), ((9.0, 9.0), 3), ((0.0,), 1), ((9.0, 0.0), 2)])
def test_trial_ends_above_its_limit(limits, epochs):
    assert len(tried(limits)) == epochs


def test_trial_repeats_to_the_bit():
    assert tried(()) == tried(())
