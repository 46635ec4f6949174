"""Amounts of money as text."""

from __future__ import annotations

from math import ceil, log10

CENTS = 2
FINEST = 8


def price(value: float) -> str:
    """To the cent; below one, to a hundredth of a per cent where prices are told apart so finely: 0.05, 0.0516."""
    if value <= 0 or value >= 1:
        return f"{value:,.{CENTS}f}"
    whole, point, rest = f"{value:.{_digits(value, 4)}f}".partition(".")
    return f"{whole}{point}{rest.rstrip('0'):0<{CENTS}}"


def amount(value: float) -> str:
    """One of ``amounts``."""
    return amounts(value)[0]


def amounts(*values: float, sign: str = "") -> list[str]:
    """To the cent; where all are less than a tenth, to two digits that tell something of the largest."""
    largest = max(map(abs, values))
    digits = _digits(largest, 2) if largest < 0.1 else CENTS
    return [f"{value:{sign},.{digits}f}" for value in values]


def _digits(value: float, telling: int) -> int:
    """How many decimals show so many ``telling`` digits."""
    if abs(value) < 10.0**-FINEST:
        return CENTS
    return min(max(ceil(-log10(abs(value))) + telling - 1, CENTS), FINEST)
