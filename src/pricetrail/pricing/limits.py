"""Limits from words, as a command line, a column of a file or a query gives them.

``change=0.05``, ``floor=2.50``, ``ceiling=4``, ``margin=0.3``, ``competitor=2.40:3.10``, ``ladder=1.99:4.99``,
``endings=0.99,0.95``; ``change=none`` lifts the one limit that holds where nothing is said.
``sure=0.8`` asks that the 80 % interval of a gain lies above zero, in place of the 90 % one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from pricetrail.errors import LimitsInvalid
from pricetrail.pricing.bounds import Limits, Name

BANDS, NUMBERS = ("competitor", "ladder"), ("change", "floor", "ceiling", "margin", "step", "sure")
NAMES = (*NUMBERS, *BANDS, "endings")
FORM = "Write a limit as NAME=VALUE, such as floor=2.50, competitor=2.40:3.10 or endings=0.99,0.95"


def read(given: Mapping[str, str], base: Limits | None = None) -> Limits:
    """The limits ``base`` with those that are given in their place; a blank one changes nothing.

    Raises:
        LimitsInvalid: a name nobody knows, or a value that is not of its form or out of range.
    """
    values = {name: _value(name, text.strip()) for name, text in given.items() if text.strip()}
    return replace(base or Limits(), **values)


def pairs(texts: Iterable[str]) -> dict[str, str]:
    """``NAME=VALUE`` texts by name."""
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise LimitsInvalid(f"'{text}' is not a limit. {FORM}.")
        found[name.strip()] = value
    return found


def weighted(
    limits: Limits, *, hard: Iterable[str] = (), soft: Iterable[str] = (), first: Iterable[str] = ()
) -> Limits:
    """``limits`` with some rules made hard or soft, and some put first, most important first.

    Raises:
        LimitsInvalid: no rule has that name, or one is to be hard and soft, or observed prices soft.
    """
    harder, softer, order = (tuple(map(_name, names)) for names in (hard, soft, first))
    if both := set(harder) & set(softer):
        raise LimitsInvalid(f"'{min(both)}' cannot be both hard and soft.")
    if Name.OBSERVED in softer:
        raise LimitsInvalid(
            "Prices never leave those observed: nothing is known there. Propose an experiment."
        )
    return replace(limits, hard=(limits.hard | set(harder)) - set(softer), order=order)


def _name(text: str) -> Name:
    try:
        return Name(text)
    except ValueError as error:
        raise LimitsInvalid(f"'{text}' is not a rule; the rules are {', '.join(Name)}.") from error


def _value(name: str, text: str) -> Any:
    if name not in NAMES:
        raise LimitsInvalid(f"'{name}' is not a limit; they are {', '.join(NAMES)}. {FORM}.")
    if name == "change" and text == "none":
        return None
    if text.endswith("%"):
        raise LimitsInvalid(
            f"'{text}' is no value for the limit '{name}'. Write a share, such as 0.2 for 20 %."
        )
    try:
        if name in NUMBERS:
            return float(text)
        if name == "endings":
            return tuple(float(part) for part in text.split(","))
        low, high = (float(part) for part in text.split(":"))
    except ValueError as error:
        raise LimitsInvalid(f"'{text}' is no value for the limit '{name}'. {FORM}.") from error
    return low, high
