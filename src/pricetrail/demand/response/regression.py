"""Regressions with many effects of groups, absorbed: least squares and Poisson, standard errors by cluster.

Effects of series and weeks are not estimated one by one: every column is freed of its weighted group means, one
grouping after the other until nothing moves (Gaure, 2013), within the steps of a Poisson fit (PPML: Santos Silva
and Tenreyro, 2006; with absorbed effects: Correia, Guimaraes and Zylkin, 2020).

Errors are clustered, and jackknifed: what one cluster bends the coefficients by is taken out of its own residuals (CR3;
Bell and McCaffrey, 2002), as a few series with long cuts carry most of what is known. Where rows hang together in two
ways, by series and by the weeks in which many are repriced at once, both count (Cameron, Gelbach and Miller, 2011).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pricetrail.demand.response.panel import Bools, Floats, Ints

Family = Literal["gaussian", "poisson"]
ROUNDS = 500
STEPS = 60
CLOSE = 1e-9
TINY = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Regression:
    """Coefficients (k,) and their covariance by cluster (k, k); how many rows and clusters they rest on."""

    coefficients: Floats
    cov: Floats
    rows: int
    clusters: int

    @property
    def errors(self) -> Floats:
        """Standard errors, shape (k,)."""
        return np.sqrt(np.diag(self.cov))


def fit(
    outcome: Floats, design: Floats, effects: Sequence[Ints], clusters: Sequence[Ints], *, family: Family
) -> Regression:
    """Regress ``outcome`` (n,) on ``design`` (n, k) with the ``effects`` of groups, each (n,), absorbed.

    Rows of groups without a single count say nothing in a Poisson fit and are left out. ``clusters`` are one or two
    ways in which rows hang together, (n,) each, the first of which counts as the number of clusters.
    """
    if family == "poisson":
        kept = _counted(outcome, effects)
        outcome, design = outcome[kept], design[kept]
        effects, clusters = ([group[kept] for group in each] for each in (effects, clusters))
    groups = [np.unique(group, return_inverse=True)[1] for group in effects]
    solve = _poisson if family == "poisson" else _gaussian
    freed, weight, residual, found = solve(outcome, design, groups)
    bread = np.linalg.pinv(freed.T @ (weight[:, None] * freed)).astype(np.float64)
    ways = [np.unique(group, return_inverse=True)[1] for group in clusters]
    covs = [_clustered(freed, weight, residual, bread, number) for number in ways]
    return Regression(found, _together(covs, freed, residual, bread), len(outcome), len(np.unique(ways[0])))


def _clustered(freed: Floats, weight: Floats, residual: Floats, bread: Floats, number: Ints) -> Floats:
    """The covariance of the coefficients with rows of a cluster together, jackknifed."""
    size, count = freed.shape[1], int(number.max(initial=0)) + 1
    scores = np.stack([np.bincount(number, freed[:, at] * residual) for at in range(size)], axis=1)
    pairs = [
        np.bincount(number, weight * freed[:, one] * freed[:, other])
        for one in range(size)
        for other in range(size)
    ]
    kept = np.eye(size) - np.stack(pairs, axis=1).reshape(count, size, size) @ bread
    # A cluster that alone carries a coefficient leaves nothing to take its own pull out of.
    freeing = np.linalg.pinv(kept, rcond=CLOSE)
    alone = np.einsum("cij,cj->ci", freeing, scores)
    found: Floats = bread @ (alone.T @ alone) @ bread * max(count - 1, 1) / max(count, 1)
    return found


def _together(covs: Sequence[Floats], freed: Floats, residual: Floats, bread: Floats) -> Floats:
    """What two ways say together, less what both count; never narrower than either of them says."""
    if len(covs) == 1:
        return covs[0]
    scores = freed * residual[:, None]
    both = covs[0] + covs[1] - bread @ (scores.T @ scores) @ bread
    widest: Floats = max([*covs, both], key=lambda cov: float(cov[0, 0]))
    return widest


def absorb(columns: Floats, weight: Floats, groups: Sequence[Ints]) -> Floats:
    """Free the columns (n, k) of weighted group means."""
    freed = columns.copy()
    sums = [np.maximum(np.bincount(group, weight), TINY) for group in groups]
    for _ in range(ROUNDS if len(groups) > 1 else 1):
        moved = 0.0
        for group, total in zip(groups, sums, strict=True):
            for at in range(freed.shape[1]):
                mean = np.bincount(group, weight * freed[:, at]) / total
                freed[:, at] -= mean[group]
                moved = max(moved, float(np.abs(mean).max()))
        if moved < CLOSE:
            break
    return freed


def _gaussian(outcome: Floats, design: Floats, groups: Sequence[Ints]) -> tuple[Floats, ...]:
    weight = np.ones(len(outcome))
    both = absorb(np.column_stack([design, outcome]), weight, groups)
    freed, left = both[:, :-1], both[:, -1]
    found = np.linalg.lstsq(freed, left, rcond=None)[0].astype(np.float64)
    return freed, weight, left - freed @ found, found


def _poisson(outcome: Floats, design: Floats, groups: Sequence[Ints]) -> tuple[Floats, ...]:
    mean = (outcome + outcome.mean()) / 2
    deviance = np.inf
    for _ in range(STEPS):
        working = np.log(mean) + (outcome - mean) / mean
        both = absorb(np.column_stack([design, working]), mean, groups)
        freed, left = both[:, :-1], both[:, -1]
        root = np.sqrt(mean)[:, None]
        found = np.linalg.lstsq(freed * root, left * root[:, 0], rcond=None)[0].astype(np.float64)
        mean = np.exp(np.clip(working - (left - freed @ found), -30, 30))
        before, deviance = deviance, deviation(outcome, mean).sum()
        if abs(before - deviance) <= CLOSE * (abs(deviance) + 1):
            break
    return freed, mean, outcome - mean, found


def deviation(counts: Floats, mean: Floats) -> Floats:
    """The Poisson deviance of each count."""
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.where(counts > 0, counts * np.log(counts / mean), 0.0)
    found: Floats = 2 * (logs - (counts - mean))
    return found


def _counted(outcome: Floats, effects: Sequence[Ints]) -> Bools:
    """Rows whose every group has a count, found by turns, as leaving out one group can empty another."""
    kept = np.ones(len(outcome), bool)
    while True:
        before = kept.sum()
        for group in effects:
            kept &= (np.bincount(group[kept], outcome[kept], int(group.max(initial=0)) + 1) > 0)[group]
        if kept.sum() == before:
            return kept
