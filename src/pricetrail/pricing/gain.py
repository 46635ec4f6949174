"""What a change of price brings against doing nothing, how sure that is, and within which bounds.

With U the units at the price now, w and v the worth of a unit at the new price and now, and g the log effect
of the change, the gain is U (w e^g - v). U and g are independent: the level is read off at the price now, the
effect off how units moved with prices. So whether there is a gain depends on g alone, where the level's
uncertainty cancels; how large it is in units or money scales with U, where it does not. The probability is in
closed form; the bounds come from fixed quantiles of both, with no draw at random.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from pricetrail.pricing.demand import Demand, Floats
from pricetrail.pricing.objective import Aim

Bools = npt.NDArray[np.bool_]

NORMAL = NormalDist()
# A price is changed if the interval of its gain at this rate lies above zero.
SURE = 0.90


def _points(number: int) -> Floats:
    """The middles of as many equally likely parts of a standard normal."""
    return np.array([NORMAL.inv_cdf((at + 0.5) / number) for at in range(number)])


# What brings more by a smaller share brings as much.
ALIKE = 1e-12
EFFECT, LEVEL = _points(300), _points(20)
DRAWN = len(EFFECT) * len(LEVEL)
BOUNDS = [DRAWN // 20, DRAWN // 4, DRAWN - 1 - DRAWN // 4, DRAWN - 1 - DRAWN // 20]


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with the bounds of its 50 % and 90 % intervals."""

    low90: float
    low50: float
    middle: float
    high50: float
    high90: float

    def __contains__(self, value: float) -> bool:
        return self.low90 <= value <= self.high90


@dataclass(frozen=True, slots=True)
class Gain:
    """A week's gain over the price now, and the probability that it is one."""

    amount: Interval
    probability: float


NOTHING = Gain(Interval(0.0, 0.0, 0.0, 0.0, 0.0), 0.0)


def gain(demand: Demand, aim: Aim, price: float) -> Gain:
    """What moving to ``price`` brings in terms of the aim."""
    return gains(demand, [(aim, price)])[0]


def gains(demand: Demand, moves: Sequence[tuple[Aim, float]]) -> list[Gain]:
    """What each of several moves brings: a price to go to, and the aim in whose terms it is told."""
    if all(price == demand.price for _, price in moves):
        return [NOTHING] * len(moves)
    prices = np.array([price for _, price in moves])
    mean, sd = demand.effect(prices)
    new = np.array([aim.worth(price) for aim, price in moves])
    now = np.array([aim.worth(demand.price) for aim, _ in moves])
    probabilities = map(NORMAL.cdf, _strays(mean, sd, new, now).tolist())
    return [*map(Gain, _amounts(demand, mean, sd, new, now), probabilities)]


def sure(aim: Aim, now: float, prices: Floats, effect: tuple[Floats, Floats], rate: float = SURE) -> Bools:
    """Which of ``prices`` (n,) bring a gain whose interval lies above zero: at 90 %, with a probability of 95 %.

    Args:
        now: the price now.
        effect: mean and standard deviation of log units at each of the prices.
        rate: of the interval.
    """
    return _strays(*effect, aim.worth(prices), np.array([aim.worth(now)])) >= NORMAL.inv_cdf((1 + rate) / 2)


def _strays(mean: Floats, sd: Floats, new: Floats, now: Floats) -> Floats:
    """How many standard deviations of the effect lie between its mean and where there is no gain, (n,)."""
    certain = np.where(new > now, np.inf, -np.inf)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        over = np.where(new * now > 0, np.sign(now) * (mean + np.log(new / now)), certain)
        over = np.where(np.abs(over) < ALIKE, 0.0, over)
        return np.where(sd > 0, over / sd, np.where(over > 0, np.inf, -np.inf))


def _amounts(demand: Demand, mean: Floats, sd: Floats, new: Floats, now: Floats) -> Iterator[Interval]:
    brought = new[:, None] * np.exp(mean[:, None] + sd[:, None] * EFFECT) - now[:, None]
    units = demand.units * np.exp(demand.log_sd * LEVEL)
    middle = demand.units * (new * np.exp(mean) - now)
    for each, amounts in zip(middle.tolist(), brought, strict=True):
        found = np.sort(np.outer(units, amounts), axis=None)
        low90, low50, high50, high90 = found[BOUNDS].tolist()
        yield Interval(low90, low50, each, high50, high90)
