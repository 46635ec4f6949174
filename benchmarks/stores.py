"""Do intervals hold where a shop is many stores, or few products? Simulated chains, each product's elasticity known.

python -m benchmarks.stores [--products 100] [--stores 20] [--weeks 104] [--chains 1] [--prices chain,store] [--json]

Weekly units by product and store. Prices change in all stores at once (*chain*), or in each store when it pleases
(*store*); in all products at once (*shop*), or half of it so and half by product (*half*). A product's weeks stray in
all stores together by a standard deviation of 0, 0.15 or 0.3 of the log, and in each by itself by 0.2. ``held`` is
the share of the true elasticities that lie in their 90 % intervals, by what the series read; ``sd`` the mean standard
error told, ``error`` the root of the mean squared error; over so many chains, with the processor's seconds.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
from benchmarks.pricing import PARAMS, REACH
from benchmarks.telling import tell

from pricetrail.demand.response import estimate, table
from pricetrail.demand.response.panel import Floats, Panel

OWN = 0.2
RESPONSE = PARAMS.fit_price_response


@dataclass(frozen=True, slots=True)
class Chain:
    """How large it is."""

    products: int
    stores: int
    weeks: int


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--products", type=int, default=100)
    parser.add_argument("--stores", type=int, default=20)
    parser.add_argument("--weeks", type=int, default=104)
    parser.add_argument("--chains", type=int, default=1)
    parser.add_argument("--prices", default="chain,store")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    size = Chain(asked.products, asked.stores, asked.weeks)
    ways = product(asked.prices.split(","), (0.0, 0.15, 0.3))
    found = {
        f"prices by {where}, {together:.2f} together": held(size, where, together, range(1, asked.chains + 1))
        for where, together in ways
    }
    tell(found, as_json=asked.json)


def held(size: Chain, where: str, together: float, seeds: range) -> dict[str, Any]:
    """How many intervals hold the truth, over chains of so many seeds."""
    spent = time.process_time()
    parts = [fitted(*simulated(size, where, together, np.random.default_rng(seed))) for seed in seeds]
    error, sd, standing = (np.concatenate(each) for each in zip(*parts, strict=True))
    told: dict[str, Any] = {"seconds": round(time.process_time() - spent, 1)}
    for name in np.unique(standing).tolist():
        chosen = standing == name
        told |= {
            name: int(chosen.sum()),
            f"{name} held": round(float((np.abs(error) <= REACH * sd)[chosen].mean()), 3),
            f"{name} sd": round(float(sd[chosen].mean()), 3),
            f"{name} error": round(float(np.sqrt((error[chosen] ** 2).mean())), 3),
        }
    return told


def fitted(panel: Panel, true: Floats) -> tuple[Floats, Floats, npt.NDArray[np.str_]]:
    """How far each series' elasticity is from the truth, its standard error, and its standing."""
    found = estimate.fit(panel, deep_from=RESPONSE.deep_from)
    standing = table.identification(found, RESPONSE.identified_sd)
    return found.slopes.mean[:, 0] - true, np.sqrt(found.slopes.cov[:, 0, 0]), np.array(standing)


def simulated(size: Chain, where: str, together: float, dice: np.random.Generator) -> tuple[Panel, Floats]:
    """A chain's weeks, and each series' elasticity."""
    p, s, w = size.products, size.stores, size.weeks
    elasticity = -np.exp(dice.normal(0.5, 0.4, p))
    own = {"chain": (p, 1, w), "store": (p, s, w), "half": (p, 1, w), "shop": (1, 1, w)}[where]
    ratio = np.broadcast_to(moved(own, dice), (p, s, w))
    if where == "half":
        ratio = ratio * moved((1, 1, w), dice)
    price = (dice.lognormal(1.2, 0.6, (p, 1, 1)) * ratio).round(2)
    level = dice.lognormal(2.6, 1.0, (p, 1, 1)) * dice.lognormal(0.0, 0.4, (1, s, 1))
    season = 1 + 0.2 * np.sin(np.arange(w) / 52 * 2 * np.pi)
    strayed = np.exp(dice.normal(0, together, (p, 1, w)) + dice.normal(0, OWN, (p, s, w)))
    usual = np.median(price, axis=2, keepdims=True)
    units = dice.poisson(level * (price / usual) ** elasticity[:, None, None] * season * strayed)
    counts = units.reshape(1, p * s, w).astype(float)
    both = np.concatenate([counts, np.zeros_like(counts)])
    names = tuple((f"P{one:04d}", f"{other:03d}") for one in range(p) for other in range(s))
    nothing = np.zeros((p * s, w), bool)
    listed = price.reshape(p * s, w)
    panel = Panel(names, np.arange(w), both, both, counts[0], listed, nothing, np.ones(p * s), {})
    return panel, np.repeat(elasticity, s)


def moved(shape: tuple[int, int, int], dice: np.random.Generator) -> Floats:
    """Prices over usual ones: steps that last, and promotions of a week."""
    steps = np.where(dice.random(shape) < 1 / 20, dice.choice([0.9, 0.95, 1.05, 1.1], shape), 1.0)
    promoted = np.where(dice.random(shape) < 0.06, 0.8, 1.0)
    found: Floats = np.exp(np.clip(np.cumsum(np.log(steps), axis=2), -0.2, 0.2)) * promoted
    return found


if __name__ == "__main__":
    main()
