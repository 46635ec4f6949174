"""The experiment that would tell: which price to try, for how long or in how many stores, and what it would detect.

The price is tried in weeks (or stores) of its own, drawn at random, beside as many at the price now. The log
ratio of units between the two has a standard error of sd * sqrt(2 / n), n weeks at each; an effect is detected with
80 % power, at a two-sided 5 %, when it is 2.80 standard errors large (Cohen, 1988). What has to be told apart
is the effect that is expected and the one at which the new price brings as much as the price now.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import ceil, exp, inf, sqrt
from statistics import NormalDist

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


@dataclass(frozen=True, slots=True)
class Experiment:
    """A proposal; a week at each price counts the same as a store for a week.

    Attributes:
        price: to try beside the price ``now``.
        weeks: to run it in all, half of them at each price; never more than half a year.
        detects: the smallest change of units, as a share, that it would detect at 80 % power; ``elasticity`` is
            the same as a difference of slopes.
        needed: weeks in all until it could tell whether the new price brings more, if demand answers as is
            believed; null where both are believed to bring so much the same that no trial would tell.
        stores: so many at once would tell within ``weeks``; null where ``needed`` is.
    """

    price: float
    now: float
    weeks: int
    detects: float
    elasticity: float
    needed: int | None
    stores: int | None

    def to_dict(self) -> dict[str, float | int | None]:
        """Plain values for JSON."""
        return asdict(self)


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
    return _design(product, float(prices[at]), None if even is None else abs(float(effects[at]) - even))


def _ends(allowed: Allowed) -> list[float]:
    """The lowest and the highest price, each only where a rule ends there: without one there is no end."""
    low, high = float(allowed.prices[0]), float(allowed.prices[-1])
    return ([low] if allowed.lowest.low > 0 else []) + ([high] if allowed.highest.high < inf else [])


def _even(aim: Aim, now: float, price: float) -> float | None:
    """The log effect on units at which both prices bring as much; null where one always brings more."""
    new, old = aim.worth(np.array([price, now])).tolist()
    return float(np.log(old / new)) if new * old > 0 else None


def _design(product: Product, price: float, apart: float | None) -> Experiment:
    """``apart``: the difference of log units to be told; none where there is nothing to tell."""
    sd = product.units_week_sd
    needed = None if apart is None or apart < ALIKE else 2 * max(1, ceil(2 * (REACH * sd / apart) ** 2))
    needed = None if needed is None or needed > MOST else needed
    weeks = LONGEST if needed is None else min(max(needed, SHORTEST), LONGEST)
    effect = REACH * sd * sqrt(2 / (weeks / 2))
    return Experiment(
        price=price,
        now=product.price,
        weeks=weeks,
        detects=1 - exp(-effect),
        elasticity=effect / abs(float(np.log(price / product.price))),
        needed=needed,
        stores=None if needed is None else ceil(needed / weeks),
    )
