"""How orders, and units on them, respond to the list price: every series' slopes with what is known of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from pricetrail.apply import Map
from pricetrail.demand.response import alike, baseline, local, noise, pool, regression, shifts
from pricetrail.demand.response.alike import Kin
from pricetrail.demand.response.guess import Data
from pricetrail.demand.response.local import Known, Weeks
from pricetrail.demand.response.noise import Noise
from pricetrail.demand.response.panel import Bools, Floats, Ints, Panel
from pricetrail.demand.response.pool import Belief, Pool, Slopes

ROUNDS = 3
START = Noise(week=0.1, lasting=0.1, decay=0.9)
FIRST_MEAN, FIRST_SPREAD = np.array([-1.0, 0.0, 0.0]), np.array([0.5, 0.5, 0.5])
# Units an order answer to the price less than orders do.
ORDERS, SIZE = Belief(usual=0.25, vague=3.0), Belief(usual=0.1, vague=1.0)
LEAST_SPREAD = 0.02
# As many orders as the spread of all series' order sizes counts for beside a series' own.
PRIOR_ORDERS = 20
TINY = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """One outcome's fit: its weeks and when they are, their noise, the ``basis`` (t, q) of shifts that are not well
    known, what weeks say of these and of slopes, what was believed beforehand, and the pooled slopes.

    Coefficients are the slope by log list price, what is added to it below the deep mark, and what more is added
    below the clearance mark.
    """

    weeks: Weeks
    times: Ints
    noise: Noise
    basis: Floats
    data: Data
    belief: Belief
    pool: Pool
    slopes: Slopes

    def again(self, weeks: Weeks, apply: Map = map) -> Known:
        """What other weeks of the same series say, with noise and pool as they are."""
        precision = _precision(self.pool.spread)
        return local.solve(weeks, self.noise, self.times, self.pool.mean, precision, apply)


@dataclass(frozen=True, slots=True, eq=False)
class Response:
    """Orders by price, and units an order by price; ``usual`` is each series' usual list price, shape (s,)."""

    panel: Panel
    usual: Floats
    deep_from: float
    orders: Outcome
    size: Outcome | None

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """What units are the product of."""
        return (self.orders,) if self.size is None else (self.orders, self.size)

    @property
    def slopes(self) -> Slopes:
        """Of units: those of orders and of units an order add up."""
        parts = [each.slopes for each in self.outcomes]
        return Slopes(
            np.sum([part.mean for part in parts], axis=0), np.sum([part.cov for part in parts], axis=0)
        )


def fit(
    panel: Panel, *, deep_from: float, descriptions: Mapping[str, str] | None = None, apply: Map = map
) -> Response:
    """Estimate the response of every series of a panel.

    Args:
        panel: the counts.
        deep_from: a price so far below the usual one, as a share, is deep.
        descriptions: by stock code; products whose names are alike tell of each other's seasons.
        apply: who fits some of the series at a time.
    """
    usual = usual_price(panel, deep_from)
    design = by_price(panel.price, usual, deep_from)
    driven = drivers(panel, design)
    told = descriptions or {}
    names = [told.get(code, "") for code, _ in panel.names]
    kindred = alike.kin(panel.names, names)
    traits = alike.traits(panel.names, names, panel.changes() > 0)
    orders = _orders(panel, design, driven, kindred, traits, apply)
    single = np.array_equal(panel.orders, panel.units)
    size = None if single else _size(panel, design, traits, apply)
    return Response(panel, usual, deep_from, orders, size)


def usual_price(panel: Panel, deep_from: float) -> Floats:
    """Each series' usual list price, shape (s,): the one in the middle of its weeks, those left out in which it was
    deep below its highest. So it is one that the series had, and no clearance, however long. NaN without any."""
    highest = np.nanmax(np.where(panel.live, panel.price, -np.inf), axis=1, keepdims=True, initial=-np.inf)
    price = np.where(panel.price >= highest * (1 - deep_from), panel.price, np.nan)
    middle = ((~np.isnan(price)).sum(axis=1) - 1) // 2
    found: Floats = np.sort(price, axis=1)[np.arange(len(price)), np.maximum(middle, 0)]
    return found


def by_price(price: Floats, usual: Floats, deep_from: float) -> Floats:
    """The columns of the design, shape (s, t, 3): log of price over usual price, how far that is below the deep
    mark, and how far below the clearance mark, which lies as deep below the deep one; zero where there is no price.

    Small changes, sales and clearances so have slopes of their own: in the Online Retail data one line through all
    of them takes how a clearance levels off for a steep answer to small changes."""
    ratio, mark = np.log(price / usual[:, None]), np.log(1 - deep_from)
    parts = [ratio, np.minimum(ratio - mark, 0), np.minimum(ratio - 2 * mark, 0)]
    found: Floats = np.nan_to_num(np.stack(parts, axis=-1))
    return found


def drivers(panel: Panel, design: Floats) -> Floats:
    """What the covariates multiply expected orders by, shape (s, t): one coefficient each for all series."""
    if not panel.covariates:
        return np.ones(panel.price.shape)
    columns = np.nan_to_num(np.stack(list(panel.covariates.values()), axis=-1))
    series, week = np.nonzero(panel.live)
    wide = np.concatenate([columns, design], axis=-1)[series, week]
    counts = panel.orders.sum(axis=0)[series, week]
    found = regression.fit(counts, wide, [series, week], [series], family="poisson").coefficients
    return np.exp(columns @ found[: columns.shape[-1]])


