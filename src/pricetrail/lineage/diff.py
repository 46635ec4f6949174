"""What changed between two runs by their manifests: code, parameters, environment, figures, verdicts, files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pricetrail.lineage.manifest import Manifest
from pricetrail.lineage.recall import sources


@dataclass(frozen=True, slots=True)
class Change:
    """A value before and after; None where there was none."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Module:
    """A module of this package of which stages ran other source, by SHA-256; None where it was not used."""

    name: str
    before: str | None
    after: str | None
    stages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """What is not the same.

    Attributes:
        code: version and commit of this package, and the shop's commit.
        files: the SHA-256 of raw files and of all that stages made, by path.
        verdicts: how the runs ended, and their gates.
    """

    code: tuple[Change, ...]
    modules: tuple[Module, ...]
    parameters: tuple[Change, ...]
    environment: tuple[Change, ...]
    figures: tuple[Change, ...]
    verdicts: tuple[Change, ...]
    files: tuple[Change, ...]


def diff(before: Manifest, after: Manifest) -> Difference:
    """Compare two runs."""
    return Difference(
        code=changes(_code(before), _code(after)),
        modules=tuple(_modules(before, after)),
        parameters=changes(flat(before["parameters"]), flat(after["parameters"])),
        environment=tuple(_environments(before, after)),
        figures=changes(_figures(before), _figures(after)),
        verdicts=changes(_verdicts(before), _verdicts(after)),
        files=changes(_files(before), _files(after)),
    )


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """Every name whose value is not the same, in the order of the names.

    >>> changes({"a": 1, "b": 2}, {"b": 3})
    (Change(name='a', before=1, after=None), Change(name='b', before=2, after=3))
    """
    return tuple(
        Change(name, before.get(name), after.get(name))
        for name in dict.fromkeys([*before, *after])
        if before.get(name) != after.get(name)
    )


def flat(values: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Nested values under dotted names.

    >>> flat({"a": {"b": 1, "c": [2]}})
    {'a.b': 1, 'a.c': [2]}
    """
    found = dict[str, Any]()
    for name, value in values.items():
        deeper = isinstance(value, Mapping) and value
        found |= flat(value, f"{above}{name}.") if deeper else {f"{above}{name}": value}
    return found


def _code(run: Manifest) -> dict[str, Any]:
    return {
        "pricetrail": run["code"].get("version"),
        "pricetrail's commit": run["code"].get("commit"),
        "not committed in pricetrail": run["code"].get("diff"),
        "shop's commit": run["shop"].get("commit"),
        "not committed in the shop": run["shop"].get("diff"),
    }


def _modules(before: Manifest, after: Manifest) -> Iterator[Module]:
    """A module counts as another in each stage that ran another, whatever other stages ran."""
    here, there = _records(before), _records(after)
    found = defaultdict[tuple[str, str | None, str | None], list[str]](list)
    for stage in dict.fromkeys([*here, *there]):
        if stage in here and stage in there:
            for each in changes(here[stage]["modules"], there[stage]["modules"]):
                found[each.name, each.before, each.after].append(stage)
    for (name, old, new), stages in sorted(found.items(), key=lambda each: each[0][0]):
        yield Module(name, old, new, tuple(stages))


def _environments(before: Manifest, after: Manifest) -> Iterator[Change]:
    """What differs in the environments that each stage really ran in, once."""
    here, there, met = _records(before), _records(after), set[tuple[str, str]]()
    for stage in here.keys() & there.keys():
        met.add((here[stage]["environment_sha256"], there[stage]["environment_sha256"]))
    found = dict[Change, None]()
    for one, other in sorted(met):
        places = _environment(before["environments"][one]), _environment(after["environments"][other])
        found |= dict.fromkeys(changes(*places))
    yield from found


def _environment(values: Mapping[str, Any]) -> dict[str, Any]:
    packages = dict(each.split("==", 1) for each in values["packages"])
    rest = {name: value for name, value in values.items() if name != "packages"}
    plain = {
        name: ", ".join(value) if isinstance(value, list) else value for name, value in flat(rest).items()
    }
    return {**plain, **packages}


def _figures(run: Manifest) -> dict[str, Any]:
    named = {path.rpartition("/")[2].removesuffix(".json"): values for path, values in run["metrics"].items()}
    return {name: value for name, value in flat(named).items() if not isinstance(value, list)}


def _verdicts(run: Manifest) -> dict[str, Any]:
    return {"run": run["outcome"], **{f"gate {name}": verdict for name, verdict in run["gates"].items()}}


def _files(run: Manifest) -> dict[str, Any]:
    return {each["path"]: each["sha256"] for each in (*sources(run), *run["artifacts"])}


def _records(run: Manifest) -> Mapping[str, Any]:
    records: Mapping[str, Any] = run["records"]
    return records
