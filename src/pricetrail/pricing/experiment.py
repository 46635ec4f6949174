"""The experiment that would tell: which price to try, for how long or in how many stores, and what it would detect.

The price is tried in weeks (or stores) of its own, drawn at random, beside as many at the price now. The log
ratio of what is counted in the two has a standard error of sd * sqrt(2 / n), n weeks at each; an effect is detected
with 80 % power, at a two-sided 5 %, when it is 2.80 standard errors large (Cohen, 1988). What has to be told apart
is the effect that is expected and the one at which the new price brings as much as the price now.

Units are orders times units an order, and a few large orders make them noisy. So orders may tell sooner; what they do
not tell is how units an order answer, and that is taken as it was estimated, its variance added to theirs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from math import ceil, exp, inf, log, sqrt
from statistics import NormalDist
from typing import Any

import numpy as np

from pricetrail.errors import LimitsInvalid
from pricetrail.pricing.bounds import Allowed, Limits, Name, allow
from pricetrail.pricing.demand import Elastic
from pricetrail.pricing.objective import Aim
from pricetrail.pricing.response import Product

POWER, LEVEL = 0.80, 0.05
REACH = NormalDist().inv_cdf(POWER) + NormalDist().inv_cdf(1 - LEVEL / 2)
LONGEST = 26
SHORTEST = 4
# Effects on the units that lie no further apart bring the same; so do those that a hundred stores could not tell
# apart in a year.
ALIKE = 1e-3
MOST = 5_200


class Measure(StrEnum):
    """What is counted in a trial."""

    ORDERS = "orders"
    UNITS = "units"


@dataclass(frozen=True, slots=True)
class Counted:
    """What the same trial would tell by another measure; its fields are as those of ``Experiment``."""

    measure: Measure
    detects: float
    needed: int | None


@dataclass(frozen=True, slots=True)
class Experiment:
    """A proposal; a week at each price counts the same as a store for a week.

    Attributes:
        price: to try beside the price ``now``.
        weeks: to run it in all, half of them at each price; never more than half a year.
        detects: the smallest change of the ``measure``, as a share, that it would detect at 80 % power;
            ``elasticity`` is the same as a difference of slopes.
        needed: weeks in all until it could tell whether the new price brings more, if demand answers as is
            believed; null where both are believed to bring so much the same that no trial would tell.
        stores: so many at once would tell within ``weeks``; null where ``needed`` is.
        measure: what to count, as it tells soonest.
        other: what counting the other one would tell; null where the release knows how units vary alone.
    """

    price: float
    now: float
    weeks: int
    detects: float
    elasticity: float
    needed: int | None
    stores: int | None
    measure: Measure = Measure.UNITS
    other: Counted | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON. A release that knows nothing of orders answers as it did before they were asked."""
        found = asdict(self)
        if self.other is None:
            del found["measure"], found["other"]
        return found


def propose(product: Product, deep_from: float, aim: Aim, limits: Limits) -> Experiment | None:
    """The experiment for a product, within every rule but that prices were observed; null where none is left.

    A larger change tells more, so the price is the allowed one furthest from the price now, on the side that
    is believed to bring more.

    Raises:
        LimitsInvalid: a rule needs a cost that is not known.
    """
    rules = [
        rule
        for rule in limits.rules(product.price, (product.low, product.high), aim.cost)
        if rule.name is not Name.OBSERVED
    ]
    if not rules:
        raise LimitsInvalid("An experiment needs a largest change, or a floor and a ceiling, to stay within.")
    allowed = allow(rules, product.price, step=limits.step)
    ends = [end for end in _ends(allowed) if end != product.price]
    if allowed.impossible or not ends:
        return None
    demand = Elastic.of(product, deep_from)
    prices = np.array(ends)
    effects = demand.effect(prices)[0]
    at = int(np.argmax(aim.worth(prices) * np.exp(effects)))
    even = _even(aim, product.price, float(prices[at]))
    apart = None if even is None else abs(float(effects[at]) - even)
    return _design(product, float(prices[at]), apart, list(_ways(product, demand, float(prices[at]))))


def _ends(allowed: Allowed) -> list[float]:
    """The lowest and the highest price, each only where a rule ends there: without one there is no end."""
    low, high = float(allowed.prices[0]), float(allowed.prices[-1])
    return ([low] if allowed.lowest.low > 0 else []) + ([high] if allowed.highest.high < inf else [])


def _even(aim: Aim, now: float, price: float) -> float | None:
    """The log effect on units at which both prices bring as much; null where one always brings more."""
    new, old = aim.worth(np.array([price, now])).tolist()
    return float(np.log(old / new)) if new * old > 0 else None


@dataclass(frozen=True, slots=True)
class _Way:
    """A way to count: the ``sd`` of its log from week to week, and of what it leaves ``unknown`` of log units."""

    measure: Measure
    sd: float
    unknown: float = 0.0

    def needed(self, apart: float | None) -> int | None:
        """Weeks in all until effects on log units that lie ``apart`` are told; none where they are not, or too late."""
        room = 0.0 if apart is None or apart < ALIKE else apart**2 - (REACH * self.unknown) ** 2
        weeks = 2 * max(1, ceil(2 * (REACH * self.sd) ** 2 / room)) if room > 0 else inf
        return int(weeks) if weeks <= MOST else None

    def detects(self, weeks: int) -> float:
        """The smallest effect on the log of what is counted that so many weeks detect."""
        return REACH * self.sd * sqrt(2 / (weeks / 2))

    def blur(self) -> float:
        """The variance of what the longest trial says of log units."""
        return 2 * self.sd**2 / (LONGEST / 2) + self.unknown**2


def _ways(product: Product, demand: Elastic, price: float) -> Iterator[_Way]:
    """Units; and orders, where it is known how they vary, and the price is moved within ordinary changes."""
    yield _Way(Measure.UNITS, product.units_week_sd)
    known = product.orders_week_sd, product.size
    if known[0] is not None and known[1] is not None and min(price, product.price) >= demand.mark:
        yield _Way(Measure.ORDERS, known[0], known[1].sd * abs(log(price / product.price)))


def _design(product: Product, price: float, apart: float | None, ways: list[_Way]) -> Experiment:
    """``apart``: the difference of log units to be told; none where there is nothing to tell."""
    ways.sort(key=lambda way: (way.needed(apart) or inf, way.blur()))
    best, *others = ways
    needed = best.needed(apart)
    weeks = LONGEST if needed is None else min(max(needed, SHORTEST), LONGEST)
    effect = best.detects(weeks)
    return Experiment(
        price=price,
        now=product.price,
        weeks=weeks,
        detects=1 - exp(-effect),
        elasticity=effect / abs(float(np.log(price / product.price))),
        needed=needed,
        stores=None if needed is None else ceil(needed / weeks),
        measure=best.measure,
        other=next(
            (Counted(way.measure, 1 - exp(-way.detects(weeks)), way.needed(apart)) for way in others), None
        ),
    )
