"""What goes wrong with order lines on their way into a file."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pricetrail.transactions.simulator.chance import Ints
from pricetrail.transactions.simulator.lines import DAY, NOBODY, OWN, RATES, SPOILT, WEEK, Kind, Lines
from pricetrail.transactions.simulator.orders import paid
from pricetrail.transactions.simulator.world import World

STREAM = 11
# Sizes that nobody orders: no such cancellation can be taken for that of a whole order.
ODD_SIZES = np.array([7, 11, 13, 17, 19, 23])
ABSURD, MOST = 1000, 90_000
DAYS_TO_CANCEL = 10.0
SATURDAY = 5
FEES = {
    "POST": "POSTAGE",
    "DOT": "DOTCOM POSTAGE",
    "M": "Manual",
    "BANK CHARGES": "Bank Charges",
    "AMAZONFEE": "AMAZON FEE",
    "S": "SAMPLES",
    "C2": "CARRIAGE",
    "TEST001": "This is a test product.",
}


def spoil(world: World, week: int, sales: Lines, before: int) -> Lines:
    """Spoil a week's sales: the same lines with blemishes, and the lines that dirt adds.

    Args:
        world: the shop.
        week: which week, from 0.
        sales: its clean lines.
        before: how many clean lines the earlier weeks had, so that the counts come out as asked over all.

    Returns:
        The week's lines, and cancellations that may be dated in later weeks (never after the last).
    """
    rng = world.settings.stream(STREAM, week)
    due = {kind: _due(world, kind, before, len(sales)) for kind in RATES}
    chosen = _chosen(rng, sales, due)
    lines = sales.copy()
    for kind in SPOILT:
        lines["kind"][chosen[kind]] = kind
    _blemish(rng, lines)
    patterns = {kind: _marked(sales[chosen[kind]], kind) for kind in RATES.keys() - SPOILT}
    mistakes = _mistakes(world, week, patterns)
    returns = _returns(rng, world, mistakes, patterns)
    return np.concatenate([lines, *mistakes, *returns, *_strangers(rng, patterns)])


def _due(world: World, kind: Kind, before: int, now: int) -> int:
    rate = RATES[kind] * world.settings.dirt
    return int(rate * (before + now)) - int(rate * before)


def _chosen(rng: np.random.Generator, sales: Lines, due: Mapping[Kind, int]) -> dict[Kind, Ints]:
    """Different lines for each kind, as far as there are lines that it can befall."""
    rest, chosen = rng.permutation(len(sales)), dict[Kind, Ints]()
    registered = sales["customer"] != NOBODY
    divisible = registered & (sales["quantity"] > ODD_SIZES[0])
    fit = {
        Kind.NAMELESS: registered,
        Kind.CANCELLED: registered,
        Kind.ABSURD: registered,
        Kind.PARTIAL: divisible,
    }
    for kind, count in due.items():
        places = np.flatnonzero(fit[kind][rest])[:count] if kind in fit else np.arange(min(count, len(rest)))
        chosen[kind] = rest[places]
        rest = np.delete(rest, places)
    return chosen


def _marked(lines: Lines, kind: Kind) -> Lines:
    lines["kind"] = kind
    return lines


def _blemish(rng: np.random.Generator, lines: Lines) -> None:
    lines["customer"][lines["kind"] == Kind.NAMELESS] = NOBODY
    wrong = lines["kind"] == Kind.FLICKER
    pence = np.maximum(1, np.rint(lines["pence"][wrong] * rng.choice([0.5, 0.8, 1.25, 1.6], wrong.sum())))
    lines["pence"][wrong] = pence + (pence == lines["pence"][wrong])


def _mistakes(world: World, week: int, patterns: Mapping[Kind, Lines]) -> tuple[Lines, Lines]:
    """Orders keyed in beside the right one, of twice or a thousand times its size, and cancelled later."""
    doubled, absurd = patterns[Kind.CANCELLED], patterns[Kind.ABSURD]
    doubled["quantity"] *= 2
    absurd["quantity"] = np.minimum(absurd["quantity"] * ABSURD, MOST)
    for mistaken in (doubled, absurd):
        mistaken["pence"] = paid(world, week, mistaken)
    return doubled, absurd


def _returns(
    rng: np.random.Generator, world: World, mistakes: tuple[Lines, Lines], patterns: Mapping[Kind, Lines]
) -> tuple[Lines, ...]:
    """Cancellations of the mistakes, of parts of sales, and of orders from before the file began."""
    late, soon = (_marked(lines.copy(), Kind.CANCELLATION) for lines in mistakes)
    part, orphan = patterns[Kind.PARTIAL], patterns[Kind.ORPHAN]
    smaller = np.searchsorted(ODD_SIZES, part["quantity"])
    part["quantity"] = ODD_SIZES[(rng.random(len(part)) * smaller).astype(np.int64)]
    orphan["quantity"] = rng.choice(ODD_SIZES, len(orphan))
    orphan["customer"] = world.settings.customers + rng.integers(100, size=len(orphan))
    for lines in (late, part, orphan):
        lines["minute"] = _later(rng, world, lines["minute"])
    soon["minute"] += 1 + rng.integers(30, size=len(soon))
    for lines in (late, soon, part, orphan):
        lines["quantity"] *= -1
        lines["invoice"] = OWN
    return late, soon, part, orphan


def _later(rng: np.random.Generator, world: World, minute: Ints) -> Ints:
    """Within office hours some days later; within the hour where the last week ends before that."""
    day = minute // DAY + 1 + rng.exponential(DAYS_TO_CANCEL, len(minute)).astype(np.int64)
    day += day % 7 == SATURDAY
    moment = day * DAY + rng.integers(9 * 60, 17 * 60, size=len(minute))
    hasty = minute + rng.integers(1, 60, size=len(minute))
    return np.where(moment < world.settings.weeks * WEEK, moment, hasty)


def _strangers(rng: np.random.Generator, patterns: Mapping[Kind, Lines]) -> tuple[Lines, Lines, Lines]:
    """Fees on invoices, lines twice, and stock adjustments without a price."""
    fee, twice, unpriced = (patterns[kind] for kind in (Kind.FEE, Kind.DUPLICATE, Kind.UNPRICED))
    fee["product"] = rng.integers(-len(FEES), 0, size=len(fee))
    fee["quantity"] = 1
    fee["pence"] = np.rint(np.exp(rng.normal(7.2, 0.8, len(fee))))
    sign, below = rng.random((2, len(unpriced)))
    unpriced["quantity"] *= np.where(sign < 0.5, -1, 1)
    unpriced["pence"] *= np.where(below < 0.2, -1, 0)
    unpriced["customer"], unpriced["country"], unpriced["invoice"] = NOBODY, 0, OWN
    return fee, twice, unpriced
