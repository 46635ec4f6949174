"""The last week of simulated shops against all before it: is drift seen where there is some, and only there?

Ours is the check of stage `data_drift_check`. The peer is Evidently's `DataDriftPreset` over quantity, price, country
and channel, with the methods and thresholds that it chooses itself; its verdict is drift when any column has drifted.
False alarms are of weeks that are like those before; a shock moves prices by a fifth, quantities by three tenths, or
the mix of channels by 15 points.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pandas as pd
from benchmarks.drift import SIMULATED, WEEK, midnight, simulated
from benchmarks.figures import OURS, Figure, compared
from benchmarks.part import How
from benchmarks.peers import presets
from benchmarks.turns import cost, figures, turns

from pricetrail.params import DriftCheck
from pricetrail.transactions.drift import check

QUIET = "none"
PEER = "Evidently"


def run(how: How) -> Iterator[Figure]:
    quiet, shocked = how("quiet shops", 100, 6), how("shops of each shock", 10, 1)
    alarms = verdicts(QUIET, quiet)
    seen = [verdicts(shock, shocked) for shock in SIMULATED]
    lines = simulated(QUIET, 0)
    arms = {OURS: lambda: cost(lambda: ours(lines)), PEER: lambda: cost(lambda: theirs(lines))}
    yield from figures("a check", turns(arms, how("repeats", 9, 3)))
    yield compared("false alarms, share of quiet weeks", "", share([alarms]))
    yield compared("shocks that are seen, share", "", share(seen), less=False)


def verdicts(shock: str, shops: int) -> dict[str, list[bool]]:
    found: dict[str, list[bool]] = {OURS: [], PEER: []}
    asks: dict[str, Callable[[pd.DataFrame], bool]] = {OURS: ours, PEER: theirs}
    for seed in range(shops):
        lines = simulated(shock, seed)
        for name, ask in asks.items():
            found[name].append(ask(lines))
    return found


def share(found: list[dict[str, list[bool]]]) -> dict[str, list[float]]:
    """Of all verdicts together, as the one sample that there is."""
    told = {name: [each for part in found for each in part[name]] for name in (OURS, PEER)}
    return {name: [sum(each) / len(each)] for name, each in told.items()}


def ours(lines: pd.DataFrame) -> bool:
    return check(lines, DriftCheck()).verdict == "drifted"


def theirs(lines: pd.DataFrame) -> bool:
    newest = lines["invoicedate"] >= midnight(lines) - WEEK
    return presets.drifted(lines[~newest], lines[newest])
