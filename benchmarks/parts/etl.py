"""The first stage as a process of its own, start included: raw order lines to clean ones with features.

Peers read the same file, drop repetitions, other things than products and cancelled orders, and give each line the
counts and means of eight histories. *Moments*: rolling windows without their right end, which give the stage's
figures. *Rows*: running sums, quicker and a little wrong: a line then knows those above it in its own invoice.
Either does less: 28 features of 38, nothing accounted for, no contract, no list prices, in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import product

from benchmarks import peer
from benchmarks.etl import STAGE, python, shop
from benchmarks.figures import OURS, Figure
from benchmarks.part import How
from benchmarks.turns import figures, process, turns

WAYS = ("moments", "rows")


def run(how: How) -> Iterator[Figure]:
    data = how.lines()
    root = shop(how.folder / "shop", data)
    arms = {OURS: partial(python, STAGE, root)}
    for name, way in product(("pandas", "polars"), WAYS):
        words = peer.command(name, way, data, how.folder / f"{name}.parquet")
        there = peer.installed(name)
        arms[f"{name}, {way}"] = partial(process, words, peer.ROOT, peer.environment()) if there else None
    yield from figures("a whole stage", turns(arms, how("repeats", 5, 1)))
