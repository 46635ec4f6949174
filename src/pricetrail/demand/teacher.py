"""What boosted trees expect of rows that they have not learnt from: lessons for the networks.

A network that aims between the quantity of a row and the trees' forecast of it (Hinton et al., 2015) learns from less
noise, and what trees see better than networks do. The trees of a block of rows learn from all the others: of their own
they would tell the quantities, noise and all.
"""

from __future__ import annotations

import numpy as np

from pricetrail.demand import trees
from pricetrail.demand.rows import Floats, Rows

BLOCKS = 5
ROUNDS = 150


def lesson(rows: Rows, block: int, *, seed: int) -> Floats:
    """The forecasts for one of ``BLOCKS`` consecutive blocks, by trees that learnt from the others."""
    own = np.arange(len(rows)) * BLOCKS // len(rows) == block
    booster = trees.grow(rows.where(~own), ROUNDS, seed=seed)
    return np.asarray(booster.predict(rows.numeric[own], num_threads=1), np.float32)
