"""Cycle after cycle: the shops of ``benchmarks.pricing`` heed what is recommended, and run the trials proposed.

python -m benchmarks.cycles [--shops 20] [--cycles 4] [--weeks 12] [--processes 2]

A shop's first 48 weeks are as they are there. Then every product is asked for each cycle: a changed price holds from
the first week on; a kept one with a proposal has that price tried in half of the weeks, drawn at random, as many
cycles as it takes; any other stays. Prices move by at most 10 % a cycle. What sells under those prices is drawn from
the same law, and the response is estimated anew from all weeks.

Regret is of margin, beside the best price within those that the shop had asked before the first cycle, at the prices
in force after each; trials are paid for, and what the weeks brought is told beside what they would have at the first
prices. The same without trials shows what trials are worth.
"""

from __future__ import annotations

import argparse
import os
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from itertools import repeat

import numpy as np
import numpy.typing as npt
from benchmarks.pricing import Market, drawn, estimated

from pricetrail.pricing.bounds import Limits
from pricetrail.pricing.decision import Decision, Status, decide
from pricetrail.pricing.experiment import propose
from pricetrail.pricing.objective import Aim, Objective
from pricetrail.pricing.response import Product, Responses
from pricetrail.transactions import simulator
from pricetrail.transactions.simulator import World
from pricetrail.transactions.simulator.law import response

Ints = npt.NDArray[np.int64]
FIRST = 48
LIMITS = Limits()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shops", type=int, default=20)
    parser.add_argument("--cycles", type=int, default=4)
    parser.add_argument("--weeks", type=int, default=12)
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    with ProcessPoolExecutor(asked.processes) as pool:
        for tried in (True, False):
            told = [range(asked.shops), repeat(asked.cycles), repeat(asked.weeks), repeat(tried)]
            show(list(pool.map(shop, *told)), "with trials" if tried else "without trials")


def show(shops: list[list[tuple[float, float, Counter[str]]]], name: str) -> None:
    print(name)
    for cycle, found in enumerate(zip(*shops, strict=True)):
        regret, brought = (np.mean([each[at] for each in found]) for at in (0, 1))
        counts = sum((each[2] for each in found), Counter[str]())
        done = ", ".join(f"{count:,} {what}" for what, count in counts.most_common())
        then = f"; the weeks of the next brought {brought:+.2%}; {done}" if done else ""
        print(f"  after {cycle} cycles: regret {regret:.2%}{then}")


def shop(seed: int, cycles: int, weeks: int, tried: bool) -> list[tuple[float, float, Counter[str]]]:
    """After each cycle: the regret, what its weeks brought over the first prices, and what was done in it."""
    settings = drawn(seed, 1)
    first = simulator.build(settings)
    longest = FIRST + cycles * weeks
    base = simulator.build(replace(settings, weeks=longest, rows=settings.rows * longest // FIRST))
    prices = np.concatenate([first.law.prices, np.repeat(first.law.prices[-1:], cycles * weeks, axis=0)])
    volume = np.exp(base.catalogue.popularity + base.catalogue.pack).tolist()
    markets = [
        Market(truth, settings.deep, each, Objective.MARGIN)
        for truth, each in zip(simulator.tell(first).products, volume, strict=True)
    ]
    best = sum(market.best(market.truth.lowest, market.truth.highest) for market in markets)
    rng, found = np.random.default_rng([23, seed]), []
    for begin in range(FIRST, longest, weeks):
        regret = 1 - worth(markets, prices[begin - 1]) / best
        done = settle(base, prices, begin, begin + weeks, markets, rng if tried else None)
        brought = np.mean([worth(markets, week) for week in prices[begin : begin + weeks]])
        found.append((regret, float(brought) / worth(markets, first.law.prices[-1]) - 1, done))
    return [*found, (1 - worth(markets, prices[-1]) / best, 0.0, Counter())]


def settle(
    base: World, prices: Ints, begin: int, end: int, markets: list[Market], rng: np.random.Generator | None
) -> Counter[str]:
    """Set the prices of a cycle, and of all weeks after it, by what is known at its beginning."""
    told = Responses.from_json(estimated(cut(base, prices, begin)))
    known = {product.stockcode: product for product in told.products}
    done = Counter[str]()
    for at, market in enumerate(markets):
        if product := known.get(market.truth.stockcode):
            path, what = plan(product, told.deep_from, market, end - begin, rng)
            prices[begin:, at] = path[-1]
            prices[begin:end, at] = path
            done[what] += 1
    return done


def worth(markets: list[Market], pence: Ints) -> float:
    """A week at these prices."""
    return sum(market.earns(price / 100) for market, price in zip(markets, pence.tolist(), strict=True))


def plan(
    product: Product, deep_from: float, market: Market, weeks: int, rng: np.random.Generator | None
) -> tuple[Ints, str]:
    """The prices of a cycle in pence, the last week at the one that stays, and what they are for."""
    aim = Aim(Objective.MARGIN, market.cost)
    decision: Decision = decide(product, deep_from, aim, LIMITS)
    path = np.full(weeks, round(decision.price * 100))
    if decision.status is Status.CHANGE:
        return path, "changed"
    trial = propose(product, deep_from, aim, LIMITS) if rng else None
    if rng is None or trial is None or trial.needed is None:
        return path, "kept"
    path[rng.choice(weeks - 1, weeks // 2, replace=False)] = round(trial.price * 100)
    return path, "kept, with a trial"


def cut(base: World, prices: Ints, weeks: int) -> World:
    """The world up to a week, at other prices."""
    law, goods = base.law, base.catalogue
    now, then = (np.log(each / goods.base) for each in (prices, law.prices))
    deep = base.settings.deep
    moved = response(now, goods.elasticity, deep) - response(then, goods.elasticity, deep)
    settings = replace(base.settings, weeks=weeks)
    kept = replace(
        law,
        prices=prices[:weeks],
        season=law.season[:weeks],
        stocked=law.stocked[:weeks],
        orders=(law.orders * np.exp(moved))[:weeks],
    )
    return replace(base, settings=settings, law=kept)


if __name__ == "__main__":
    main()
