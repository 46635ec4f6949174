"""Which prices are allowed: rules in order of priority, hard and soft, and what becomes of those that clash.

A hard rule holds whatever it costs; a soft one gives way to every rule before it. Rules are taken in order, hard
ones first. One that leaves no price beside those already taken is a conflict, and is named with the rules that
it clashes with: if it is soft it is set aside, if it is hard there is no price to recommend.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from math import ceil, floor, inf, isfinite, nextafter

import numpy as np

from pricetrail.errors import LimitsInvalid
from pricetrail.pricing.demand import Floats

# So many prices, evenly spread, are weighed where the rules leave more.
MOST = 5_000
CLOSE = 1e-9
TINY = nextafter(0, 1)
# No price is looked for that many times above the price now, should no rule end the search sooner.
FAR = 100


class Name(StrEnum):
    """The rules, in the order of priority that holds where no other is asked for."""

    OBSERVED = "observed"
    FLOOR = "floor"
    CEILING = "ceiling"
    MARGIN = "margin"
    CHANGE = "change"
    COMPETITOR = "competitor"
    LADDER = "ladder"
    ENDINGS = "endings"


HARD = frozenset({Name.OBSERVED, Name.FLOOR, Name.CEILING, Name.MARGIN, Name.CHANGE})


@dataclass(frozen=True, slots=True)
class Rule:
    """Prices from ``low`` to ``high``, with one of ``endings`` where there are any."""

    name: Name
    low: float = 0.0
    high: float = inf
    endings: tuple[float, ...] = ()
    hard: bool = True

    def admits(self, price: float) -> bool:
        """Whether ``price`` meets the rule."""
        within = self.low * (1 - CLOSE) <= price <= self.high * (1 + CLOSE)
        return within and (not self.endings or _ends(price, self.endings))


@dataclass(frozen=True, slots=True)
class Conflict:
    """A rule that leaves no price beside ``against``, rules that come before it."""

    rule: Name
    against: tuple[Name, ...]
    hard: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What is asked of prices; whatever is not given is not asked, but for ``change``.

    Attributes:
        change: the largest change in one cycle, as a share of the price now.
        floor, ceiling: lowest and highest price.
        margin: least share of the price that is margin; needs the cost of a unit.
        competitor: lowest and highest price beside those of others.
        ladder: lowest and highest price between those of the same family, such as sizes of one thing.
        endings: what prices may end in, such as 0.99 and 0.95.
        order: priorities, most important first; rules not named keep their order behind those that are.
        hard: which rules are hard. That prices stay within those observed always is.
        step: the unit of money that prices are set in; a shop's own is its responses' ``step``.
        sure: how sure a gain has to be: the rate of the interval that has to lie above zero.
    """

    change: float | None = 0.10
    floor: float | None = None
    ceiling: float | None = None
    margin: float | None = None
    competitor: tuple[float, float] | None = None
    ladder: tuple[float, float] | None = None
    endings: tuple[float, ...] = ()
    order: tuple[Name, ...] = ()
    hard: frozenset[Name] = field(default=HARD)
    step: float = 0.01
    sure: float = 0.90

    def __post_init__(self) -> None:
        shares = {"change": self.change, "margin": self.margin, "sure": self.sure}
        for name, share in shares.items():
            if share is not None and not 0 <= share < 1:
                raise LimitsInvalid(
                    f"The limit '{name}' must be a share from 0 to below 1, such as 0.2 for 20 %, found {share}."
                )
        prices = {"floor": self.floor, "ceiling": self.ceiling}
        for name, price in prices.items():
            if price is not None and not (price > 0 and isfinite(price)):
                raise LimitsInvalid(f"The limit '{name}' must be a price above 0, found {price}.")
        for name, band in {"competitor": self.competitor, "ladder": self.ladder}.items():
            if band is not None and not 0 <= band[0] <= band[1]:
                raise LimitsInvalid(
                    f"The limit '{name}' must be a lowest and a highest price, in that order, found {band}."
                )
        _money(self.step, self.endings)

    def rules(self, price: float, observed: tuple[float, float], cost: float | None) -> tuple[Rule, ...]:
        """The rules for a product at ``price``, hard ones first, each group by priority.

        Raises:
            LimitsInvalid: a least margin is asked for, and the cost of a unit is not known.
        """
        if self.margin is not None and cost is None:
            raise LimitsInvalid("A least margin needs the cost of a unit, and none is known. Give --cost.")
        reach = (price * (1 - self.change), price * (1 + self.change)) if self.change is not None else None
        bands: dict[Name, tuple[float, float] | None] = {
            Name.OBSERVED: observed,
            Name.FLOOR: None if self.floor is None else (self.floor, inf),
            Name.CEILING: None if self.ceiling is None else (0.0, self.ceiling),
            Name.MARGIN: None if self.margin is None else ((cost or 0.0) / (1 - self.margin), inf),
            Name.CHANGE: reach,
            Name.COMPETITOR: self.competitor,
            Name.LADDER: self.ladder,
        }
        hard = self.hard | {Name.OBSERVED}
        found = [Rule(name, *band, hard=name in hard) for name, band in bands.items() if band is not None]
        if self.endings:
            found.append(Rule(Name.ENDINGS, endings=self.endings, hard=Name.ENDINGS in hard))
        ranking = [*self.order, *Name]
        return tuple(sorted(found, key=lambda rule: (not rule.hard, ranking.index(rule.name))))


