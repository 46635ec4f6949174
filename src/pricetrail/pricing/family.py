"""Families: sizes or grades of one thing, on a ladder of rungs, whose prices must not cross.

What a family asks of one product is a band: from the highest price on the rungs below it to the lowest on those
above. Where several of a family are decided, they are from the lowest rung up, each beside the prices decided below
it and the prices now above it; so no two of them cross, and keeping every price is always within.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import inf, isfinite

from pricetrail.errors import LimitsInvalid
from pricetrail.pricing import money

Band = tuple[float, float]
Priced = tuple["Rung", str, float]


@dataclass(frozen=True, slots=True)
class Rung:
    """A place on a family's ladder: the higher the rung, the dearer the product."""

    family: str
    height: float


def rung(family: str, height: str) -> Rung | None:
    """A rung from words; none where no family is named.

    Raises:
        LimitsInvalid: a family is named, and the height is no number.
    """
    if not family:
        return None
    try:
        found = float(height)
    except ValueError:
        found = inf
    if not isfinite(found):
        raise LimitsInvalid(
            f"A product of the family '{family}' needs a rung: a number, higher for the dearer, found '{height}'."
        )
    return Rung(family, found)


def band(place: Rung, others: Iterable[Priced], *, within: Band | None = None) -> Band:
    """The band that the rest of the family leaves.

    Args:
        place: of the product.
        others: rung, name and price of the rest of its family.
        within: a band that holds besides.

    Raises:
        LimitsInvalid: the others' prices cross already, or leave nothing within the band that holds besides.
    """
    others = list(others)
    below = max(((price, name) for each, name, price in others if each.height < place.height), default=None)
    above = min(((price, name) for each, name, price in others if each.height > place.height), default=None)
    if below and above and below[0] > above[0]:
        raise LimitsInvalid(
            f"The prices of the family '{place.family}' cross: {below[1]} at {money.price(below[0])} stands below "
            f"{above[1]} at {money.price(above[0])}. Put those right first, or take one of them out of the family."
        )
    low, high = below[0] if below else 0.0, above[0] if above else inf
    if within is None:
        return low, high
    if max(low, within[0]) > min(high, within[1]):
        raise LimitsInvalid(
            f"The family '{place.family}' leaves prices from {money.price(low)} to {money.price(high)}, and the ladder "
            f"asked for those from {money.price(within[0])} to {money.price(within[1])}: change one of them."
        )
    return max(low, within[0]), min(high, within[1])


def members(codes: str) -> list[str]:
    """The codes of a family that is written with commas, from the cheapest to the dearest."""
    return [name.strip() for name in codes.split(",") if name.strip()]


def listed(prices: Mapping[str, float], stockcode: str, *, within: Band | None = None) -> Band:
    """The band for a product of a family, given its prices by code from the cheapest to the dearest.

    Raises:
        LimitsInvalid: the product is not among them, or as for ``band``.
    """
    if stockcode not in prices:
        raise LimitsInvalid(f"The family {', '.join(prices)} does not hold {stockcode} itself: name it too.")
    rungs = {name: Rung(", ".join(prices), height) for height, name in enumerate(prices)}
    others = [(rungs[name], name, price) for name, price in prices.items() if name != stockcode]
    return band(rungs[stockcode], others, within=within)
