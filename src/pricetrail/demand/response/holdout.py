"""Would it have foretold what happened? Changes of price, forecast from the weeks before them.

Each change of a list price is a trial: what sold in the weeks after it (at most eight, and none of the next price) is
forecast from the series' own weeks before it, and the slopes from *other products'* weeks; the products are dealt
into five parts, and none tells of itself. Of more than 50,000 changes so many are drawn by chance. Beside it stands
the same forecast with the slopes set to nothing. The ratio of their Poisson deviances says what knowing the response
is worth: 1.00 is nothing. The weeks' and the seasons' effects are known to both: what is asked is what the price does,
not what November does.

Whether the forecasts know how wrong they are is asked of the same weeks, and of the newest weeks of series whose
price stood: of the 80 % intervals of what was to sell, 80 % should hold what sold.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pricetrail.demand.response import coverage, level, local, pool, regression
from pricetrail.demand.response.estimate import Outcome, Response, said
from pricetrail.demand.response.local import Weeks
from pricetrail.demand.response.panel import SAME, Bools, Floats, Ints, Panel
from pricetrail.demand.response.pool import Slopes

AHEAD = 8
FOLDS = 5
SMALL = 0.10
RESAMPLES = 1000
SEED = 7
LEAST = 1e-9
SAME_PRICE = "no change"
# More cases say no more, and a grocer with promotions has a million of them.
MOST = 50_000


@dataclass(frozen=True, slots=True)
class Held:
    """What was held out, of one outcome and one class of changes.

    Attributes:
        change: the class, in words.
        cases: how many changes, or series, it holds.
        ratio: deviance with the response over deviance without, with its 90 % interval by resampling the cases; null
            where no price changed.
        covered: share of what sold that lies within its 80 % interval.
    """

    outcome: str
    change: str
    cases: int
    ratio: float | None
    low: float | None
    high: float | None
    covered: float


@dataclass(frozen=True, slots=True, eq=False)
class Cases:
    """Weeks known and weeks to foretell: ``series`` (e,), ``before`` and ``after`` (e, t), the ``last`` week known
    (e,), and the ``change`` of log price between them (e,)."""

    series: Ints
    before: Bools
    after: Bools
    last: Ints
    change: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """A forecast of what a case sells after: its ``mean``, and that if the price did nothing, ``still``; the
    relative variance of its rate, ``spread``; and how many of the orders are ``sure``, as their weeks count because
    somebody ordered; shape (e,) each."""

    mean: Floats
    still: Floats
    spread: Floats
    sure: Floats


def check(response: Response) -> list[Held]:
    """Hold out every change, and the newest weeks of series whose price stood."""
    moved, stood = changes(response.panel), steady(response.panel)
    classes = _classes(response.deep_from)
    found = []
    for cases, chosen in ((moved, classes), (stood, {SAME_PRICE: (-np.inf, np.inf)})):
        for outcome, parts in foretell(response, cases).items():
            found += [
                _held(outcome, name, np.flatnonzero((cases.change > low) & (cases.change <= high)), *parts)
                for name, (low, high) in chosen.items()
            ]
    return [each for each in found if each.cases]


def changes(panel: Panel, most: int = MOST) -> Cases:
    """A case for every change of a list price, or for ``most`` of them."""
    series, first, price, live = [], [], panel.price, panel.live
    for at in np.flatnonzero(panel.changes() > 0):
        weeks = np.flatnonzero(live[at])
        step = np.flatnonzero(np.abs(np.diff(np.log(price[at, weeks]))) > SAME)
        series += [at] * len(step)
        first += weeks[step + 1].tolist()
    return _cases(panel, np.array(series, np.int64), np.array(first, np.int64), most)


def steady(panel: Panel, newest: int = 0) -> Cases:
    """A case for every series that has the same price in eight weeks as before them; ``newest`` weeks come after."""
    first, end = np.searchsorted(panel.weeks, panel.weeks[-1] - newest - np.array([AHEAD - 1, -1])).tolist()
    known = panel.live[:, :first].any(axis=1) & panel.live[:, first:end].any(axis=1)
    series = np.flatnonzero(known)
    cases = _cases(panel, series, np.full(len(series), first))
    return _taken(cases, np.abs(cases.change) <= SAME)


def _cases(panel: Panel, series: Ints, first: Ints, most: int = MOST) -> Cases:
    """``first`` is the week that the foretold ones begin with; those of its price alone are."""
    if len(series) > most:
        some = np.sort(np.random.default_rng(SEED).choice(len(series), most, replace=False))
        series, first = series[some], first[some]
    week, live = np.arange(len(panel.weeks)), panel.live[series]
    before = live & (week < first[:, None])
    begin = np.argmax(live & (week >= first[:, None]), axis=1)
    last = live.shape[1] - 1 - np.argmax(before[:, ::-1], axis=1)
    price, row = np.log(panel.price[series]), np.arange(len(series))
    alike = np.abs(price - price[row, begin][:, None]) <= SAME
    run = np.cumsum(live & ~alike & (week >= begin[:, None]), axis=1) == 0
    soon = panel.weeks < panel.weeks[begin][:, None] + AHEAD
    after = live & run & soon & (week >= begin[:, None])
    return Cases(series, before, after, last, price[row, begin] - price[row, last])


def _taken(cases: Cases, chosen: Bools) -> Cases:
    return Cases(
        cases.series[chosen],
        cases.before[chosen],
        cases.after[chosen],
        cases.last[chosen],
        cases.change[chosen],
    )


def foretell(response: Response, cases: Cases) -> dict[str, tuple[Floats, Told, Floats]]:
    """By outcome: what sold, what was foretold, and how much of it lies within its interval."""
    panel, orders = response.panel, response.orders
    if not len(cases.series):
        return {}
    fold = panel.product % FOLDS
    sold = _sold(panel.orders, cases)
    weekly, told = _orders(orders, cases, _slopes(orders, cases, fold))
    found = {"orders": (sold, told, coverage.orders(sold, told.mean, told.spread, told.sure))}
    if response.size is not None:
        slopes = _slopes(response.size, cases, fold)
        units, order = _units(response.size, cases, slopes, weekly, told)
        sold, scale = _sold(panel.units, cases), response.size.weeks.scale[cases.series]
        covered = coverage.units(sold, units.mean, units.spread, order, scale, units.sure)
        found["units"] = (sold, units, covered)
    return found


def _sold(counts: Floats, cases: Cases) -> Floats:
    found: Floats = (counts.sum(axis=0)[cases.series] * cases.after).sum(axis=1)
    return found


def _slopes(outcome: Outcome, cases: Cases, fold: Ints) -> Slopes:
    """Each case's coefficients: from the pool of the other parts, and the weeks before; none where no price moved."""
    weeks, size = _known(outcome, cases), outcome.weeks.design.shape[2]
    slopes = Slopes(np.zeros((len(cases.series), size)), np.zeros((len(cases.series), size, size)))
    moved = np.abs(cases.change) > SAME
    for part in range(FOLDS):
        mine = np.flatnonzero((fold[cases.series] == part) & moved)
        if not len(mine):
            continue
        pooled = pool.fit(outcome.data.take(fold != part), outcome.belief)
        some = weeks.take(mine)
        own = replace(outcome, pool=pooled).again(some)
        data = said(own, some, outcome.data.traits[cases.series[mine]])
        found = pool.given(pooled, data.along(outcome.basis))
        slopes.mean[mine], slopes.cov[mine] = found.mean, found.cov
    return slopes


