"""What could be said at best: the response of a simulated shop's products by one who is told all but the elasticities.

It knows what no estimator does: the level of every product and the season of every week, the law of the noise, weeks
without stock, how far deep cuts add, the mean elasticity of each family and how far its products differ from it. All
it has to learn is each product's own elasticity, from its own weeks: a posterior on a grid. What its prices fall short
by under the same decision is the price of what sales do not tell, and of the decision's own rules.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from pricetrail.pricing.response import Pool, Pooled, Product, Responses, Slope
from pricetrail.transactions import simulator
from pricetrail.transactions.simulator import World
from pricetrail.transactions.simulator.law import DEEP_CUT
from pricetrail.transactions.simulator.truth import Product as Truth

Floats = npt.NDArray[np.float64]
# Standard deviations around the family's mean that are tried.
TRIED = np.linspace(-5, 5, 401)
DEEP_FROM = float(1 - np.exp(DEEP_CUT))
LEAST = 1e-6


def responses(world: World, *, blind: bool = True) -> Responses:
    """What is known at best of every product's response; nothing is left to learn if it is not ``blind``."""
    truth = world.catalogue.elasticity
    mean, sd = learnt(world) if blind else (truth, np.full_like(truth, LEAST))
    deep, truths = world.settings.deep, simulator.tell(world).products
    products = tuple(
        _product(truth, world.law.prices[-1, at] / 100, Slope(mean=mean[at], sd=sd[at]), deep)
        for at, truth in enumerate(truths)
    )
    shared = Pooled(mean=float(mean.mean()), sd=0.0, between_sd=world.settings.elasticity_sd)
    return Responses(format=1, deep_from=DEEP_FROM, pool=Pool(slope=shared, deep=shared), products=products)


def learnt(world: World) -> tuple[Floats, Floats]:
    """Mean and standard deviation of what is believed of each product's elasticity once its sales are seen."""
    goods, law = world.catalogue, world.law
    families = np.array([goods.elasticity[goods.family == each].mean() for each in np.unique(goods.family)])
    spread = world.settings.elasticity_sd / np.sqrt(2)
    tried = families[goods.family][:, None] + spread * TRIED
    ratio, orders = np.log(law.prices / goods.base), simulator.panel(world).orders
    log = np.array(
        [
            _likelihood(orders[:, at], law.orders[:, at], ratio[:, at], tried[at] - elasticity, world)
            for at, elasticity in enumerate(goods.elasticity)
        ]
    )
    log -= TRIED**2 / 2
    weight = np.exp(log - log.max(axis=1, keepdims=True))
    weight /= weight.sum(axis=1, keepdims=True)
    mean: Floats = (weight * tried).sum(axis=1)
    return mean, np.sqrt((weight * (tried - mean[:, None]) ** 2).sum(axis=1))


def _likelihood(counts: Floats, expected: Floats, ratio: Floats, aside: Floats, world: World) -> Floats:
    """Of the counts of a product's weeks, at elasticities so far aside of the true one."""
    sold = expected > 0
    mean = expected[sold, None] * np.exp(ratio[sold, None] * aside)
    shape, count = 1 / max(world.settings.dispersion, LEAST), counts[sold, None]
    plain = gammaln(count + shape) + count * np.log(mean) - (count + shape) * np.log(mean + shape)
    found: Floats = plain.sum(axis=0)
    return found


def _product(truth: Truth, now: float, slope: Slope, deep: float) -> Product:
    """As the decision takes it; its usual price is the one at which the price has no effect, if it was ever asked."""
    seen = {truth.lowest, truth.highest, now}
    listed = sorted(seen | {truth.base_price} if truth.lowest < truth.base_price < truth.highest else seen)
    return Product(
        stockcode=truth.stockcode,
        price=now,
        low=listed[0],
        high=listed[-1],
        prices=tuple((price, 1000 if price == truth.base_price else 1) for price in listed),
        orders=1.0,
        units=1.0,
        units_log_sd=0.0,
        units_week_sd=0.0,
        slope=slope,
        deep=Slope(mean=slope.mean + deep, sd=slope.sd),
        identification="identified" if truth.changed else "unknown",
        changes=len(truth.list_prices) - 1,
        weeks=1,
    )
