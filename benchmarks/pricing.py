"""Prices where the truth is known: simulated shops through the estimator and the decision.

python -m benchmarks.pricing [--shops 200] [--times 1] [--oracle learns|knows] [--processes 2] [--json]

Every shop has 60 products, 48 weeks and a seed of its own; its size (6,000 to 36,000 order lines, dirt included), the
mean and spread of its elasticities, its seasons, its noise and the share of products that are repriced are drawn from
that seed. Its raw lines are cleaned and its list prices found as the pipeline does.

Coverage: the share of elasticities within their 90 % interval. Regret: what the shop would earn in a week at the
recommended prices, short of what it would at the best prices within those it ever asked, as a share of the latter;
the limit on change in one cycle is lifted, as the best price knows none. Beside it stands the regret under the default
limits, against the best price that those admit. Kept prices count like any other; the products whose response reads
identified, and the prices that are changed, are shown by themselves too, and what a looser rule than the 90 % interval
would bring, and cost. With ``--times 8`` every shop sells eight times as much, at the same elasticities.

With ``--oracle learns`` the responses come from one who is told all but the products' own elasticities, and with
``--oracle knows`` from one who is told those too (``oracle``): what the same decision falls short by at best.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from benchmarks import oracle
from benchmarks.telling import tell

from pricetrail.params import Params
from pricetrail.pricing.bounds import Limits
from pricetrail.pricing.decision import decide
from pricetrail.pricing.objective import Aim, Objective
from pricetrail.pricing.response import Product, Responses
from pricetrail.stages import fit_price_response
from pricetrail.transactions import account, prices, simulator, source
from pricetrail.transactions.simulator import Product as Truth
from pricetrail.transactions.simulator import Settings, World
from pricetrail.transactions.simulator.files import SCHEMA
from pricetrail.transactions.simulator.law import DEEP_CUT, response

PARAMS = Params.model_validate({"source": {"columns": {name.lower(): name for name in SCHEMA.names}}})
REACH = 1.645
CENT = 0.005
# Rates of the interval of a gain that has to lie above zero; the first is the default.
RATES = (0.9, 0.8, 0.5)


@dataclass(frozen=True)
class Case:
    """One product of one shop under one aim: what was said of it, and what it brings in truth.

    Attributes:
        reason: status and cause of the decision.
        best, kept, guessed: a week at the best price observed, at the price now, and at the one that was believed best,
            be it sure or not.
        reachable: the same at the best price within the default limit of one cycle.
        free, stepped: at the recommended price without and with that limit, by the rate that is asked.
    """

    aim: str
    strayed: float
    deep_strayed: float
    identification: str
    reason: str
    outside: bool
    best: float
    kept: float
    guessed: float
    reachable: float
    free: tuple[float, ...]
    stepped: tuple[float, ...]

    @property
    def earned(self) -> float:
        return self.free[0]

    @property
    def within(self) -> float:
        return self.stepped[0]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shops", type=int, default=200)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--times", type=int, default=1, help="so many times the order lines")
    parser.add_argument("--oracle", choices=("learns", "knows"))
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    began = time.perf_counter()
    with ProcessPoolExecutor(asked.processes) as pool:
        seeds = range(asked.first, asked.first + asked.shops)
        shops = list(pool.map(shop, seeds, repeat(asked.times), repeat(asked.oracle)))
    found = dict(figures(shops)) | {"seconds": round(time.perf_counter() - began, 1)}
    tell(found, as_json=asked.json)


def drawn(seed: int, times: int) -> Settings:
    """A shop like no other."""
    rng = np.random.default_rng([17, seed])
    return Settings(
        rows=times * int(np.exp(rng.uniform(np.log(6_000), np.log(36_000)))),
        products=60,
        weeks=48,
        customers=400,
        elasticity_mean=rng.uniform(-2.4, -0.8),
        elasticity_sd=rng.uniform(0.2, 0.7),
        repriced=rng.uniform(0.4, 1.0),
        seasonality=rng.uniform(0.0, 0.4),
        dispersion=rng.uniform(0.0, 0.2),
        seed=1_000 + seed,
    )


def shop(seed: int, times: int, told_by: str | None) -> list[Case]:
    """Every product of a shop, under both aims."""
    world = simulator.build(drawn(seed, times))
    told = (
        oracle.responses(world, blind=told_by == "learns")
        if told_by
        else Responses.from_json(estimated(world))
    )
    known = {product.stockcode: product for product in told.products}
    volume = np.exp(world.catalogue.popularity + world.catalogue.pack)
    return [
        case(told, known[truth.stockcode], Market(truth, world.settings.deep, float(volume[number]), aim))
        for number, truth in enumerate(simulator.tell(world).products)
        if truth.stockcode in known
        for aim in (Objective.MARGIN, Objective.REVENUE)
    ]


def estimated(world: World) -> Any:
    """The response as the pipeline finds it."""
    return fit_price_response.estimated(sold(world), PARAMS).facts


def sold(world: World) -> pa.Table:
    """The clean order lines of a world, with list prices."""
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "lines.parquet"
        simulator.write(world, raw, "parquet")
        sales = account.settle(source.read([raw], PARAMS.source), PARAMS).sales
        ordered = prices.attach(sales, PARAMS.source).order_by(["invoicedate", "invoiceno", "line"])
        return ordered.to_pyarrow()


@dataclass(frozen=True)
class Market:
    """What a price truly brings of an aim."""

    truth: Truth
    deep: float
    volume: float
    aim: Objective

    @property
    def cost(self) -> float:
        return self.truth.unit_cost if self.aim is Objective.MARGIN else 0.0

    def earns(self, price: float) -> float:
        """A week at a price, but for a factor that all products share."""
        ratio = np.log(np.array([price / self.truth.base_price]))
        effect = response(ratio, np.array([self.truth.elasticity]), self.deep)[0]
        return self.volume * (price - self.cost) * float(np.exp(effect))

    def best(self, low: float, high: float) -> float:
        """The most that prices from ``low`` to ``high`` bring."""
        bend = (self.truth.base_price * float(np.exp(DEEP_CUT)), self.deep)
        return self.earns(simulator.optimum(self.truth.elasticity, self.cost, (low, high), bend))


def case(told: Responses, product: Product, market: Market) -> Case:
    truth = market.truth
    aim = Aim(market.aim, market.cost or None)
    free, stepped = (
        [decide(product, told.deep_from, aim, Limits(change=change, sure=rate)) for rate in RATES]
        for change in (None, Limits().change)
    )
    first = free[0]
    low, high = max(truth.lowest, product.price * 0.9), min(truth.highest, product.price * 1.1)
    return Case(
        aim=market.aim.value,
        strayed=(product.slope.mean - truth.elasticity) / product.slope.sd,
        deep_strayed=(product.deep.mean - truth.deep_elasticity) / product.deep.sd,
        identification=product.identification,
        reason=f"{first.status}, {first.cause}" if first.cause else first.status,
        outside=any(
            not truth.lowest - CENT <= each.price <= truth.highest + CENT for each in (*free, *stepped)
        ),
        best=market.best(truth.lowest, truth.highest),
        kept=market.earns(product.price),
        guessed=market.earns(first.prospect.price if first.prospect else first.price),
        reachable=market.best(low, high),
        free=tuple(market.earns(each.price) for each in free),
        stepped=tuple(market.earns(each.price) for each in stepped),
    )


def figures(shops: list[list[Case]]) -> Iterator[tuple[str, str]]:
    cases = [case for shop in shops for case in shop]
    products = [case for case in cases if case.aim == "margin"]
    yield "shops, products", f"{len(shops)}, {len(products):,}"
    yield "elasticities within their 90 % interval", covered(shops)
    for name in ("identified", "borrowed", "unknown"):
        if mine := [abs(case.strayed) <= REACH for case in products if case.identification == name]:
            yield f"  {name}", f"{np.mean(mine):.1%} of {len(mine):,}"
    deep = [abs(case.deep_strayed) <= REACH for case in products if case.identification != "unknown"]
    yield "  of deep cuts, where prices changed", f"{np.mean(deep):.1%}"
    for aim in ("margin", "revenue"):
        chosen = [[case for case in shop if case.aim == aim] for shop in shops]
        yield f"regret, {aim}: recommended prices", regret(chosen, "earned", "best")
        yield f"regret, {aim}: within 10 % of the price now", regret(chosen, "within", "reachable")
        for name, keep in PARTS.items():
            part = [[case for case in shop if keep(case)] for shop in chosen]
            yield (
                f"  {aim}: {name}",
                f"{whole(part, 'earned', 'best')}; within 10 % {whole(part, 'within', 'reachable')}",
            )
        yield f"regret, {aim}: believed best, sure or not", regret(chosen, "guessed", "best")
        yield f"regret, {aim}: every price kept", regret(chosen, "kept", "best")
        yield from looser(chosen, aim)
        yield from lost([case for shop in chosen for case in shop], aim)
    yield "recommended outside the observed range", f"{sum(case.outside for case in cases)} of {len(cases):,}"


def covered(shops: list[list[Case]]) -> str:
    shares = [np.mean([abs(case.strayed) <= REACH for case in shop]) for shop in shops]
    return (
        f"{np.mean(shares):.1%} (+/- {1.96 * np.std(shares) / np.sqrt(len(shares)):.1%} for the shops drawn)"
    )


def regret(shops: list[list[Case]], got: str, best: str) -> str:
    """Short of the best, as a share of it: the mean over the shops, and the worst of them."""
    shares = [
        1 - sum(getattr(case, got) for case in shop) / sum(getattr(case, best) for case in shop)
        for shop in shops
    ]
    return f"{np.mean(shares):.2%} (worst shop {max(shares):.2%})"


PARTS: dict[str, Callable[[Case], bool]] = {
    "of products that read identified": lambda case: case.identification == "identified",
    "of prices that are changed": lambda case: case.reason == "change",
}


def whole(shops: list[list[Case]], got: str, best: str) -> str:
    """The same over all shops as one."""
    cases = [case for shop in shops for case in shop]
    return f"{1 - sum(getattr(case, got) for case in cases) / sum(getattr(case, best) for case in cases):.2%}"


def looser(shops: list[list[Case]], aim: str) -> Iterator[tuple[str, str]]:
    """What asking less of a gain brings, and how many of the changes lose by it."""
    cases = [case for shop in shops for case in shop]
    for at, rate in enumerate(RATES):
        free = np.mean([1 - sum(c.free[at] for c in shop) / sum(c.best for c in shop) for shop in shops])
        step = np.mean(
            [1 - sum(c.stepped[at] for c in shop) / sum(c.reachable for c in shop) for shop in shops]
        )
        moved = [case for case in cases if case.free[at] != case.kept]
        worse = np.mean([case.free[at] < case.kept for case in moved])
        yield (
            f"  {aim}: gains sure at {rate:.0%}",
            f"{free:.2%}, within 10 % {step:.2%}; {len(moved) / len(cases):.1%} changed, {worse:.1%} of them lose",
        )


def lost(cases: list[Case], aim: str) -> Iterator[tuple[str, str]]:
    """Which decisions the regret of the recommended prices comes from."""
    total = sum(case.best for case in cases)
    for reason, count in Counter(case.reason for case in cases).most_common():
        share = sum(case.best - case.earned for case in cases if case.reason == reason) / total
        yield f"  {aim}: {reason}", f"{share:.2%} by {count:,} products"


if __name__ == "__main__":
    main()
