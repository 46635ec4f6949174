"""Everything that changed between two runs of a shop: what their manifests tell, lines of code, and rows of data.

What cannot be had here, a commit or the bytes of a table, is named, and the rest is told all the same.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pricetrail import params
from pricetrail.errors import ArtifactMissing, PricetrailError, StageFailed
from pricetrail.lineage.artifact import Artifact
from pricetrail.lineage.diff import Difference, diff
from pricetrail.lineage.manifest import Manifest
from pricetrail.lineage.modules import PACKAGE
from pricetrail.lineage.named import Run
from pricetrail.lineage.origin import RAW
from pricetrail.shop import git, rows
from pricetrail.shop.git import Lines
from pricetrail.shop.production import at_hand
from pricetrail.shop.rows import Rows
from pricetrail.transactions import source

FEATURES = "data/processed_df.parquet"


@dataclass(frozen=True, slots=True)
class Changes:
    """What is not the same.

    Attributes:
        told: what the manifests tell.
        shop, package: lines added and removed, by file, between the commits of the shop and of this package.
        data: how the tables differ that do, by name.
        missing: what could not be compared, and why.
    """

    before: Run
    after: Run
    told: Difference
    shop: Mapping[str, Lines]
    package: Mapping[str, Lines]
    data: Mapping[str, Rows]
    missing: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        sides = {
            name: {"run": run.id, "release": run.release, "when": run.entry.when}
            for name, run in (("before", self.before), ("after", self.after))
        }
        lines = {
            name: {path: asdict(each) for path, each in found.items()}
            for name, found in (("shop", self.shop), ("package", self.package))
        }
        data = {name: asdict(found) for name, found in self.data.items()}
        return {**sides, **asdict(self.told), "lines": lines, "data": data, "missing": list(self.missing)}


def between(root: Path, before: Run, after: Run) -> Changes:
    """Compare two runs."""
    one, other, missing = before.manifest, after.manifest, list[str]()
    shop = _lines(root, "shop", one, other, missing)
    package = _lines(PACKAGE, "code", one, other, missing)
    data = dict[str, Rows]()
    with tempfile.TemporaryDirectory(prefix="pricetrail-") as scratch:
        for name, (key, lay) in TABLES.items():
            if key(one) != key(other):
                try:
                    sides = [
                        lay(root, run, Path(scratch, at)) for at, run in (("before", one), ("after", other))
                    ]
                    data[name] = rows.compare(*sides)
                except PricetrailError as error:
                    missing.append(f"{name}: {error}")
    return Changes(before, after, diff(one, other), shop, package, data, tuple(missing))


def _lines(
    folder: Path, side: str, before: Manifest, after: Manifest, missing: list[str]
) -> Mapping[str, Lines]:
    one, other = (run[side].get("commit") for run in (before, after))
    if one == other or not one or not other:
        return {}
    try:
        return git.changed(folder, one, other)
    except StageFailed:
        whose = "the shop" if side == "shop" else "pricetrail"
        missing.append(f"lines of code: the commits {one[:12]} and {other[:12]} of {whose} are not both here")
        return {}


def _orders_key(run: Manifest) -> Any:
    return [each["sha256"] for each in run["sources"].get(RAW, ())], run["parameters"].get("source")


def _orders(root: Path, run: Manifest, draft: Path) -> Path:
    """The order lines of all raw files, read as the run read them."""
    files = [
        at_hand(root, Artifact.from_dict(each), draft.with_name(f"{draft.name}-{at}"))
        for at, each in enumerate(run["sources"].get(RAW, ()))
    ]
    lines = source.read(files, params.validate(dict(run["parameters"]), "the run's params.yaml").source)
    lines.to_parquet(draft)
    return draft


def _features_key(run: Manifest) -> Any:
    return [each["sha256"] for each in run["artifacts"] if each["path"] == FEATURES]


def _features(root: Path, run: Manifest, draft: Path) -> Path:
    """The clean lines with their features, as the run made them."""
    for each in run["artifacts"]:
        if each["path"] == FEATURES:
            return at_hand(root, Artifact.from_dict(each), draft)
    raise ArtifactMissing("one of the runs did not get so far")


TABLES: Mapping[str, tuple[Callable[[Manifest], Any], Callable[[Path, Manifest, Path], Path]]] = {
    "raw order lines": (_orders_key, _orders),
    FEATURES: (_features_key, _features),
}
"""Each table with what its content hangs on, and how to lay its bytes out."""
