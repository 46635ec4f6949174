"""Should the slopes be believed? The same slope by other ways, which must agree, or must be nothing.

- *naive*: log quantity of an order line by log *paid* price. Larger orders pay less, so this is mostly the bulk
  discount; it stands beside the others to show what the list price changes. The newest four million lines say it.
- *common*: one slope for all by plain Poisson regression with effects of series and weeks (PPML).
- *registered*, *anonymous*: the same in each channel.
- *pooled*: the mean of the pool, as it is served; *first half*, *second half*: the same from each half of the weeks
  alone; they should agree.
- *placebo*: the effect of the price of some weeks later on today's orders, beside today's price. It must be nothing:
  were prices set because demand had moved, it would not be.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pricetrail.apply import Map
from pricetrail.demand.response import pool, regression
from pricetrail.demand.response.estimate import Outcome, Response, said
from pricetrail.demand.response.panel import Bools, Columns, Floats, Panel, series_of, weeks_of
from pricetrail.demand.response.pool import own_error
from pricetrail.demand.response.regression import Regression

LEAD = 4
LEVEL = 1.96
CLUSTERS = 2
# A series whose own slope has a larger standard error says next to nothing.
TELLING = 5.0


@dataclass(frozen=True, slots=True)
class Slope:
    """One way to a slope, with its 95 % interval; rows hang together by series and by week."""

    name: str
    outcome: str
    slope: float
    low: float
    high: float
    series: int


def slopes(response: Response, lines: Columns, key: str | None, apply: Map = map) -> list[Slope]:
    """Every way that the data allow; ``apply``: who fits some of the series at a time."""
    panel = response.panel
    orders, units = panel.orders.sum(axis=0), panel.units.sum(axis=0)
    usual, log = panel.live & ~panel.bounded, np.nan_to_num(np.log(panel.price))
    ways = [
        ("common", "orders", orders, usual),
        ("common", "units", units, usual),
        ("anonymous", "orders", panel.orders[0], usual),
        ("registered", "orders", panel.orders[1], usual),
    ]
    found = [_slope(*way[:2], _panel_fit(way[2], [log], way[3])) for way in ways]
    naive = _slope("naive", "quantity of a line", _naive(lines, key))
    placebo = _slope("placebo", "orders", _placebo(panel, orders, response.orders.weeks.design, usual))
    return [each for each in [naive, *found, *_pools(response, apply), placebo] if each is not None]


def _pools(response: Response, apply: Map) -> list[Slope | None]:
    """The pool from all weeks and from each half."""
    panel = response.panel
    early = panel.weeks < (panel.weeks[0] + panel.weeks[-1] + 1) / 2
    halves = {"pooled": early | True, "first half": early, "second half": ~early}
    return [_half(name, response.orders, weeks, apply) for name, weeks in halves.items()]


def _half(name: str, outcome: Outcome, chosen: Bools, apply: Map) -> Slope | None:
    weeks = replace(outcome.weeks, live=outcome.weeks.live & chosen)
    known = outcome.again(weeks, apply)
    told = said(known, weeks, outcome.data.traits)
    data = told.along(told.basis())
    found = pool.fit(data, outcome.belief)
    moved = int((own_error(found, data) < TELLING).sum())
    if moved < CLUSTERS:
        return None
    slope = float(found.mean[0])
    reach = LEVEL * float(np.sqrt(pool.robust(found, data)[0, 0]))
    return Slope(name, "orders", slope, slope - reach, slope + reach, moved)


def _placebo(panel: Panel, orders: Floats, design: Floats, usual: Bools) -> Regression | None:
    """The later price beside today's, which has its effect as it is estimated: a sale that brings more than one slope
    for all would leave something over in the weeks around it."""
    ahead = np.searchsorted(panel.weeks, panel.weeks + LEAD)
    there = ahead < len(panel.weeks)
    later = np.where(there, ahead, 0)
    known = usual & there & panel.live[:, later]
    return _panel_fit(orders, [design[:, later, 0], *np.moveaxis(design, -1, 0)], known)


def _panel_fit(counts: Floats, columns: list[Floats], used: Bools) -> Regression | None:
    series, week = np.nonzero(used)
    if not len(series) or not counts[used].any():
        return None
    design = np.stack([column[used] for column in columns], axis=1)
    return regression.fit(counts[used], design, [series, week], [series, week], family="poisson")


def _naive(lines: Columns, key: str | None) -> Regression:
    series, week = series_of(lines, key)[1], weeks_of(lines["invoicedate"])
    log = np.log(lines["quantity"])
    return regression.fit(
        log, np.log(lines["unitprice"])[:, None], [series, week], [series, week], family="gaussian"
    )


def _slope(name: str, outcome: str, found: Regression | None) -> Slope | None:
    """The first coefficient, if there are clusters enough to know its error by."""
    if found is None or found.clusters < CLUSTERS or not found.errors[0] > 0:
        return None
    slope, reach = float(found.coefficients[0]), LEVEL * float(found.errors[0])
    return Slope(name, outcome, slope, slope - reach, slope + reach, found.clusters)
