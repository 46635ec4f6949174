"""What a series sells at its newest list price in a usual week of the recent past, and how well that is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pricetrail.demand.response.estimate import Outcome, Response
from pricetrail.demand.response.local import Weeks
from pricetrail.demand.response.noise import Noise
from pricetrail.demand.response.panel import Bools, Floats, Ints

RECENT = 8
LARGEST_SD = 3.0
STEPS = 3
# A level is not foretold to fall further than to such a share of what it was.
LEAST = 0.1
TINY = 1e-6


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
    newest = filtered(weeks, outcome.noise, outcome.times, effects(outcome), last)
    expected = np.where(recent & weeks.live, weeks.baseline, 0).sum(axis=1)
    shown = np.where(recent & weeks.live, weeks.exposure, 0).sum(axis=1)
    usual = np.divide(expected, shown, out=np.zeros_like(expected), where=shown > 0)
    at = np.einsum("sk,sk->s", weeks.design[np.arange(len(last)), last], outcome.slopes.mean)
    return newest.factor() * usual * np.exp(at), newest.unknown(outcome.noise, outcome.noise.decay)


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
    """What weeks say of a level: it wanders about a centre, and comes back to it as the noise forgets.

    Attributes:
        centre: between what is counted and what is expected, over all weeks, shape (s,).
        strayed: how far the level is from it at the last week known, as a share; ``sway`` what of that an error of the
            centre would be taken for.
        unsure, wandering: the variances of what is not known of the centre, and of the level around it, as shares.
    """

    centre: Floats
    strayed: Floats
    sway: Floats
    unsure: Floats
    wandering: Floats

    def factor(self, kept: Floats | float = 1.0) -> Floats:
        """The level where so much of what strayed is kept."""
        return self.centre * np.maximum(1 + kept * self.strayed, LEAST)

    def unknown(self, noise: Noise, kept: Floats | float, lasting: Floats | float = 1.0) -> Floats:
        """The variance of what is not known of it there, as a share; ``lasting``: how far the weeks go together."""
        drift = noise.lasting * np.maximum(lasting - np.square(kept), 0)
        found: Floats = drift + np.square(kept) * self.wandering + (1 - kept * self.sway) ** 2 * self.unsure
        return found


def filtered(weeks: Weeks, noise: Noise, times: Ints, effect: Floats, last: Ints) -> Filtered:
    """What the weeks up to ``last`` say of the level: its best linear unbiased prediction (Robinson, 1991)."""
    known = weeks.live & (weeks.baseline > 0) & (np.arange(len(times)) <= last[:, None])
    expected, counts = np.where(known, weeks.baseline * effect, 0.0), np.where(known, weeks.counts, 0.0)
    due = expected.sum(axis=1)
    centre = np.divide(counts.sum(axis=1), due, out=np.ones_like(due), where=due > 0)
    for _ in range(STEPS):
        mean = np.maximum(expected * centre[:, None], TINY)
        columns = np.stack([known, np.where(known, counts / mean - 1, 0.0)], axis=2)
        counting = np.where(known, weeks.scale[:, None] / mean, np.inf)
        white, lasts, wandering = noise.filtered(columns, counting, times, last)
        unsure = 1 / np.maximum((white[..., 0] ** 2).sum(axis=1), TINY)
        aside = unsure * (white[..., 0] * white[..., 1]).sum(axis=1)
        centre = centre * np.maximum(1 + aside, LEAST)
    sway = lasts[:, 0]
    return Filtered(centre, lasts[:, 1] - aside * sway, sway, unsure, wandering)


def ahead(newest: Filtered, noise: Noise, times: Ints, last: Ints, mean: Floats) -> tuple[Floats, Floats]:
    """The factor in each week ahead, shape (s, t), and the variance of what is not known of their sum, as a share.

    Args:
        newest: what is known at the last week known.
        noise: of the log rate.
        times: when the weeks are, shape (t,).
        last: the last week known, shape (s,).
        mean: what each week adds to the sum, shape (s, t); zero in those that are no part of it.
    """
    kept = noise.decay ** np.maximum(times - times[last][:, None], 0)
    share = mean / np.maximum(mean.sum(axis=1, keepdims=True), TINY)
    apart = np.abs(times[:, None] - times)
    lasting = np.einsum("st,tr,sr->s", share, noise.decay**apart, share)
    unknown = newest.unknown(noise, (share * kept).sum(axis=1), lasting)
    return newest.factor(kept.T).T, unknown + noise.week * (share**2).sum(axis=1)
