"""Every part of the benchmark, in the order of the report."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from inspect import getdoc
from types import ModuleType


@dataclass(frozen=True, slots=True)
class Part:
    """A part: its title, its module in ``benchmarks.parts``, and the minutes that it may take."""

    title: str
    minutes: int


PARTS = {
    "etl": Part("ETL", 10),
    "training": Part("The training loop", 10),
    "tuning": Part("Tuning", 15),
    "quality": Part("How well order quantities are forecast", 45),
    "response": Part("The response to prices", 10),
    "drift": Part("The drift check", 10),
    "lineage": Part("Questions to the lineage", 10),
    "noop": Part("A run with nothing to do", 20),
    "serving": Part("Serving", 10),
    "cold": Part("A cold start", 10),
}


def module(name: str) -> ModuleType:
    """Where a part is measured: ``run(how)`` gives its figures."""
    return import_module(f"benchmarks.parts.{name}")


def about(name: str) -> str:
    """What a part compares, in its own words."""
    return getdoc(module(name)) or ""
