"""Reads and changes a shop's ``params.yaml``."""

from __future__ import annotations

from pathlib import Path

import yaml

from pricetrail.files import writing
from pricetrail.params import Params, load, validate

NAME = "params.yaml"
HEADER = "# Every setting of this shop: one block per stage, under the stage's own name.\n"


def read(root: Path) -> Params:
    """The shop's parameters, validated."""
    return load(root / NAME)


def write(root: Path, params: Params) -> None:
    """Write every setting with its value, atomically."""
    text = yaml.safe_dump(params.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    with writing(root / NAME) as draft:
        draft.write_text(HEADER + text, encoding="utf-8")


def change(root: Path, block: str, **values: object) -> None:
    """Change settings of one block; what cannot be used is refused and nothing is written."""
    whole = read(root).model_dump(mode="json")
    whole[block] |= values
    write(root, validate(whole, NAME))
