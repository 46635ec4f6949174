"""Two runs of the benchmark against each other: which ratios got worse?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.figures import Figure, Result, Spread

TOLERANCE = 0.1


@dataclass(frozen=True, slots=True)
class Regression:
    """A ratio that is worse by more than the tolerance, and by more than the pairs differ among themselves."""

    part: str
    figure: str
    peer: str
    before: Spread
    now: Spread

    def __str__(self) -> str:
        return (
            f"{self.part}: {self.figure}, beside {self.peer}: ratio {self.before.median:.3g} "
            f"({self.before.low:.3g} to {self.before.high:.3g}) before, {self.now.median:.3g} "
            f"({self.now.low:.3g} to {self.now.high:.3g}) now"
        )


def regressions(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[Regression]:
    """The ratios of a run that got worse since another; ratios that only one of them has say nothing.

    Args:
        before, now: runs as ``benchmarks/results`` holds them.
    """
    known = dict(_ratios(before))
    return [
        Regression(*key, known[key][1], ratio)
        for key, (figure, ratio) in _ratios(now)
        if key in known and worse(known[key][1], ratio, less=figure.less)
    ]


def worse(before: Spread, now: Spread, *, less: bool) -> bool:
    """By more than the tolerance, and the two spreads do not meet."""
    if less:
        return now.median > before.median * (1 + TOLERANCE) and now.low > before.high
    return now.median < before.median / (1 + TOLERANCE) and now.high < before.low


def _ratios(run: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str, str], tuple[Figure, Spread]]]:
    for part, value in run["parts"].items():
        for figure in Result.from_dict(value).figures:
            for peer in figure.peers:
                if peer.ratio is not None:
                    yield (part, figure.name, peer.name), (figure, peer.ratio)
