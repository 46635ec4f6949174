"""What a series sells at its newest list price in a usual week of the recent past, and how well that is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pricetrail.demand.response.estimate import Outcome, Response
from pricetrail.demand.response.local import Weeks
from pricetrail.demand.response.noise import Noise
from pricetrail.demand.response.panel import Bools, Floats, Ints

RECENT = 8
# The share by which what was counted before counts less each week is at least this: no memory is for ever.
LEAST_GAIN = 0.01
LARGEST_SD = 3.0
TINY = 1e-6
# As many orders the average of all weeks counts for beside the newest.
PRIOR = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """Per series, shape (s,): ``price`` now; ``orders`` and ``units`` a week; the standard deviation of what is
    not known of the log of those units, ``log_sd``, and of log units from week to week, ``week_sd``, and log orders,
    ``orders_sd``."""

    price: Floats
    orders: Floats
    units: Floats
    log_sd: Floats
    week_sd: Floats
    orders_sd: Floats


def now(response: Response) -> Level:
    """The level of every series at its last week."""
    live = response.panel.live
    last = live.shape[1] - 1 - np.argmax(live[:, ::-1], axis=1)
    price = response.panel.price[np.arange(len(last)), last]
    recent = live & (np.cumsum(live[:, ::-1], axis=1)[:, ::-1] <= RECENT)
    rates, unknown = zip(*(_rate(outcome, last, recent) for outcome in response.outcomes), strict=True)
    units = np.prod(rates, axis=0)
    log_sd = np.minimum(np.sqrt(np.sum(unknown, axis=0)), LARGEST_SD)
    weekly = [_weekly(response.orders, rates[0])]
    weekly += [_weekly(response.size, units)] if response.size else []
    return Level(price, rates[0], units, log_sd, np.sqrt(np.sum(weekly, axis=0)), np.sqrt(weekly[0]))


def _rate(outcome: Outcome, last: Ints, recent: Bools) -> tuple[Floats, Floats]:
    """Orders a week, or units an order, at the newest price, and the variance of what is not known of its log."""
    weeks = outcome.weeks
    newest = filtered(weeks, outcome.noise, effects(outcome), last)
    expected = np.where(recent & weeks.live, weeks.baseline, 0).sum(axis=1)
    shown = np.where(recent & weeks.live, weeks.exposure, 0).sum(axis=1)
    usual = np.divide(expected, shown, out=np.zeros_like(expected), where=shown > 0)
    at = np.einsum("sk,sk->s", weeks.design[np.arange(len(last)), last], outcome.slopes.mean)
    return newest.factor * usual * np.exp(at), newest.unknown


def _weekly(outcome: Outcome, counted: Floats) -> Floats:
    """Variance of the log from week to week: of counting, and of the rate from one week to the next."""
    noise = outcome.noise
    counting: Floats = outcome.weeks.scale / np.maximum(counted, TINY)
    return counting + noise.week + noise.lasting * (1 - noise.decay)


def effects(outcome: Outcome) -> Floats:
    """What the price multiplies each week by, shape (s, t)."""
    found: Floats = np.exp(np.einsum("stk,sk->st", outcome.weeks.design, outcome.slopes.mean))
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Filtered:
    """The ``factor`` between what is counted and what is expected in the newest weeks, and what is ``unknown`` of its
    log a week on, as a variance; ``centre`` is the same factor over all weeks, shape (s,) each."""

    factor: Floats
    unknown: Floats
    centre: Floats


def filtered(weeks: Weeks, noise: Noise, effect: Floats, last: Ints) -> Filtered:
    """What the weeks say of the level at week ``last``, newest weeks first in weight.

    A gamma that forgets (Harvey and Fernandes, 1989): each week keeps as much of what was known as the steady
    state of a wandering level would (Muth, 1960).
    """
    mean = np.where(weeks.live, weeks.baseline * effect, 0.0) / weeks.scale[:, None]
    counts = np.where(weeks.live, weeks.counts, 0.0) / weeks.scale[:, None]
    centre = np.divide(
        counts.sum(axis=1), mean.sum(axis=1), out=np.ones(len(mean)), where=mean.sum(axis=1) > 0
    )
    typical = mean.sum(axis=1) / np.maximum(weeks.live.sum(axis=1), 1)
    wander = noise.lasting * (1 - noise.decay**2)
    seen = 1 / np.maximum(typical * centre, TINY) + noise.week
    before = (wander + np.sqrt(wander**2 + 4 * wander * seen)) / 2
    gain = np.maximum(before / (before + seen), LEAST_GAIN)
    age = last[:, None] - np.arange(mean.shape[1])
    kept = np.where(age >= 0, (1 - gain[:, None]) ** np.maximum(age, 0), 0.0)
    met, due = (kept * counts).sum(axis=1), (kept * mean).sum(axis=1)
    factor = (met + PRIOR) / (due + PRIOR / np.maximum(centre, TINY))
    unknown = 1 / (met + PRIOR) + wander + noise.week / np.maximum(kept.sum(axis=1), 1)
    return Filtered(factor, unknown, centre)


def ahead(newest: Filtered, noise: Noise, times: Ints, last: Ints, mean: Floats) -> tuple[Floats, Floats]:
    """The factor in each week ahead, shape (s, t), and what is not known of the log of their sum, as a variance.

    What lasts does not last for ever: the level comes back to its centre as the noise forgets. That it does is less
    sure than how far weeks apart have been seen to differ, and the variance is of the latter alone.

    Args:
        newest: what is known at the last week known.
        noise: of the log rate.
        times: when the weeks are, shape (t,).
        last: the last week known, shape (s,).
        mean: what each week adds to the sum, shape (s, t); zero in those that are no part of it.
    """
    since = np.maximum(times - times[last][:, None] - 1, 0)
    lasts = noise.decay**since
    factor = newest.centre[:, None] + lasts * (newest.factor - newest.centre)[:, None]
    share = mean / np.maximum(mean.sum(axis=1, keepdims=True), TINY)
    apart = np.abs(times[:, None] - times)
    lasting = np.einsum("st,tr,sr->s", share, noise.decay**apart, share)
    kept = (share * lasts).sum(axis=1)
    drift = noise.lasting * np.maximum(lasting - 2 * kept + 1, 0)
    return factor, newest.unknown + drift + noise.week * (share**2).sum(axis=1)
