"""The encoded order lines that every model is given, as a file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]
NAMES = ("train", "val", "test")


@dataclass(frozen=True, slots=True)
class Side:
    """Numbers, category codes and log1p quantities of some lines."""

    numbers: Matrix
    codes: npt.NDArray[np.int32]
    target: Matrix

    def then(self, later: Side) -> Side:
        pairs = ((self.numbers, later.numbers), (self.codes, later.codes), (self.target, later.target))
        return Side(*(np.concatenate(pair) for pair in pairs))


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines to learn from, to choose by, and to be judged by; the last without what is to be forecast."""

    train: Side
    val: Side
    test: Side

    @classmethod
    def read(cls, path: str) -> Lines:
        with np.load(path) as found:
            return cls(*(Side(*(found[f"{name}_{at}"] for at in range(3))) for name in NAMES))

    @property
    def both(self) -> Side:
        return self.train.then(self.val)

    def inputs(self) -> list[tuple[Matrix, npt.NDArray[np.int32]]]:
        """Numbers and codes of the lines to learn from, to choose by, of both together, and to be judged by."""
        return [(side.numbers, side.codes) for side in (self.train, self.val, self.both, self.test)]


def write(path: str, **sides: tuple[npt.NDArray[np.generic], ...]) -> None:
    """A file for ``Lines.read``, from three arrays of each side."""
    np.savez(path, **{f"{name}_{at}": each for name, side in sides.items() for at, each in enumerate(side)})
