"""Order lines as numbers: one record a line, with the kind of dirt that it is, if any."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import numpy.typing as npt

NOBODY = -1
# Stands for an invoice of the line's own, until the week's invoices are numbered.
OWN = 1 << 40
DAY, WEEK = 24 * 60, 7 * 24 * 60
LINE = np.dtype(
    [
        ("minute", np.int64),
        ("invoice", np.int64),
        ("quantity", np.int64),
        ("pence", np.int64),
        ("product", np.int32),
        ("customer", np.int32),
        ("country", np.int16),
        ("kind", np.int8),
    ]
)

Lines = npt.NDArray[np.void]


class Kind(IntEnum):
    """What a line is: a clean sale, or which kind of dirt.

    ``NAMELESS``, ``BLANK`` and ``FLICKER`` are sales that lost their customer, lost their description, or
    were keyed in at a wrong price. All other kinds are added to the sales, and perfect cleaning takes them
    away again.
    """

    CLEAN = 0
    NAMELESS = 1
    BLANK = 2
    FLICKER = 3
    CANCELLED = 4
    ABSURD = 5
    CANCELLATION = 6
    PARTIAL = 7
    ORPHAN = 8
    FEE = 9
    DUPLICATE = 10
    UNPRICED = 11


# How many lines are spoilt, or serve as the pattern of added ones, for each cancellation that is asked for.
RATES = {
    Kind.NAMELESS: 0.2,
    Kind.BLANK: 0.15,
    Kind.FLICKER: 0.2,
    Kind.CANCELLED: 0.85,
    Kind.ABSURD: 0.005,
    Kind.PARTIAL: 0.1,
    Kind.ORPHAN: 0.05,
    Kind.FEE: 0.3,
    Kind.DUPLICATE: 0.4,
    Kind.UNPRICED: 0.25,
}
SPOILT = frozenset({Kind.NAMELESS, Kind.BLANK, Kind.FLICKER})
IN_PAIRS = frozenset({Kind.CANCELLED, Kind.ABSURD})
BACK = (Kind.CANCELLATION, Kind.PARTIAL, Kind.ORPHAN)
ADDED = sum(rate * (1 + (kind in IN_PAIRS)) for kind, rate in RATES.items() if kind not in SPOILT)


def blank(count: int) -> Lines:
    """Records to be filled: all zero, nobody's, clean."""
    lines = np.zeros(count, LINE)
    lines["customer"] = NOBODY
    return lines
