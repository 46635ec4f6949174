"""What other commands measured, in the report too: the JSON that they left in benchmarks/results, as tables."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Other:
    """A measure with no peer beside it: its title, what it is, and the command whose output is kept."""

    title: str
    about: str
    command: str


OTHERS = {
    "growth": Other(
        "Growth",
        "Simulated shops of 0.4, 4 and 40 million order lines: time and most memory of each stage, and the power of the"
        " lines that they grow with.",
        "python -m benchmarks.growth --json",
    ),
    "workers": Other(
        "Workers",
        "The search for settings by one worker and by two, of this machine and of a cluster: same best trial, and how"
        " much sooner.",
        "python -m benchmarks.workers --trials 100 --repeats 3 --json",
    ),
    "week": Other(
        "A week",
        "Schedule, run, publish, refresh, a lost machine, over a simulated bucket.",
        "pricetrail rehearse week --json",
    ),
}


def sections(folder: Path) -> Iterator[str]:
    """A section for each; where nothing was measured yet, the command that does."""
    for name, other in OTHERS.items():
        path = folder / f"{name}.json"
        found = "\n\n".join(tables(json.loads(path.read_text(encoding="utf-8")))) if path.exists() else ""
        kept = f"`{other.command} > benchmarks/results/{name}.json`"
        foot = f"From {kept}." if found else f"Not measured yet: {kept}."
        yield "\n\n".join(each for each in (f"## {other.title}", other.about, found, foot) if each)


def tables(value: Mapping[str, Any]) -> Iterator[str]:
    """Records under one name as a table of their own; all that is single in one."""
    single: list[tuple[str, Any]] = []
    for name, inner in value.items():
        records = _records(inner)
        if records:
            yield f"{_words(name)}:\n\n{table(records)}"
        else:
            single += _flat(name, inner)
    if single:
        yield table([{"what": name, "value": each} for name, each in single])


def table(records: Sequence[Mapping[str, Any]]) -> str:
    """Rows of records; a column for each name that any of them has."""
    names = list(dict.fromkeys(name for record in records for name in record))
    rows = [[_value(record.get(name, "")) for name in names] for record in records]
    head = [[_words(name) for name in names], ["---"] * len(names)]
    return "\n".join(f"| {' | '.join(row)} |" for row in [*head, *rows])


def _records(value: Any) -> list[dict[str, Any]]:
    """A list of records, or records by name."""
    if isinstance(value, Mapping) and value and all(isinstance(each, Mapping) for each in value.values()):
        return [{"": name, **dict(_flat("", each))} for name, each in value.items()]
    if isinstance(value, list) and value and all(isinstance(each, Mapping) for each in value):
        return [dict(_flat("", each)) for each in value]
    return []


def _flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for inner, each in value.items():
            yield from _flat(f"{name} {inner}".strip(), each)
    elif isinstance(value, list):
        yield name, ", ".join(map(_value, value))
    else:
        yield name, value


def _words(name: str) -> str:
    return name.replace("_", " ")


def _value(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: ""}[value]
    return (
        f"{value:,.4g}"
        if isinstance(value, float)
        else f"{value:,}"
        if isinstance(value, int)
        else str(value)
    )