def _known(outcome: Outcome, cases: Cases) -> Weeks:
    weeks = outcome.weeks.take(cases.series)
    return replace(weeks, live=weeks.live & cases.before, product=np.arange(len(cases.series)))


def _orders(outcome: Outcome, cases: Cases, slopes: Slopes) -> tuple[Floats, Told]:
    """The mean by week with the response and without, shape (2, e, t), and the forecast."""
    weeks = _known(outcome, cases)
    ways = [_level(outcome, weeks, cases, slope, weeks.baseline) for slope in (slopes.mean, slopes.mean * 0)]
    plain, unknown = np.maximum([mean for mean, _ in ways], LEAST), ways[0][1]
    told, varying = local.truncated(plain, weeks.asked[:, None])
    means = np.where(weeks.bounded, told, plain) * cases.after
    # A Poisson count that could not be zero varies as one does of which so many orders are sure.
    sure = np.where(weeks.bounded & cases.after, (told - varying)[0], 0).sum(axis=1)
    mean, still = np.maximum(means.sum(axis=2), LEAST)
    return means, Told(mean, still, unknown + _swayed(weeks, cases, slopes, means[0]), np.clip(sure, 0, mean))


def _units(outcome: Outcome, cases: Cases, slopes: Slopes, orders: Floats, told: Told) -> tuple[Told, Floats]:
    """The forecast of units, and the units of an order, shape (e,); ``orders`` by week as ``_orders`` gives them."""
    weeks = _known(outcome, cases)
    shown, expected = (np.where(weeks.live, each, 0).sum(axis=1) for each in (weeks.exposure, weeks.baseline))
    usual = np.divide(expected, shown, out=np.ones_like(shown), where=shown > 0)
    ways = [
        _level(outcome, weeks, cases, slope, each * usual[:, None])
        for slope, each in zip((slopes.mean, slopes.mean * 0), orders, strict=True)
    ]
    mean, still = (np.maximum(each.sum(axis=1), LEAST) for each, _ in ways)
    spread = told.spread + ways[0][1] + _swayed(weeks, cases, slopes, orders[0])
    return Told(mean, still, spread, told.sure), mean / told.mean


