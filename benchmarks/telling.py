"""How a measure says what it found."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

GAP = 2


def tell(found: Mapping[str, Any], *, as_json: bool) -> None:
    """As data, or as lines: a name and a value each; records under a name stand below it."""
    if as_json:
        print(json.dumps(found, indent=2))
        return
    rows = list(_rows(found))
    wide = max(len(name) for name, _ in rows) + GAP
    for name, value in rows:
        print(f"{name:<{wide}}{value}".rstrip())


def _rows(found: Mapping[str, Any]) -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for name, value in found.items():
        if isinstance(value, Mapping):
            rows += [(name, ""), *((f"  {inner}", each) for inner, each in value.items())]
        else:
            rows.append((name, value))
    return rows
