"""The stores of a product: its series, one beside the other."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def first(product: Ints) -> Ints:
    """Where each product begins: the first of its series, given each one's product."""
    return np.flatnonzero(np.diff(product, prepend=product[:1] - 1))


def place(product: Ints) -> Ints:
    """Which of the products each series is of, from 0."""
    found: Ints = np.cumsum(np.diff(product, prepend=product[:1]) != 0)
    return found


def sums(values: Floats, product: Ints) -> Floats:
    """The sums over each product's series, shape (p, ...)."""
    found: Floats = np.add.reduceat(values, first(product), axis=0) if len(product) else values
    return found


def pieces(product: Ints, size: int) -> list[slice]:
    """The series in pieces of about so many, no product in two of them."""
    begin = first(product)
    if not len(begin):
        return [slice(0, 0)]
    cuts = np.unique(begin[np.searchsorted(begin, np.arange(0, begin[-1] + 1, size))]).tolist()
    return [slice(a, b) for a, b in pairwise([*cuts, len(product)])]