def _level(outcome: Outcome, weeks: Weeks, cases: Cases, slope: Floats, due: Floats) -> tuple[Floats, Floats]:
    """What weeks ahead count at coefficients (e, k) where ``due`` is expected without, shape (e, t), and what is not
    known of the log of their level."""
    effect = np.exp(np.einsum("etk,ek->et", weeks.design, slope))
    newest = level.filtered(weeks, outcome.noise, outcome.times, effect, cases.last)
    plain = due * effect * cases.after
    factor, unknown = level.ahead(newest, outcome.noise, outcome.times, cases.last, plain)
    return plain * factor, unknown


def _swayed(weeks: Weeks, cases: Cases, slopes: Slopes, mean: Floats) -> Floats:
    """The variance that not knowing the slopes gives the log of what is foretold."""
    design = weeks.design - weeks.design[np.arange(len(mean)), cases.last][:, None]
    whole = np.maximum(mean.sum(axis=1), LEAST)
    moved = np.einsum("et,etk->ek", mean, design) / whole[:, None]
    found: Floats = np.einsum("ek,ekl,el->e", moved, slopes.cov, moved)
    return found


def _classes(deep_from: float) -> dict[str, tuple[float, float]]:
    """Changes of log price, from above one to the other, by name."""
    clear = 1 - (1 - deep_from) ** 2
    small, deep, clearance = (float(np.log(1 - share)) for share in (SMALL, deep_from, clear))
    return {
        f"cut by {clear:.0%} or more": (-np.inf, clearance),
        f"cut by {deep_from:.0%} to {clear:.0%}": (clearance, deep),
        f"cut by {SMALL:.0%} to {deep_from:.0%}": (deep, small),
        f"cut by less than {SMALL:.0%}": (small, 0.0),
        f"rise by less than {np.expm1(-small):.0%}": (0.0, -small),
        f"rise by {np.expm1(-small):.0%} to {np.expm1(-deep):.0%}": (-small, -deep),
        f"rise by {np.expm1(-deep):.0%} or more": (-deep, np.inf),
        "all changes": (-np.inf, np.inf),
    }


def _held(outcome: str, name: str, chosen: Ints, sold: Floats, told: Told, covered: Floats) -> Held:
    if not len(chosen):
        return Held(outcome, name, 0, None, None, None, 0.0)
    share = float(covered[chosen].mean())
    if name == SAME_PRICE:
        return Held(outcome, name, len(chosen), None, None, None, share)
    with_, without = (regression.deviation(sold, mean)[chosen] for mean in (told.mean, told.still))
    low, high = np.quantile(_resampled(with_, without), (0.05, 0.95))
    ratio = float(with_.sum() / max(float(without.sum()), LEAST))
    return Held(outcome, name, len(chosen), ratio, float(low), float(high), share)


def _resampled(with_: Floats, without: Floats) -> list[float]:
    """The ratio of sums over cases drawn again, draw by draw: all at once they are a thousand times the cases."""
    dice, ratios = np.random.default_rng(SEED), []
    for _ in range(RESAMPLES):
        drawn = dice.integers(len(with_), size=len(with_))
        ratios.append(float(with_[drawn].sum() / max(float(without[drawn].sum()), LEAST)))
    return ratios
