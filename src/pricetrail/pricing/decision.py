"""The decision: which price, what it brings against doing nothing, and what stopped it from going further.

A price is recommended only where the interval of its gain lies above zero, at 90 % unless asked otherwise, and
among such prices the one that brings most by the middle estimate; of prices that bring as much, the one closest to
the price now. Everything else is *keep*: doing nothing is never worse than a guess.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from pricetrail.pricing.bounds import CLOSE, Allowed, Conflict, Limits, Name, allow
from pricetrail.pricing.curve import Z
from pricetrail.pricing.demand import Demand, Elastic, Floats
from pricetrail.pricing.gain import SURE, Gain, Interval, gain, gains, sure
from pricetrail.pricing.objective import Aim, Objective
from pricetrail.pricing.response import Product, Slope
from pricetrail.standing import UNKNOWN, Standing

ZONE = 0.01
# So far beyond the best price is looked whether a better one is out of bounds.
STRIDE = 0.001


class Status(StrEnum):
    """What is recommended.

    ``change`` the price; ``keep`` it; ``forced``: a hard rule forbids the price now, so the nearest that is allowed
    is given, without a promise; ``conflict``: hard rules clash, and nothing can be recommended.
    """

    CHANGE = "change"
    KEEP = "keep"
    FORCED = "forced"
    CONFLICT = "conflict"


class Cause(StrEnum):
    """Why a price is kept."""

    UNKNOWN = "unknown response"
    AT_BOUND = "at the bound"
    UNSURE = "the gain is not sure"
    BEST = "no allowed price is better"
    CONFLICT = "rules clash"


@dataclass(frozen=True, slots=True)
class Expected:
    """What is expected of a week at a price; margin is null without a cost."""

    units: Interval
    revenue: Interval
    margin: Interval | None


@dataclass(frozen=True, slots=True)
class Gains:
    """What a week brings more than at the price now; margin is null without a cost."""

    units: Gain
    revenue: Gain
    margin: Gain | None

    def of(self, objective: Objective) -> Gain:
        """The gain in terms of an objective."""
        margin = self.margin or self.revenue
        return {"margin": margin, "revenue": self.revenue, "units": self.units}[objective]


@dataclass(frozen=True, slots=True)
class Prospect:
    """The allowed price that brings most by the middle estimate, be it sure or not.

    Attributes:
        zone: the prices around it that bring within 1 % of as much.
        gain: what moving there brings in terms of the aim.
    """

    price: float
    zone: tuple[float, float]
    gain: Gain


@dataclass(frozen=True, slots=True)
class Decision:
    """A recommendation and everything that was weighed for it.

    Attributes:
        price: what to charge; ``now`` is the price now.
        elasticity: at the price now, with its 90 % interval; for an unknown response that of all products.
        expected, expected_now: a week at ``price``, and at the price now.
        gain: the former against the latter.
        prospect: the best price by the middle estimate; null where the response is unknown.
        binding: the rule that keeps prices from a better one; null where the best lies inside.
        at_bound: no price is best by itself, as demand falls by no more than prices rise: only a rule ends it.
        cause: why the price is not changed for gain; null where it is.
        unmet: soft rules that ``price`` does not meet.
    """

    stockcode: str
    store: str | None
    status: Status
    cause: Cause | None
    price: float
    now: float
    aim: Aim
    identification: Standing
    elasticity: Interval
    expected: Expected
    expected_now: Expected
    gain: Gains
    prospect: Prospect | None
    binding: Name | None
    at_bound: bool
    conflicts: tuple[Conflict, ...]
    unmet: tuple[Name, ...]

    @property
    def gained(self) -> Gain:
        """The gain in terms of the aim."""
        return self.gain.of(self.aim.objective)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def decide(product: Product, deep_from: float, aim: Aim, limits: Limits) -> Decision:
    """Decide on a product's price.

    Raises:
        LimitsInvalid: a rule needs a cost that is not known.
    """
    demand = Elastic.of(product, deep_from)
    rules = limits.rules(product.price, (product.low, product.high), aim.cost)
    allowed = allow(rules, product.price, step=limits.step)
    weighed = weigh(demand, aim, allowed, limits.sure)
    slope = demand.slope_at(product.price)
    at_bound = _at_bound(slope, aim, weighed)
    status, cause, price = _choose(product, allowed, weighed, at_bound=at_bound)
    expected, expected_now = _expected(demand, aim, [price, product.price])
    unknown = product.identification == UNKNOWN
    brought = _gains(demand, aim, price)
    prospect = None if unknown else _prospect(demand, aim, weighed, price, brought.of(aim.objective))
    return Decision(
        stockcode=product.stockcode,
        store=product.store,
        status=status,
        cause=cause,
        price=price,
        now=product.price,
        aim=aim,
        identification=product.identification,
        elasticity=_interval(slope.mean + Z * slope.sd),
        expected=expected,
        expected_now=expected_now,
        gain=brought,
        prospect=prospect,
        binding=weighed.binding,
        at_bound=at_bound,
        conflicts=allowed.conflicts,
        unmet=tuple(rule.name for rule in allowed.rules if not rule.hard and not rule.admits(price)),
    )


@dataclass(frozen=True, slots=True)
class Weighed:
    """The allowed prices weighed against each other.

    Attributes:
        best: brings most by the middle estimate; ``sure`` the same among those whose gain is sure, if any.
        better: whether the best is believed to bring more than the price now, which rules may not allow.
        zone: the prices around the best that bring within 1 % of as much.
        binding: the rule that keeps from a better price; ``rising`` says that the better price is higher.
    """

    best: float
    better: bool
    sure: float | None
    zone: tuple[float, float]
    binding: Name | None
    rising: bool


def weigh(demand: Demand, aim: Aim, allowed: Allowed, rate: float = SURE) -> Weighed:
    """Weigh every allowed price; a gain is sure if its interval at a rate lies above zero."""
    prices = allowed.prices
    effect = demand.effect(prices)
    values = aim.worth(prices) * np.exp(effect[0])
    best = _top(prices, values, demand.price)
    certain = sure(aim, demand.price, prices, effect, rate)
    chosen = _top(prices[certain], values[certain], demand.price) if certain.any() else None
    binding, rising = _binding(demand, aim, allowed, best)
    now = aim.worth(demand.price)
    better = bool(values.max() > now + CLOSE * abs(now))
    return Weighed(best, better, chosen, _zone(prices, values, best), binding, rising)


def _values(demand: Demand, aim: Aim, prices: Floats) -> Floats:
    """The aim a week at ``prices``, by the middle estimate, as a multiple of the units sold now."""
    return aim.worth(prices) * np.exp(demand.effect(prices)[0])


def _top(prices: Floats, values: Floats, now: float) -> float:
    """The price of the highest value; of those level with it, the closest to ``now``, and then the lowest."""
    top = values.max()
    level = prices[values >= top - CLOSE * abs(top)]
    return float(level[np.argmin(np.abs(level - now))])


def _zone(prices: Floats, values: Floats, best: float) -> tuple[float, float]:
    at = int(np.searchsorted(prices, best))
    short = np.flatnonzero(values < values[at] - ZONE * abs(values[at]))
    below, above = short[short < at], short[short > at]
    low = below[-1] + 1 if len(below) else 0
    high = above[0] - 1 if len(above) else len(prices) - 1
    return float(prices[low]), float(prices[high])


def _binding(demand: Demand, aim: Aim, allowed: Allowed, best: float) -> tuple[Name | None, bool]:
    """The rule that keeps from a better price, and whether that price is higher; none if the best lies inside."""
    fall, here, rise = _values(demand, aim, best * np.array([1 - STRIDE, 1, 1 + STRIDE]))
    if max(fall, rise) <= here:
        return None, False
    rising = bool(rise > fall)
    stop, edge = (allowed.highest, -1) if rising else (allowed.lowest, 0)
    room = best * (1 + STRIDE) < stop.high if rising else best * (1 - STRIDE) > stop.low
    if room and any(rule.endings for rule in allowed.rules):
        return Name.ENDINGS, rising
    # A rule's own bound may lie between two steps of money: it binds at the last step before it.
    return (stop.name if best == allowed.prices[edge] else None), rising


def _at_bound(slope: Slope, aim: Aim, weighed: Weighed) -> bool:
    """Whether revenue or margin would grow with the price for ever: demand falls by no more than prices rise."""
    endless = aim.objective is not Objective.UNITS and slope.mean >= -1
    return endless and weighed.binding is not None and weighed.rising


def _choose(
    product: Product, allowed: Allowed, weighed: Weighed, *, at_bound: bool
) -> tuple[Status, Cause | None, float]:
    now = product.price
    if allowed.impossible:
        return Status.CONFLICT, Cause.CONFLICT, now
    if product.identification == UNKNOWN:
        cause = Cause.UNKNOWN
    elif at_bound:
        cause = Cause.AT_BOUND
    elif weighed.sure is not None:
        return Status.CHANGE, None, weighed.sure
    else:
        cause = Cause.UNSURE if weighed.better else Cause.BEST
    if all(rule.admits(now) for rule in allowed.rules if rule.hard):
        return Status.KEEP, cause, now
    return Status.FORCED, cause, float(allowed.prices[np.argmin(np.abs(allowed.prices - now))])


def _expected(demand: Demand, aim: Aim, prices: list[float]) -> Iterator[Expected]:
    mean, sd = demand.effect(np.array(prices))
    spread = np.hypot(sd, demand.log_sd)
    for at, price in enumerate(prices):
        units = demand.units * np.exp(mean[at] + Z * spread[at])
        margin = None if aim.cost is None else _interval(np.sort((price - aim.cost) * units))
        yield Expected(_interval(units), _interval(price * units), margin)


def _gains(demand: Demand, aim: Aim, price: float) -> Gains:
    aims = [Aim(Objective.UNITS), Aim(Objective.REVENUE)]
    if aim.cost is not None:
        aims.append(Aim(Objective.MARGIN, aim.cost))
    units, revenue, *margin = gains(demand, [(each, price) for each in aims])
    return Gains(units, revenue, next(iter(margin), None))


def _prospect(demand: Demand, aim: Aim, weighed: Weighed, price: float, brought: Gain) -> Prospect:
    """The best price there is; ``brought`` is what going to ``price`` brings, which is mostly the same."""
    found = brought if weighed.best == price else gain(demand, aim, weighed.best)
    return Prospect(weighed.best, weighed.zone, found)


def _interval(values: Floats) -> Interval:
    return Interval(*values.tolist())
