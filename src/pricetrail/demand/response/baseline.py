"""What each series would sell at its usual price: its level times the week's, channel by channel."""

from __future__ import annotations

import numpy as np

from pricetrail.demand.response.panel import Bools, Floats

ROUNDS = 200
CLOSE = 1e-8


def expected(counts: Floats, exposure: Floats, live: Bools) -> Floats:
    """Poisson means with an effect of each series and each week, in every channel on its own.

    The maximum of the likelihood, by turns: given the weeks' effects each series' level is a ratio of sums, and
    the other way round (for the two-way Poisson model this is exact; Santos Silva and Tenreyro, 2006).

    Args:
        counts: shape (channels, series, weeks).
        exposure: what multiplies the mean, the effect of price for example: the same shape, or without channels.
        live: which weeks count, shape (series, weeks).

    Returns:
        Level * week effect, without the exposure: shape (channels, series, weeks).
    """
    exposure = np.broadcast_to(exposure, counts.shape)
    return np.array([_two_way(y, x, live) for y, x in zip(counts, exposure, strict=True)])


def _two_way(counts: Floats, exposure: Floats, live: Bools) -> Floats:
    weight, seen = np.where(live, exposure, 0.0), np.where(live, counts, 0.0)
    level, week = np.ones(len(counts)), np.ones(counts.shape[1])
    for _ in range(ROUNDS):
        level = _ratio(seen.sum(axis=1), weight @ week)
        before, week = week, _ratio(seen.sum(axis=0), level @ weight)
        if np.abs(week - before).max(initial=0) <= CLOSE * week.max(initial=0):
            break
    return np.outer(level, week)


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
