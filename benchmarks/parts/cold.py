"""From nothing to the first answer over HTTP: a service is started, asked until it answers, and ended, in turns.

Ours opens a signed ledger, finds what is in production, checks the digests of what it loads and writes a receipt.
Beside it stand the reference's way (Flask and PyTorch) and LitServe with the same ONNX model. Memory is what all
processes of a service hold after the first answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from benchmarks.figures import Figure
from benchmarks.part import How
from benchmarks.server import start
from benchmarks.services import stands
from benchmarks.turns import figures, turns


def run(how: How) -> Iterator[Figure]:
    arms = {name: each and partial(start, each.service, each.first) for name, each in stands(how).items()}
    yield from figures("first answer", turns(arms, how("repeats", 9, 3)))
