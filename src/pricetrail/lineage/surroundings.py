"""In what two environments differ, field by field and package by package."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pricetrail.lineage.replay import ABSENT, Difference


def differing(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[Difference]:
    """Every field of the two, as ``lineage.environment`` describes them, that is not the same.

    >>> [str(each) for each in differing({"packages": ["numpy==2.4.5"]}, {"packages": ["numpy==2.4.6"]})]
    ["package numpy: then '2.4.5', now '2.4.6'"]
    """
    here, there = dict(_fields(then)), dict(_fields(now))
    return [
        Difference(name, here.get(name, ABSENT), there.get(name, ABSENT))
        for name in sorted(here.keys() | there.keys())
        if here.get(name, ABSENT) != there.get(name, ABSENT)
    ]


def flat(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a mapping of mappings under its dotted name.

    >>> list(flat({"a": {"b": 1}, "c": [2]}))
    [('a.b', 1), ('c', [2])]
    """
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def changed(then: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """The names of those digests that are not the same, or are not there any more."""
    return sorted(name for name, digest in then.items() if now.get(name) != digest)


def _fields(environment: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in environment.items():
        if name == "packages":
            yield from ((f"package {each.partition('==')[0]}", each.partition("==")[2]) for each in value)
        elif isinstance(value, Mapping):
            yield from ((f"{name} {key}", each) for key, each in value.items())
        else:
            yield name, value
