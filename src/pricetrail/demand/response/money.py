"""In which steps a shop sets its prices: cents, whole yen, or hundredths of a cent."""

from __future__ import annotations

from math import floor, log10

import numpy as np

from pricetrail.demand.response.panel import Bools, Floats

CENT = 0.01
UNITS = tuple(10.0**power for power in range(3, -5, -1))
NEARLY_ALL = 0.99
CLOSE = 1e-6
# A step is at most such a share of the middle price.
SMALL = 0.01


def step(prices: Floats) -> float:
    """The largest power of ten that nearly all prices are multiples of, made smaller where it is a large change.

    Prices that are multiples of none, as those worked out from a total, are in cents, or as small as they have to be.
    """
    middle = float(np.median(prices))
    small = 10.0 ** floor(log10(middle * SMALL))
    found = next((unit for unit in UNITS if np.mean(_whole(prices / unit)) >= NEARLY_ALL), None)
    if found is None:
        return min(CENT, small)
    return found if found <= small else max(small, min(found, CENT))


def _whole(values: Floats) -> Bools:
    nearest = np.rint(values)
    found: Bools = (nearest > 0) & (np.abs(values - nearest) <= CLOSE * nearest)
    return found
