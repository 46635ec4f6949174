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


def amount(value: float, sign: str = "") -> str:
    """To the cent; what is less than a tenth to two digits that tell something."""
    return f"{value:{sign},.{_digits(value, 2) if abs(value) < 0.1 else CENTS}f}"


def _digits(value: float, telling: int) -> int:
    """How many decimals show so many ``telling`` digits."""
    if abs(value) < 10.0**-FINEST:
        return CENTS
    return min(max(ceil(-log10(abs(value))) + telling - 1, CENTS), FINEST)
