"""The modules of this package, by the digest of their source."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from pricetrail.lineage import canonical

PACKAGE = Path(__file__).parent.parent


def source(name: str) -> Path:
    """The file of the module, or package, of that name; it may not exist."""
    path = PACKAGE.joinpath(*name.split(".")[1:])
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def imported() -> dict[str, str]:
    """SHA-256 by name of the source of every module of this package that this process has imported."""
    specs = [getattr(module, "__spec__", None) for module in list(sys.modules.values())]
    names = {spec.name for spec in specs if spec is not None and spec.origin is not None}
    return digests(name for name in names if name.partition(".")[0] == PACKAGE.name)


def digests(names: Iterable[str]) -> dict[str, str]:
    """SHA-256 by name of the source of each module that there is."""
    return {name: canonical.file_digest(source(name)) for name in sorted(names) if source(name).exists()}


def everything() -> dict[str, str]:
    """SHA-256 by path within this package of the source of every module of it, imported or not."""
    return {
        str(path.relative_to(PACKAGE)): canonical.file_digest(path) for path in sorted(PACKAGE.rglob("*.py"))
    }
