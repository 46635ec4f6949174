"""Chronological train, validation and test rows: no invoice on both sides of a cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pricetrail.errors import NothingToLearn

FEWEST = {"train": 40, "val": 10, "test": 10}


@dataclass(frozen=True, slots=True)
class Split:
    """Three consecutive ranges of rows that are sorted by time."""

    train: slice
    val: slice
    test: slice

    def named(self) -> dict[str, slice]:
        """The ranges under the names of their files."""
        return {"train": self.train, "val": self.val, "test": self.test}

    def newest(self, count: int) -> Split:
        """With no more than so many rows to train on, and to validate on, the newest; all to test on."""
        train, val = (slice(max(own.start, own.stop - count), own.stop) for own in (self.train, self.val))
        return Split(train, val, self.test)


def chronological(moments: npt.NDArray[Any], *, val_share: float, test_share: float) -> Split:
    """Cut rows sorted by time at shares of their number, each cut moved on to where the time changes.

    Args:
        moments: time of each row, ascending, shape (n,).
        val_share: share of the rows to validate on.
        test_share: share of the rows to test on, the newest.

    Raises:
        NothingToLearn: a part would be (nearly) empty.
    """
    rows = len(moments)
    changes = np.flatnonzero(moments[1:] != moments[:-1]) + 1
    first, second = (
        _next(changes, round(rows * share), rows) for share in (1 - val_share - test_share, 1 - test_share)
    )
    split = Split(slice(0, first), slice(first, second), slice(second, rows))
    for name, part in split.named().items():
        if part.stop - part.start < FEWEST[name]:
            raise NothingToLearn(
                f"Only {part.stop - part.start} order lines fall to the {name} part; {FEWEST[name]} at least "
                f"are needed. The shop has {rows} usable lines at {len(changes) + bool(rows)} different times: "
                "add more with 'pricetrail ingest'."
            )
    return split


def _next(changes: npt.NDArray[np.intp], cut: int, rows: int) -> int:
    at = int(np.searchsorted(changes, cut))
    return int(changes[at]) if at < len(changes) else rows
