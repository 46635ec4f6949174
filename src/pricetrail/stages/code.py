"""Writes ``code.yaml``: for each stage one digest over the source of every module that it imports."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from pricetrail.lineage.modules import source

STAGES = (
    "etl_pipeline",
    "etl_gate",
    "data_drift_check",
    "data_drift_gate",
    "preprocess",
    "snapshot",
    "tune_primary_model",
    "tune_backup_models",
    "fit_price_response",
    "inference_primary_model",
    "assess_model_risk",
    "model_gate",
)


def closure(module: str) -> frozenset[str]:
    """Name every module of this package that importing ``module`` can import, itself included."""
    met: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name not in met:
            met.add(name)
            waiting += imported(name)
    return frozenset(met)


@cache
def imported(module: str) -> tuple[str, ...]:
    """Name the modules of this package that ``module`` names in an import, and the packages around it."""
    found = {module.rpartition(".")[0]} | set(_named(ast.parse(source(module).read_bytes())))
    return tuple(sorted(name for name in found if name and source(name).exists()))


def digest(module: str) -> str:
    """SHA-256 over the names and sources of ``closure(module)``."""
    return _digest(closure(module))


def text() -> str:
    """What ``code.yaml`` says of the code as it is."""
    return "".join(f"{stage}: {digest(f'pricetrail.stages.{stage}')}\n" for stage in STAGES)


def main() -> None:
    """Write ``code.yaml`` into the current folder."""
    Path("code.yaml").write_text(text(), encoding="utf-8")


def _named(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("pricetrail"))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pricetrail"):
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _digest(modules: frozenset[str]) -> str:
    whole = hashlib.sha256()
    for name in sorted(modules):
        whole.update(f"{name} {hashlib.sha256(source(name).read_bytes()).hexdigest()}\n".encode())
    return whole.hexdigest()


if __name__ == "__main__":
    main()
