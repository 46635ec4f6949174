"""Elasticities where the truth is known: simulated shops of 60 products and 48 weeks, each another.

Ours is stage `fit_price_response`: slopes of products pooled by how sure they are, deep cuts told apart, noise of
weeks. The peer is pyfixest, a Poisson regression of weekly units on the logarithm of the list price with effects of
products and of weeks: once with one slope for all products, once with a slope for each. The error is the root of the
mean square over the products whose price changed; the miss of intervals is how far the share of 90 % intervals that
hold the truth lies from 90 %, over all shops. Seconds are those of the fit alone; pyfixest's are of both its
regressions together.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from benchmarks import peer
from benchmarks.figures import OURS, Figure, compared
from benchmarks.part import How
from benchmarks.pricing import PARAMS, REACH, drawn, sold
from benchmarks.turns import Cost, cost, figures

from pricetrail.stages import fit_price_response
from pricetrail.transactions import simulator

ONE, OWN = "pyfixest, one slope", "pyfixest, own slopes"
WAYS = (OURS, ONE, OWN)
LEVEL = 0.9
Slopes = Mapping[str, Mapping[str, float]]


def run(how: How) -> Iterator[Figure]:
    there = peer.installed("pyfixest")
    shops = [shop(how, seed, there=there) for seed in range(how("shops", 20, 3))]
    costs = {OURS: [each[0] for each in shops], "pyfixest": [each[1] for each in shops] if there else None}
    yield from figures("a fit", costs)
    ways = WAYS if there else (OURS,)
    errors = {way: [strayed(truth, told[way]) for *_, truth, told in shops] for way in ways}
    yield compared("error of elasticities", "", dict.fromkeys(WAYS) | errors)
    misses = {way: [missed([held(truth, told[way]) for *_, truth, told in shops])] for way in ways}
    yield compared("miss of 90 % intervals", "", dict.fromkeys(WAYS) | misses)


def shop(
    how: How, seed: int, *, there: bool
) -> tuple[Cost, Cost | None, Mapping[str, float], dict[str, Slopes]]:
    """What each way costs; the truth of products whose price changed; and what each way says of them."""
    world = simulator.build(drawn(seed, 1))
    read = sold(world)
    facts: dict[str, Any] = {}
    ours = cost(lambda: facts.update(fit_price_response.estimated(read, PARAMS).facts))
    told: dict[str, Slopes] = {OURS: {each["stockcode"]: each["slope"] for each in facts["products"]}}
    known = {each.stockcode: each.elasticity for each in simulator.tell(world).products}
    changed = {each["stockcode"] for each in facts["products"] if each["identification"] != "unknown"}
    theirs = None
    if there:
        path = how.folder / f"{seed}.parquet"
        pq.write_table(read.select(["stockcode", "invoicedate", "quantity", "list_price"]), path)
        said = json.loads(peer.run("effects", path))
        theirs = Cost(said["clock"], said["processor"])
        told |= {ONE: dict.fromkeys(known, said["one"]), OWN: said["own"]}
        changed &= said["own"].keys()
    return ours, theirs, {code: known[code] for code in changed}, told


def strayed(truth: Mapping[str, float], told: Slopes) -> float:
    return float(np.sqrt(np.mean([(told[code]["mean"] - true) ** 2 for code, true in truth.items()])))


def held(truth: Mapping[str, float], told: Slopes) -> list[bool]:
    """Whether each interval holds the truth."""
    return [abs(told[code]["mean"] - true) <= REACH * told[code]["sd"] for code, true in truth.items()]


def missed(shops: list[list[bool]]) -> float:
    return abs(float(np.mean(np.concatenate(shops))) - LEVEL)
