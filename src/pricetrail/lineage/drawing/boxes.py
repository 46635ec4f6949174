"""The steps of a trail in boxes: a stage with what it made, a release with what was copied from it, the raw files."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from pricetrail.lineage.trail import Step, Trail

GIVEN = ("parameters", "environment", "code", "commit")
FILES, MAKERS = ("file", "study"), ("stage", "release")
LOOSE = {"raw": "raw data", "file": "other files"}


@dataclass(frozen=True, slots=True)
class Box:
    """A heading, with the step that it is, or a name where the steps below have none above them."""

    name: str
    head: Step | None
    rows: tuple[Step, ...]


def boxes(trail: Trail) -> tuple[tuple[Box, ...], frozenset[tuple[str, str]]]:
    """The boxes of a trail, and by their names the pairs of one and another that it came from.

    A pair that a longer way through others tells already is left out: what is behind what stays the same.
    """
    home = {id: _home(trail, step) for id, step in trail.steps.items()}
    rows = defaultdict[str, list[Step]](list)
    for id, step in trail.steps.items():
        if home[id] == id:
            rows[id] = rows[id]
        else:
            rows[home[id]].append(step)
    made = tuple(Box(name, trail.steps.get(name), tuple(found)) for name, found in rows.items())
    pairs = {(home[step.id], home[behind.id]) for step, behind in trail.edges()}
    return made, _reduced({(one, other) for one, other in pairs if one != other})


def _home(trail: Trail, step: Step) -> str:
    """The name of the box that a step lies in."""
    if step.kind in GIVEN:
        return next((id for id, each in trail.steps.items() if each.kind == "run"), step.id)
    maker = next((id for id in step.behind if trail.steps[id].kind in MAKERS), None)
    if maker is not None and step.kind in FILES:
        return maker
    return LOOSE[step.kind] if step.kind in LOOSE and not step.behind else step.id


def _reduced(pairs: set[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    behind = defaultdict[str, set[str]](set)
    for one, other in pairs:
        behind[one].add(other)
    whole = dict[str, set[str]]()

    def all_behind(name: str) -> set[str]:
        if name not in whole:
            whole[name] = behind[name].union(*map(all_behind, sorted(behind[name])))
        return whole[name]

    return frozenset(
        (one, other)
        for one, other in pairs
        if not any(other in all_behind(between) for between in behind[one] - {other})
    )
