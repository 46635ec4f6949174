"""The demo shop, with a small search, as ``pricetrail run`` and under bare ``dvc repro``: the same ``dvc.yaml`` and
the same code without guards, records, commits, manifests and ledger. First when there is nothing to do; in the full
measure also when everything is.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import partial

from benchmarks import guard
from benchmarks.figures import OURS, Figure
from benchmarks.part import How
from benchmarks.turns import cost, figures, turns


def run(how: How) -> Iterator[Figure]:
    ours, bare = how.demo(), how.folder / "bare"
    shutil.copytree(ours, bare, symlinks=True)
    guard.strip(bare)
    guard.repro(bare)
    arms = {OURS: partial(guard.run, ours), "bare DVC": partial(guard.repro, bare)}
    idle = {name: partial(cost, arm) for name, arm in arms.items()}
    yield from figures("nothing to do", turns(idle, how("repeats", 9, 5)))
    if whole := how("whole runs", 3, 0):
        full = {name: partial(cost, partial(arm, "--force")) for name, arm in arms.items()}
        yield from figures("a whole run", turns(full, whole))
