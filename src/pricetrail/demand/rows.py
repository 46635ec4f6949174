"""Encoded order lines, as every model takes them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Codes = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Rows:
    """``numeric`` (n, p) float32, ``categories`` (n, c) int32, ``target`` (n,) float32: log1p quantity."""

    numeric: Floats
    categories: Codes
    target: Floats

    def __len__(self) -> int:
        return len(self.target)

    def every(self, step: int) -> Rows:
        """Every ``step``-th row."""
        return Rows(self.numeric[::step], self.categories[::step], self.target[::step])

    def where(self, chosen: npt.NDArray[np.bool_]) -> Rows:
        """The rows that are chosen."""
        return Rows(self.numeric[chosen], self.categories[chosen], self.target[chosen])

    def newest(self, count: int) -> Rows:
        """The last ``count`` rows."""
        return Rows(self.numeric[-count:], self.categories[-count:], self.target[-count:])

    def then(self, later: Rows) -> Rows:
        """These rows and then the later ones."""
        return Rows(
            np.concatenate([self.numeric, later.numeric]),
            np.concatenate([self.categories, later.categories]),
            np.concatenate([self.target, later.target]),
        )
