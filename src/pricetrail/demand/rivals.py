"""The model beside what it must beat, and what it must not fall behind: on the same lines, pair by pair."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pricetrail.demand.inference import Forecasts, Numbers
from pricetrail.demand.interval import Interval, Resamples
from pricetrail.demand.verdict import BELOW_ZERO, Rule, Verdict, at_most, closing, said

EXACT = 1e-8
FEWER = "(assess_model_risk.min_invoices; a larger preprocess.test_share tests on more)"


@dataclass(frozen=True, slots=True)
class Trial:
    """The test lines, and how many invoices they must come from before a rule is judged on them."""

    found: Forecasts
    resamples: Resamples
    fewest: int

    def squares(self, forecast: Numbers) -> Numbers:
        """Squared errors on the log1p scale, shape (n,)."""
        return (forecast - self.found.true) ** 2

    def invoices(self) -> int:
        """How many invoices the lines come from."""
        return self.resamples.invoices(np.ones(len(self.found), bool))


def beats_naive(trial: Trial) -> Rule:
    """The MSE(log) must be below the naive heuristic's, by the whole interval of the difference; as exact where that
    is never wrong, as where every line is one unit."""
    own, naive = trial.squares(trial.found.predicted), trial.squares(trial.found.naive)
    if naive.mean() < EXACT and own.mean() < EXACT:
        words = "The naive heuristic is never wrong on these lines, and nor is the model: nothing is to be forecast."
        figures = {"mse_model": float(own.mean()), "mse_naive": float(naive.mean())}
        return Rule("naive", Verdict.PASSED, words, figures)
    excess = trial.resamples.mean(own - naive)
    words = (
        f"MSE(log) {own.mean():.4f}, the naive heuristic's {naive.mean():.4f}: a difference of "
        f"{said(excess)}, which must be below zero."
    )
    figures = {"mse_model": float(own.mean()), "mse_naive": float(naive.mean())}
    return _judged(Rule("naive", Verdict.INCONCLUSIVE, words, figures), trial, excess, BELOW_ZERO)


def keeps_up(trial: Trial, production: Numbers, *, margin: float) -> Rule:
    """The MSE(log) must be at most ``1 + margin`` times the production release's on the same lines.

    Args:
        production: the production release's forecasts on the log1p scale, shape (n,).
        margin: how much worse is accepted, as a share.
    """
    own, other = trial.squares(trial.found.predicted), trial.squares(production)
    excess = trial.resamples.mean(own - (1 + margin) * other)
    words = (
        f"MSE(log) {own.mean():.4f}, the production release's on the same lines {other.mean():.4f}: against "
        f"{margin:.1%} more than that a difference of {said(excess)}, which must not be above zero."
    )
    figures = {"mse_model": float(own.mean()), "mse_production": float(other.mean()), "margin": margin}
    return _judged(Rule("production", Verdict.INCONCLUSIVE, words, figures), trial, excess, 0.0)


def unrivalled() -> Rule:
    """No production release: nothing to fall behind."""
    return Rule(
        "production", Verdict.PASSED, "There is no production release yet that the model could be worse than."
    )


def incomparable(reason: str) -> Rule:
    """There is a production release, but it cannot forecast these lines."""
    return Rule(
        "production", Verdict.INCONCLUSIVE, f"The production release cannot forecast these lines: {reason}"
    )


def _judged(draft: Rule, trial: Trial, excess: Interval, limit: float) -> Rule:
    """Judge the excess, unless the lines are too few: with few invoices no interval can be trusted."""
    invoices = trial.invoices()
    figures = {
        **draft.figures,
        "excess": excess.estimate,
        "low": excess.low,
        "high": excess.high,
        "invoices": invoices,
    }
    if invoices < trial.fewest:
        words = f" {invoices:,} invoices are too few to judge by: at least {trial.fewest} are needed {FEWER}."
        return replace(draft, words=draft.words + words, figures=figures)
    verdict = at_most(excess, limit)
    return replace(draft, verdict=verdict, words=draft.words + closing(verdict), figures=figures)
