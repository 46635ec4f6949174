"""How often counts lie within the interval that a forecast gave them.

A count jumps over the ends of an interval: with few orders a week, no interval holds exactly four fifths of what can
happen. So a count lies within it *in part*, by the share of its own probability that does (the expectation of the
randomised probability integral transform; Czado, Gneiting and Held, 2009). If the forecasts are right, the mean of
those shares is the stated rate.
"""

from __future__ import annotations

import numpy as np

from pricetrail.demand.response.panel import Floats

RATE = 0.8
PARTS = 100
LEAST = 1e-6


def orders(counts: Floats, mean: Floats, spread: Floats, certain: Floats) -> Floats:
    """The share of each count within its central interval, shape (n,).

    Args:
        counts: what happened.
        mean: what was expected.
        spread: relative variance of the rate, drawn from a gamma: counts are negative binomial.
        certain: so many of them are sure, and what is beyond them is drawn.
    """
    from scipy.special import betainc

    counts = counts - certain
    shape = 1 / np.maximum(spread, LEAST)
    chance = shape / (shape + np.maximum(mean - certain, LEAST))

    def upto(count: Floats) -> Floats:
        found: Floats = np.where(count < 0, 0.0, betainc(shape, np.maximum(count, 0) + 1, chance))
        return found

    return _share(upto(counts - 1), upto(counts))


def units(
    counts: Floats, mean: Floats, spread: Floats, order: Floats, scale: Floats, certain: Floats
) -> Floats:
    """The same for units, which come by the order.

    Args:
        counts, mean, spread: as for orders, ``mean`` in units.
        order: units expected of an order.
        scale: variance of the units of an order over their mean.
        certain: so many orders are sure.
    """
    from scipy.special import gammainc, gammaincinv

    middles = (np.arange(PARTS) + 0.5) / PARTS
    shape = 1 / np.maximum(spread, LEAST)[:, None]
    drawn = np.maximum(mean / order - certain, LEAST)
    rate = np.maximum(gammaincinv(shape, middles) * drawn[:, None] / shape, LEAST)
    # Given the rate, orders are Poisson: there may be none. What they bring together, if any, is about gamma.
    some = np.where(certain[:, None] > 0, 1.0, -np.expm1(-rate))
    sure, each = certain[:, None], order[:, None]
    first = (sure + rate) * each / some
    second = first * scale[:, None] + (rate + (sure + rate) ** 2) * each**2 / some
    variance = np.maximum(second - first**2, LEAST)

    def below(value: Floats) -> Floats:
        sold = gammainc(first**2 / variance, np.maximum(value, 0)[:, None] * first / variance)
        none = (1 - some) * (value[:, None] >= 0)
        found: Floats = (none + some * sold).mean(axis=1)
        return found

    return _share(below(counts - 0.5), below(counts + 0.5))


def _share(below: Floats, upto: Floats) -> Floats:
    """The part of the probability from ``below`` to ``upto`` that lies within the central interval."""
    low, high = (1 - RATE) / 2, (1 + RATE) / 2
    inside = np.minimum(upto, high) - np.maximum(below, low)
    found: Floats = np.clip(inside / np.maximum(upto - below, LEAST), 0, 1)
    return found
