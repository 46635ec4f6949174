"""What the stages of a shop declare to DVC: the files and folders that each reads and writes, and its settings."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pricetrail.errors import ShopMissing

OUTS = ("outs", "metrics", "plots")
PARAMS = "params.yaml"
CORE = (
    ("null", "~|null|Null|NULL|", ["", *"~nN"]),
    ("bool", "true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", "[-+]?(0|[1-9][0-9]*)|0x[0-9a-fA-F]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
)


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage, as declared.

    ``settings`` pairs a file with the dotted names of the values that are read; no names stand for the whole file.
    ``plain`` are those of the outputs that DVC does not cache; ``always`` says whether it runs the stage every time.
    """

    name: str
    cmd: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    settings: tuple[tuple[str, tuple[str, ...]], ...] = ()
    plain: tuple[str, ...] = ()
    always: bool = False


def stages(root: Path) -> tuple[Stage, ...]:
    """What ``dvc.yaml`` of the shop ``root`` declares, in its order.

    Raises:
        ShopMissing: there is no such file.
    """
    path = root / "dvc.yaml"
    if not path.exists():
        raise ShopMissing(f"{root} is not a shop: it has no dvc.yaml. Make one with 'pricetrail init'.")
    declared = load(path).get("stages") or {}
    return tuple(_stage(name, values) for name, values in declared.items())


class Core(yaml.CSafeLoader):
    """YAML 1.2's core schema, by which DVC writes: ``on`` is a word there, and a date a string."""


Core.yaml_implicit_resolvers = {}
for tag, pattern, first in CORE:
    Core.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(rf"({pattern})\Z"), list(first))


def load(path: Path) -> dict[str, Any]:
    """A YAML file as a mapping; empty where there is none."""
    return parse(path.read_bytes()) if path.exists() else {}


def parse(text: str | bytes) -> dict[str, Any]:
    """YAML as a mapping; empty where it is something else."""
    found = yaml.load(text, Core)
    return found if isinstance(found, dict) else {}


def inside(file: str, path: str) -> str:
    """The shop's path to what ``file`` calls ``path``."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(file), path))


def _stage(name: str, values: Mapping[str, Any]) -> Stage:
    reads, settings = tuple(_paths(values.get("deps"))), tuple(_settings(values.get("params")))
    writes = tuple(path for kind in OUTS for path in _paths(values.get(kind)))
    return Stage(
        name=name,
        cmd=str(values.get("cmd", "")),
        reads=reads,
        writes=writes,
        settings=settings,
        plain=tuple(path for kind in OUTS for path in _plain(values.get(kind))),
        always=bool(values.get("always_changed")) or not (reads or settings or writes),
    )


def _paths(entries: Iterable[Any] | None) -> Iterator[str]:
    """DVC writes a path alone, or a mapping of it to its options."""
    for entry in entries or ():
        yield from entry if isinstance(entry, Mapping) else [str(entry)]


def _plain(entries: Iterable[Any] | None) -> Iterator[str]:
    for entry in entries or ():
        if isinstance(entry, Mapping):
            yield from (str(path) for path, options in entry.items() if (options or {}).get("cache") is False)


def _settings(entries: Iterable[Any] | None) -> Iterator[tuple[str, tuple[str, ...]]]:
    plain = tuple(entry for entry in entries or () if isinstance(entry, str))
    if plain:
        yield PARAMS, plain
    for entry in entries or ():
        if isinstance(entry, Mapping):
            for file, names in entry.items():
                yield str(file), tuple(map(str, names or ()))
