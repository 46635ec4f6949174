"""A trail: what one thing came from, step by step, down to raw bytes and code. Plain values, for whoever shows them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Kind = Literal[
    "shop", "channel", "receipt", "release", "run", "file", "study", "raw", "stage", "parameters", "environment",
    "code", "commit",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """One thing on a trail.

    Attributes:
        id: what the other steps of the trail call it.
        name: what a person calls it.
        digest: its SHA-256, or a commit's name; None of what has none.
        facts: plain data, what tells most first.
        behind: the ids of the steps that it came from, nearest first.
    """

    id: str
    kind: Kind
    name: str
    digest: str | None
    facts: Mapping[str, Any]
    behind: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Use:
    """What a run did with a file: ``made`` or ``read`` it; and the releases that came of the run."""

    run: str
    did: Literal["made", "read"]
    path: str
    outcome: str
    when: str
    releases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Branch:
    """A step in the tree of a trail. ``again``: where it came first it is shown with all that there is to it."""

    step: Step
    branches: tuple[Branch, ...]
    again: bool


@dataclass(frozen=True, slots=True)
class Trail:
    """The steps behind one, by id, that one first; of a file also what used it, newest first."""

    steps: Mapping[str, Step]
    uses: tuple[Use, ...] = ()

    @property
    def root(self) -> Step:
        """What was asked about."""
        return next(iter(self.steps.values()))

    def tree(self) -> Branch:
        """The trail as a tree, in which every step is followed once."""
        return self._branch(self.root, set())

    def edges(self) -> Iterator[tuple[Step, Step]]:
        """Every step with each one behind it."""
        for step in self.steps.values():
            for id in step.behind:
                yield step, self.steps[id]

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "root": self.root.id,
            "steps": [asdict(step) for step in self.steps.values()],
            "uses": [asdict(use) for use in self.uses],
        }

    def _branch(self, step: Step, met: set[str]) -> Branch:
        again = step.id in met and (bool(step.behind) or step.kind == "release")
        met.add(step.id)
        followed = () if again else step.behind
        return Branch(step, tuple(self._branch(self.steps[id], met) for id in followed), again)


def reached(start: Step, known: Iterable[Step], uses: tuple[Use, ...] = ()) -> Trail:
    """The trail of a step through those known: itself, and all that is behind it, nearest first."""
    by_id = {step.id: step for step in known}
    found, waiting = {start.id: start}, list(start.behind)
    while waiting:
        id = waiting.pop(0)
        if id not in found:
            found[id] = by_id[id]
            waiting += by_id[id].behind
    return Trail(found, uses)