def _money(step: float, endings: tuple[float, ...]) -> None:
    if not (step > 0 and isfinite(step)):
        raise LimitsInvalid(f"The step of prices must be above 0, found {step}.")
    if strange := [end for end in endings if not 0 <= end < 1]:
        found = ", ".join(map(str, strange))
        raise LimitsInvalid(f"Endings must be what follows the whole, such as 0.99 or 0.5, found {found}.")


@dataclass(frozen=True, slots=True, eq=False)
class Allowed:
    """The prices that the rules leave, ascending, shape (n,); the rules that hold; and the conflicts."""

    prices: Floats
    rules: tuple[Rule, ...]
    conflicts: tuple[Conflict, ...]

    @property
    def impossible(self) -> bool:
        """Whether hard rules clash, so that no price may be recommended."""
        return any(conflict.hard for conflict in self.conflicts)

    @property
    def lowest(self) -> Rule:
        """The rule that stops prices from falling."""
        return max(self.rules, key=lambda rule: rule.low)

    @property
    def highest(self) -> Rule:
        """The rule that stops prices from rising."""
        return min(self.rules, key=lambda rule: rule.high)


def allow(rules: Iterable[Rule], price: float, *, step: float) -> Allowed:
    """The prices, in steps of money, that the rules allow; the ``price`` now is one of them if it is allowed."""
    asked = tuple(rules)
    prices = _prices([*asked], price, step)
    return Allowed(prices, asked, ()) if len(prices) else _reconciled(asked, price, step)


def _reconciled(rules: tuple[Rule, ...], price: float, step: float) -> Allowed:
    """What rules that clash leave: each is taken that leaves a price beside those already taken."""
    held, conflicts = list[Rule](), list[Conflict]()
    prices = np.array([price])
    for rule in rules:
        left = _prices([*held, rule], price, step)
        if len(left):
            held, prices = [*held, rule], left
        else:
            conflicts.append(Conflict(rule.name, _against(rule, held, price, step), rule.hard))
    return Allowed(prices, tuple(held), tuple(conflicts))


def _against(rule: Rule, held: list[Rule], price: float, step: float) -> tuple[Name, ...]:
    """The fewest of the rules that hold which leave no price beside ``rule``: each is needed for the clash."""
    needed = list(held)
    for other in held:
        without = [each for each in needed if each is not other]
        if not len(_prices([*without, rule], price, step)):
            needed = without
    return tuple(each.name for each in needed)


def _prices(rules: list[Rule], price: float, step: float) -> Floats:
    low, high = max(rule.low for rule in rules), min(rule.high for rule in rules)
    endings = [rule.endings for rule in rules if rule.endings]
    high = min(high, max(low, price) * FAR)
    whole = _wholes(low, high, 1.0 if endings else step)
    priced = np.unique(whole[:, None] + np.array(endings[0])) if endings else whole
    tried: Floats = np.round(priced, 10)
    if not endings or _ends(price, endings[0]):
        tried = _with(tried, price)
    least = max(low * (1 - CLOSE), TINY)
    return tried[tried.searchsorted(least) : tried.searchsorted(high * (1 + CLOSE), "right")]


def _with(prices: Floats, price: float) -> Floats:
    """Ascending prices, and ``price`` among them."""
    at = int(prices.searchsorted(price))
    if at < len(prices) and prices[at] == price:
        return prices
    return np.concatenate((prices[:at], [price], prices[at:]))


def _wholes(low: float, high: float, unit: float) -> Floats:
    """Multiples of ``unit`` from the one at or below ``low`` to the one at or above ``high``, thinned to MOST."""
    first, last = floor(low / unit), max(ceil(high / unit), floor(low / unit))
    if last - first < MOST:
        return np.arange(first, last + 1, dtype=np.float64) * unit
    return np.unique(np.rint(np.linspace(first, last, MOST))) * unit


def _ends(price: float, endings: tuple[float, ...]) -> bool:
    return any(abs((price - end) - round(price - end)) < 1e-6 for end in endings)
