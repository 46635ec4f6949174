"""Chance: traits of pairs that persist, and weighted draws."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

FIRST, SECOND, THIRD = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
MASK = (1 << 64) - 1

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def trait(one: npt.NDArray[Any], other: npt.NDArray[Any], salt: int) -> Floats:
    """Standard normal traits, such as what a customer is to a product, the same whenever they are asked.

    A table of all pairs would outgrow memory, so each is mixed anew from its numbers (the finalizer of
    SplitMix64, Steele et al., 2014), and the four 16-bit parts are added (Irwin-Hall: normal within 3.4 sd).
    """
    first, second, third = np.uint64(FIRST), np.uint64(SECOND), np.uint64(THIRD)
    salted = np.uint64(salt * THIRD & MASK)
    mixed = one.astype(np.uint64) * first + other.astype(np.uint64) * second + salted
    mixed = (mixed ^ (mixed >> np.uint64(30))) * second
    mixed = (mixed ^ (mixed >> np.uint64(27))) * third
    mixed ^= mixed >> np.uint64(31)
    parts = mixed.view(np.uint16).reshape(*mixed.shape, 4)
    summed = parts.sum(axis=-1, dtype=np.float64)
    scaled: Floats = (summed / 65_536 - 2) * np.sqrt(3.0)
    return scaled


def weighted(rng: np.random.Generator, weights: Floats, shape: int | tuple[int, ...]) -> Ints:
    """Draw positions in ``weights`` with chances in proportion to them."""
    ends = np.cumsum(weights)
    drawn: Ints = np.searchsorted(ends[:-1], rng.random(shape) * ends[-1], side="right")
    return drawn
