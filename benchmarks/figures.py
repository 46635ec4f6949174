"""What a benchmark finds: our figure beside each peer's, from samples that were taken in turns."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

OURS = "pricetrail"
DIGITS = 4

Samples = Mapping[str, Sequence[float] | None]


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of some samples, the least and the most of them."""

    median: float
    low: float
    high: float
    count: int

    @classmethod
    def of(cls, samples: Sequence[float]) -> Spread:
        least, most = min(samples), max(samples)
        return cls(*(_short(each) for each in (statistics.median(samples), least, most)), len(samples))


@dataclass(frozen=True, slots=True)
class Peer:
    """What a user would pick instead: its figure, and ours over its, pair by pair.

    Neither where it is not installed; no ratio where its figure is nought.
    """

    name: str
    figure: Spread | None = None
    ratio: Spread | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """One quantity. ``less`` says whether less of it is better."""

    name: str
    unit: str
    ours: Spread
    peers: tuple[Peer, ...] = ()
    less: bool = True

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Figure:
        peers = tuple(
            Peer(each["name"], _spread(each["figure"]), _spread(each["ratio"])) for each in value["peers"]
        )
        return cls(value["name"], value["unit"], Spread(**value["ours"]), peers, value["less"])


@dataclass(frozen=True, slots=True)
class Result:
    """What one part found; or the fault that ended it.

    Attributes:
        about: what was compared, in the words of the part.
        settings: how much of it: rows, trials, ...
        seconds: how long the part took.
    """

    about: str
    settings: dict[str, Any]
    figures: tuple[Figure, ...]
    seconds: float
    fault: str | None = None

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Result:
        figures = tuple(Figure.from_dict(each) for each in value["figures"])
        return cls(value["about"], dict(value["settings"]), figures, value["seconds"], value["fault"])

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def compared(name: str, unit: str, samples: Samples, *, less: bool = True) -> Figure:
    """Our samples, under ``OURS``, beside those of each peer; None stands for one that is not installed.

    >>> compared("a run", "s", {OURS: [1, 2], "other": [2, 8], "absent": None}).peers[0].ratio
    Spread(median=0.375, low=0.25, high=0.5, count=2)
    """
    ours = samples[OURS]
    if ours is None:
        raise ValueError(f"{name}: our own samples are missing.")
    peers = [_peer(each, ours, found) for each, found in samples.items() if each != OURS]
    return Figure(name, unit, Spread.of(ours), tuple(peers), less)


def _peer(name: str, ours: Sequence[float], found: Sequence[float] | None) -> Peer:
    if found is None:
        return Peer(name)
    ratios = [own / other for own, other in zip(ours, found, strict=True) if other]
    return Peer(name, Spread.of(found), Spread.of(ratios) if ratios else None)


def _spread(value: Mapping[str, Any] | None) -> Spread | None:
    return None if value is None else Spread(**value)


def _short(value: float) -> float:
    """So many digits as mean something."""
    return float(f"{value:.{DIGITS}g}")
