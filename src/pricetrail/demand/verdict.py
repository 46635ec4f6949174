"""Rules over figures, and what follows from them: passed, blocked or inconclusive.

One rule of decision throughout, with the burden of proof on the model. A figure *beyond* its limit
blocks. A figure within its limit passes only if the whole of its interval is within too. Anything else,
no figure or no interval included, is inconclusive: what is empty, small or undecided never passes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from pricetrail.demand.interval import Interval

BELOW_ZERO = math.nextafter(0.0, -1.0)


class Verdict(StrEnum):
    """What a rule or a gate says."""

    PASSED = "passed"
    BLOCKED = "blocked"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule's verdict, the figures that decided it, and both in words."""

    rule: str
    verdict: Verdict
    words: str
    figures: Mapping[str, float | int | None] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {**asdict(self), "verdict": str(self.verdict)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Rule:
        """From ``to_dict``'s plain data."""
        return cls(**{**data, "verdict": Verdict(data["verdict"])})


def at_most(found: Interval, limit: float) -> Verdict:
    """Judge a figure that should not be above ``limit``."""
    return _decided(found.estimate, found.high, limit)


def within(found: Interval, limit: float) -> Verdict:
    """Judge a figure that should be no further than ``limit`` from zero, on either side."""
    furthest = None if found.low is None or found.high is None else max(-found.low, found.high)
    return _decided(abs(found.estimate), furthest, limit)


def overall(rules: Iterable[Rule]) -> Verdict:
    """One blocked rule blocks; else one inconclusive rule leaves the whole inconclusive."""
    verdicts = {rule.verdict for rule in rules}
    for verdict in (Verdict.BLOCKED, Verdict.INCONCLUSIVE):
        if verdict in verdicts:
            return verdict
    return Verdict.PASSED if verdicts else Verdict.INCONCLUSIVE


def said(found: Interval) -> str:
    """A figure with its interval, for a sentence."""
    if found.low is None or found.high is None:
        return f"{found.estimate:+.4f} (no interval)"
    return f"{found.estimate:+.4f} (95 % interval {found.low:+.4f} to {found.high:+.4f})"


def _decided(figure: float, furthest: float | None, limit: float) -> Verdict:
    if figure > limit:
        return Verdict.BLOCKED
    return Verdict.PASSED if furthest is not None and furthest <= limit else Verdict.INCONCLUSIVE


def closing(verdict: Verdict) -> str:
    """What a rule's words end with where its figure was within the limit but could not be told to be."""
    undecided = " The figure is within the limit, its interval is not: these lines cannot decide it."
    return undecided if verdict is Verdict.INCONCLUSIVE else ""
