from functools import partial

import pytest
from optuna.distributions import FloatDistribution, IntDistribution

from pricetrail.demand.tuning import BEHIND, Search, best, page, records, search
from pricetrail.workers.local import local

SPACE = {"x": FloatDistribution(-3, 3), "layers": IntDistribution(1, 3)}


def bowl(settings, limits, epochs=4):
    errors = []
    for epoch in range(epochs):
        errors.append((settings["x"] - 1) ** 2 + settings["layers"] / 10 + 1 / (epoch + 1))
        if epoch < len(limits) and errors[-1] > limits[epoch]:
            break
    return errors


def tried(apply=map, **how):
    return search(
        SPACE,
        bowl,
        Search(**{"trials": 24, "epochs": 4, "batch": 4, "seed": 1, **how}),
        apply=apply,
        progress=print,
    )


def test_same_trials_at_any_number_of_workers():
    alone = records(tried())
    for workers in (1, 2):
        with local(workers) as crew:
            assert records(tried(partial(crew.map, ahead=4))) == alone


def test_finds_the_bottom_and_prunes():
    study = tried()
    assert abs(study.best_params["x"] - 1) < 0.5
    pruned = [record for record in records(study) if record["state"] == "pruned"]
    assert pruned
    assert all(record["epochs"] < 4 for record in pruned)


def test_grid_tries_every_point_once():
    study = tried(grid={"x": [0.0, 1.0, 2.0], "layers": [1, 2]})
    assert sorted((t.params["x"], t.params["layers"]) for t in study.trials) == [
        (x, layers) for x in (0.0, 1.0, 2.0) for layers in (1, 2)
    ]


def test_search_starts_from_what_is_known():
    known = {"x": 1.5, "layers": 2}
    study = tried(first=known)
    assert study.trials[0].params == known
    assert len(study.trials) == 24


def test_best_trials_come_again_where_the_others_fall_behind():
    study = tried()
    found = best(study, 3)
    assert [found[0], len(found)] == [study.best_params, 3]
    assert all(bowl(settings, ())[-1] <= BEHIND * study.best_value for settings in found)


def test_seed_decides():
    assert records(tried()) != records(tried(seed=2))


def test_page_is_whole_and_repeats():
    study = tried()
    text = page(study)
    assert text == page(tried())
    assert "src=" not in text.replace("<script", "")[:200]


def test_trials_that_all_end_alike():
    how = Search(trials=4, epochs=1, batch=2, seed=1)
    study = search(SPACE, lambda settings, limits: [0.0], how, apply=map, progress=lambda share, note: None)
    assert "figure-0" in page(study)


def test_failing_trial_is_not_swallowed():
    broken = partial(bowl, epochs=0)
    with pytest.raises(ValueError, match="empty"):
        search(SPACE, broken, Search(trials=4, epochs=0, batch=4, seed=1), apply=map, progress=print)
