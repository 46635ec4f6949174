"""The response as plain data: what recommendations are made from.

A product's response is *identified* where its own changes of price pin its slope down, *borrowed* where it did
change its price, but too little or too seldom, so that most of what is said comes from the others, and *unknown*
where it never changed its price, or where all products together cannot say that demand falls with price.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np

from pricetrail.demand.response import money
from pricetrail.demand.response.estimate import Response
from pricetrail.demand.response.level import Level
from pricetrail.demand.response.panel import Floats
from pricetrail.demand.response.pool import own_error, robust
from pricetrail.standing import BORROWED, IDENTIFIED, UNKNOWN, Standing

FORMAT = 1
DIGITS = 10
# A pool whose slope is not below zero by two standard errors says nothing.
SURE = 1.96
TINY = 1e-12
# What the coefficients add up to, by part of the curve.
PARTS = {"slope": np.array([1.0, 0, 0]), "deep": np.array([1.0, 1, 0]), "clear": np.array([1.0, 1, 1])}

Facts = dict[str, Any]


def plain(
    response: Response,
    level: Level,
    descriptions: Mapping[str, str],
    costs: Mapping[str, float],
    *,
    identified_sd: float,
) -> Facts:
    """The response by product, sorted, every float to ten digits; slopes are of log units by log list price.

    ``slope`` holds down to the deep mark (``deep_from`` below the usual price), ``deep`` from there to the clearance
    mark (as deep below the deep one), ``clear`` below that; ``size`` is the part of ``slope`` that
    units an order have in it; ``together`` holds the correlations of their errors, of
    the first and second, the first and third, and the second and third.

    Args:
        response, level: the estimates.
        descriptions, costs: by stock code; a product may lack either.
        identified_sd: a product whose own data give its slope a smaller standard error is identified.
    """
    pool = pooled(response)
    standing, slopes = identification(response, identified_sd), response.slopes
    weeks, changes = response.panel.live.sum(axis=1), response.panel.changes()
    products = [
        {
            "stockcode": code,
            "store": store,
            "description": descriptions.get(code, ""),
            **_prices(response.panel.price[at], float(level.price[at])),
            "orders": float(level.orders[at]),
            "units": float(level.units[at]),
            "units_log_sd": float(level.log_sd[at]),
            "units_week_sd": float(level.week_sd[at]),
            **_by_orders(response, level, at),
            **{name: _slope(slopes.mean[at], slopes.cov[at], part) for name, part in PARTS.items()},
            "together": _together(slopes.cov[at]),
            "identification": standing[at],
            "changes": int(changes[at]),
            "weeks": int(weeks[at]),
            "cost": costs.get(code),
        }
        for at, (code, store) in enumerate(response.panel.names)
        if weeks[at]
    ]
    head = {"format": FORMAT, "deep_from": response.deep_from, "step": money.step(level.price[weeks > 0])}
    found: Facts = rounded({**head, "pool": pool, "products": products})
    return found


def pooled(response: Response) -> Facts:
    """The pool's slopes: their mean, its standard error, and how far products differ."""
    mean = np.sum([each.pool.mean for each in response.outcomes], axis=0)
    cov = np.sum([robust(each.pool, each.data) for each in response.outcomes], axis=0)
    spread = np.sum([np.diag(each.pool.spread**2) for each in response.outcomes], axis=0)
    return {
        name: {**_slope(mean, cov, part), "between_sd": _root(float(part @ spread @ part))}
        for name, part in PARTS.items()
    }


def identification(response: Response, identified_sd: float) -> list[Standing]:
    """Each series' standing."""
    slope = pooled(response)["slope"]
    if slope["mean"] + SURE * slope["sd"] >= 0:
        return [UNKNOWN] * len(response.usual)
    own, changed = (
        own_error(response.orders.pool, response.orders.data),
        response.panel.changes() > 0,
    )
    return [
        (IDENTIFIED if error <= identified_sd else BORROWED) if moved else UNKNOWN
        for error, moved in zip(own, changed, strict=True)
    ]


def rounded(value: Any) -> Any:
    """Floats to ten significant digits, so that the last bits of a machine's arithmetic do not show."""
    if isinstance(value, dict):
        return {name: rounded(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(each) for each in value]
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


def _prices(price: Floats, now: float) -> Facts:
    listed, weeks = np.unique(price[~np.isnan(price)], return_counts=True)
    told = Counter[float]()
    for one, count in zip(listed.tolist(), weeks.tolist(), strict=True):
        told[rounded(one)] += count
    return {
        "price": now,
        "low": float(listed[0]),
        "high": float(listed[-1]),
        "prices": [[one, count] for one, count in told.items()],
    }


def _slope(mean: Floats, cov: Floats, part: Floats) -> Facts:
    return {"mean": float(part @ mean), "sd": _root(float(part @ cov @ part))}


def _by_orders(response: Response, level: Level, at: int) -> Facts:
    """What a trial that counts orders needs to know; nothing where each order is of one unit."""
    if response.size is None:
        return {}
    size = response.size.slopes
    return {
        "orders_week_sd": float(level.orders_sd[at]),
        "size": _slope(size.mean[at], size.cov[at], PARTS["slope"]),
    }


def _together(cov: Floats) -> list[float]:
    parts = np.array(list(PARTS.values()))
    whole = parts @ cov @ parts.T
    sd = np.maximum(np.sqrt(np.diag(whole)), TINY)
    return [
        float(np.clip(whole[one, two] / sd[one] / sd[two], -1, 1)) for one, two in combinations(range(3), 2)
    ]


def _root(variance: float) -> float:
    return float(np.sqrt(variance))
