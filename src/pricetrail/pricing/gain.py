"""What a change of price brings against doing nothing, how sure that is, and within which bounds.

With U the units at the price now, w and v the worth of a unit at the new price and now, and g the log effect
of the change, the gain is U (w e^g - v). U and g are independent: the level is read off at the price now, the
effect off how units moved with prices. So whether there is a gain depends on g alone, where the level's
uncertainty cancels; how large it is in units or money scales with U, where it does not. The probability is in
closed form; the bounds come from fixed quantiles of both, with no draw at random.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from pricetrail.pricing.demand import Demand, Floats
from pricetrail.pricing.objective import Aim

Bools = npt.NDArray[np.bool_]

NORMAL = NormalDist()
SURE = 0.95


def _points(number: int) -> Floats:
    """The middles of as many equally likely parts of a standard normal."""
    return np.array([NORMAL.inv_cdf((at + 0.5) / number) for at in range(number)])


EFFECT, LEVEL = _points(300), _points(20)


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


def gain(demand: Demand, aim: Aim, price: float) -> Gain:
    """What moving to ``price`` brings in terms of the aim."""
    return Gain(_amount(demand, aim, price), _probability(demand, aim, price))


def sure(demand: Demand, aim: Aim, prices: Floats) -> Bools:
    """Which of ``prices`` (n,) bring a gain with a probability of 95 %: the 90 % interval lies above zero."""
    return _strays(demand, aim, prices) >= NORMAL.inv_cdf(SURE)


def _strays(demand: Demand, aim: Aim, prices: Floats) -> Floats:
    """How many standard deviations of the effect lie between its mean and where there is no gain, (n,)."""
    mean, sd = demand.effect(prices)
    new, now = aim.worth(prices), aim.worth(np.array([demand.price]))
    certain = np.where(new > now, np.inf, -np.inf)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        over = np.where(new * now > 0, np.sign(now) * (mean + np.log(new / now)), certain)
        return np.where(sd > 0, over / sd, np.where(over > 0, np.inf, -np.inf))


def _probability(demand: Demand, aim: Aim, price: float) -> float:
    return NORMAL.cdf(float(_strays(demand, aim, np.array([price]))[0]))


def _amount(demand: Demand, aim: Aim, price: float) -> Interval:
    mean, sd = (float(each[0]) for each in demand.effect(np.array([price])))
    new, now = aim.worth(np.array([price, demand.price])).tolist()
    brought = new * np.exp(mean + sd * EFFECT) - now
    units = demand.units * np.exp(demand.log_sd * LEVEL)
    found = np.sort(np.outer(units, brought), axis=None)
    middle = demand.units * (new * np.exp(mean) - now)
    last = len(found)
    low90, low50, high50, high90 = (
        float(found[at]) for at in (last // 20, last // 4, last - 1 - last // 4, last - 1 - last // 20)
    )
    return Interval(low90, low50, float(middle), high50, high90)