def _orders(
    panel: Panel, design: Floats, driven: Floats, kindred: Kin, traits: Floats, apply: Map
) -> Outcome:
    """Orders by channel have levels and weeks of their own; the price moves both, and so does the season."""
    counts, product = panel.orders.sum(axis=0), panel.product
    control = panel.live & ~design.any(axis=2)

    def expected(effect: Floats) -> tuple[Floats, Floats]:
        plain = baseline.expected(panel.orders, effect * driven, panel.live).sum(axis=0) * driven
        season, left = alike.season(counts, plain * effect, control, kindred, product)
        season = driven * season
        return baseline.expected(panel.orders, effect * season, panel.live).sum(axis=0) * season, left

    ones = np.ones_like(counts)
    weeks = Weeks(
        counts, ones, design, panel.live, panel.bounded, panel.asked, ones, ones[:, 0], product, ones
    )
    return settle(panel, weeks, expected, FIRST_MEAN, traits, ORDERS, apply)


def _size(panel: Panel, design: Floats, traits: Floats, apply: Map) -> Outcome:
    """Units given the orders there were, in weeks that had any.

    Whose orders they are answers to the price too: those who buy much come for a sale. So it is taken as known whose
    they were, but for what the price did to that, which is part of the slope.
    """
    orders, counts = panel.orders.sum(axis=0), panel.units.sum(axis=0)
    live = panel.live & (orders > 0)
    drawn, ones = _drawn(panel, design, live), np.ones_like(counts)

    def expected(effect: Floats) -> tuple[Floats, Floats]:
        means = baseline.expected(panel.units, panel.orders * effect / drawn, live) * panel.orders
        return means.sum(axis=0) / drawn, ones

    never = np.zeros_like(live)
    spread = _dispersion(panel)
    weeks = Weeks(counts, counts, design, live, never, panel.asked, orders, spread, panel.product, ones)
    return settle(panel, weeks, expected, np.zeros(3), traits, SIZE, apply)


def _drawn(panel: Panel, design: Floats, live: Bools) -> Floats:
    """What the price multiplies units an order by, shape (s, t), in that it draws one channel more than the other."""
    known, usual = np.nonzero(panel.live), np.ones(panel.price.shape)
    if not panel.orders[:, known[0], known[1]].any(axis=1).all():
        return usual
    ratio = design[..., 0]
    fits = [
        regression.fit(counts[known], ratio[known][:, None], known, [known[0]], family="poisson")
        for counts in panel.orders
    ]
    slopes, errors = np.array([(fit.coefficients[0], fit.errors[0]) for fit in fits]).T
    # Channels are taken to answer alike as far as their difference may be chance (James and Stein, 1961).
    apart, chance = slopes - slopes.mean(), float((errors**2).sum()) / max(float(np.ptp(slopes)) ** 2, TINY)
    answers = slopes.mean() + apart * max(1 - chance, 0.0)
    moved = np.exp(answers[:, None, None] * ratio)
    mix = baseline.expected(panel.orders, moved, panel.live)
    each = mix * baseline.expected(panel.units, panel.orders, live)
    before, after = (
        _ratio((each * times).sum(axis=0), (mix * times).sum(axis=0))
        for times in (np.ones_like(moved), moved)
    )
    return np.divide(after, before, out=usual, where=(before > 0) & (after > 0))


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def settle(
    panel: Panel,
    weeks: Weeks,
    expected: Callable[[Floats], tuple[Floats, Floats]],
    first: Floats,
    traits: Floats,
    belief: Belief,
    apply: Map,
) -> Outcome:
    """Take turns: baseline given slopes, noise given both, slopes given noise."""
    mean, spread, found = first, FIRST_SPREAD, START
    effect = np.exp(weeks.design @ first)
    for _ in range(ROUNDS):
        means, left = expected(effect)
        weeks = replace(weeks, baseline=means, left=left)
        known = local.solve(weeks, found, panel.weeks, mean, _precision(spread), apply)
        told = said(known, weeks, traits)
        basis = told.basis()
        data = told.along(basis)
        pooled = pool.fit(data, belief)
        slopes = pool.given(pooled, data)
        strayed = np.where(weeks.bounded, np.nan, known.strayed)
        strayed, counting, left = shifts.restored(
            strayed, known.counting, weeks.scale, weeks.product, weeks.left
        )
        found = noise.fit(strayed, counting, panel.weeks, weeks.product, left)
        effect = np.exp(np.einsum("stk,sk->st", weeks.design, slopes.mean))
        mean, spread = pooled.mean, pooled.spread
    return Outcome(weeks, panel.weeks, found, basis, data, belief, pooled, slopes)


def said(known: Known, weeks: Weeks, traits: Floats) -> Data:
    """What weeks say, as the pool takes it, with a shift of each."""
    return Data(
        known.information, known.pulled, known.swayed, traits, weeks.product, known.tied, known.shifts
    )


def _precision(spread: Floats) -> Floats:
    return np.diag(np.maximum(spread, LEAST_SPREAD) ** -2.0)


def _dispersion(panel: Panel) -> Floats:
    """Variance of the units that an order adds, beside their mean: shape (s,)."""
    orders, units = panel.orders.sum(axis=(0, 2)), panel.units.sum(axis=(0, 2))
    squares = panel.squares.sum(axis=1)
    sold = np.maximum(orders, 1)
    mean = np.maximum(units, 1e-9) / sold
    # Few orders seldom hold a large one: what is usual is of all orders, not of most series.
    relative = np.maximum(squares / sold / mean**2 - 1, 0) * sold / np.maximum(sold - 1, 1)
    usual = float((orders * relative).sum() / max(float(orders.sum()), 1.0))
    shared = (orders * relative + PRIOR_ORDERS * usual) / (orders + PRIOR_ORDERS)
    found: Floats = mean * np.maximum(shared, 1e-3)
    return found
