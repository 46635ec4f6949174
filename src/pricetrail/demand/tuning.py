"""The search for good settings: the same trials and the same best one at any number of workers.

A fixed number of trials is under way at once. They are evaluated in parallel and told in order, and for each that is
told the next is asked for (Akiba et al., 2019, for Optuna; Bergstra et al., 2011, for TPE): so a trial knows of all
but the few right before it, however fast these run. It is pruned by limits that were set when it was asked for: the
median, over all trials told by then, of the error after as many epochs.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice, product
from statistics import median
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.trial import TrialState

from pricetrail.apply import Map

Settings = dict[str, Any]
Limits = tuple[float, ...]
Piece = tuple[Settings, Limits]
Asked = tuple[optuna.Trial, Limits]
Evaluate = Callable[[Settings, Limits], Sequence[float]]
Space = Mapping[str, BaseDistribution]

WARM_UP = 8
# A trial's error beside the best one's, from which on it is more than another seed would change.
BEHIND = 1.005


@dataclass(frozen=True, slots=True)
class Search:
    """How to search: how many trials of how many epochs, a ``batch`` of them under way at once, from which seed.

    The search starts from ``first``, if given, and goes on by TPE; or it goes over a ``grid``.
    """

    trials: int
    epochs: int
    batch: int
    seed: int
    first: Mapping[str, Any] | None = None
    grid: Mapping[str, Sequence[Any]] | None = None


def search(
    space: Space, evaluate: Evaluate, how: Search, *, apply: Map, progress: Callable[[float, str], None]
) -> optuna.Study:
    """Try settings from ``space``.

    Args:
        space: the distribution of each setting.
        evaluate: trains with some settings, and returns the validation error after each epoch; it stops after
            the first epoch whose error is above that epoch's limit.
        apply: ``map``, or the same over several processes, which draws no more than ``how.batch`` pieces ahead.
    """
    study = _study(how)
    trials = len(study.trials) if how.grid else how.trials

    def ask() -> Asked:
        return study.ask(dict(space)), _limits(study)

    asked = [ask() for _ in range(min(how.batch, trials))]
    pieces = ((asked[at][0].params, asked[at][1]) for at in range(trials))
    for at, errors in enumerate(apply(partial(_call, evaluate), pieces)):
        _tell(study, asked[at][0], errors, pruned=len(errors) < how.epochs)
        if len(asked) < trials:
            asked.append(ask())
        progress((at + 1) / trials, f"trial {at + 1} of {trials}, best {study.best_value:.4f}")
    return study


def best(study: optuna.Study, count: int) -> list[Settings]:
    """The settings of the best trials that ran to their end, ``count`` of them, the best first.

    Those that fall clearly behind are left out, and the others come again instead: with other seeds they err apart.
    """
    done = [trial for trial in study.trials if trial.state is TrialState.COMPLETE]
    done.sort(key=lambda trial: (trial.value, trial.number))
    near = [trial.params for trial in done if _value(trial) <= BEHIND * _value(done[0])]
    return list(islice(cycle(near[:count]), count))


def records(study: optuna.Study) -> list[dict[str, Any]]:
    """Every trial as a plain record: number, state, error, epochs, and each setting."""
    return [
        {
            "number": trial.number,
            "state": trial.state.name.lower(),
            "value": trial.value,
            "epochs": len(trial.intermediate_values),
            **{f"param_{name}": value for name, value in sorted(trial.params.items())},
        }
        for trial in study.trials
    ]


def page(study: optuna.Study) -> str:
    """One HTML page, whole in itself: history, importance, and parallel coordinates of the trials."""
    from optuna import visualization as show

    drawn = [show.plot_optimization_history(study)]
    found = {trial.value for trial in study.trials if trial.state is TrialState.COMPLETE}
    if len(found) > 1:  # of trials that all end alike no setting is important
        fanova = optuna.importance.FanovaImportanceEvaluator(seed=0)
        drawn += [show.plot_param_importances(study, evaluator=fanova), show.plot_parallel_coordinate(study)]
    parts = [
        figure.to_html(full_html=False, include_plotlyjs=at == 0, div_id=f"figure-{at}")
        for at, figure in enumerate(drawn)
    ]
    head = "<!doctype html><html lang='en'><meta charset='utf-8'><title>Trials</title><body>"
    return "\n".join([head, *parts, "</body></html>"])


def _call(evaluate: Evaluate, piece: Piece) -> Sequence[float]:
    return evaluate(*piece)


def _study(how: Search) -> optuna.Study:
    """A seeded study; a grid's points wait in its queue, and are what it is asked for."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.TPESampler(seed=how.seed, n_startup_trials=WARM_UP, constant_liar=True)
    study = optuna.create_study(sampler=sampler, direction="minimize")
    if how.grid:
        for point in product(*how.grid.values()):
            study.enqueue_trial(dict(zip(how.grid, point, strict=True)))
    elif how.first:
        study.enqueue_trial(dict(how.first))
    return study


def _limits(study: optuna.Study) -> Limits:
    """For each epoch the median error of the trials that ran to their end; none before the warm-up is over."""
    done = [list(t.intermediate_values.values()) for t in study.trials if t.state is TrialState.COMPLETE]
    if len(done) < WARM_UP:
        return ()
    longest = max(map(len, done))
    return tuple(median(errors[epoch] for errors in done if len(errors) > epoch) for epoch in range(longest))


def _value(trial: optuna.trial.FrozenTrial) -> float:
    return float("inf") if trial.value is None else trial.value


def _tell(study: optuna.Study, trial: optuna.Trial, errors: Sequence[float], *, pruned: bool) -> None:
    for epoch, error in enumerate(errors):
        trial.report(error, epoch)
    if pruned:
        study.tell(trial, state=TrialState.PRUNED)
    else:
        study.tell(trial, min(errors))
