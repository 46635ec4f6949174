"""Holds ``params.yaml`` against the values that a run was made with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pricetrail import params
from pricetrail.errors import ParamsInvalid
from pricetrail.lineage import agreement, canonical
from pricetrail.lineage.declared import PARAMS, load
from pricetrail.lineage.verify.objects import Run

# Where the record is kept, and who does the work: no result depends on it, and to move a shop is no other run.
APART = ("ledger.", "workers.")


@dataclass(frozen=True, slots=True)
class Values:
    """What is other than in the run: values that results depend on, values that none does, or words alone."""

    moved: tuple[str, ...]
    apart: tuple[str, ...]
    rewritten: bool


def compare(root: Path, run: Run) -> Values:
    """Compare every value, those left out as what they stand for."""
    then, path = run.manifest["parameters"], root / PARAMS
    known = run.manifest["pipeline"].get(PARAMS)
    if path.is_file() and known == canonical.file_digest(path):
        return Values((), (), rewritten=False)
    found = list(_differing(_whole(then), _whole(load(path))))
    apart = tuple(each for each in found if each.startswith(APART))
    return Values(tuple(each for each in found if each not in apart), apart, rewritten=not found)


def _differing(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for name in agreement.differing(then, now):
        block, _, key = name.partition(": ")
        was, found = ((each.get(block) or {}).get(key) for each in (then, now))
        yield f"{block}.{key} is {found!r} and was {was!r}"


def _whole(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """With what stands for the values left out, unless another version of this package wrote them."""
    try:
        return params.validate(dict(values), PARAMS).model_dump(mode="json")
    except ParamsInvalid:
        return values
