"""What every part is given: how much to measure, and a folder to do it in."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.figures import Figure

DATA = Path(os.environ.get("PRICETRAIL_DATA", Path(__file__).parents[2] / "shared/data"))
REAL = "online_retail.parquet"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class How:
    """The full measure, or a quick one.

    ``folder`` is a part's own, and beside it lies what parts share. ``settings`` is where it notes how much it
    measured.
    """

    folder: Path
    quick: bool
    settings: dict[str, Any] = field(default_factory=dict)

    def __call__(self, name: str, full: T, quick: T) -> T:
        """One of two values by the measure, noted under a name."""
        chosen = quick if self.quick else full
        self.settings[name] = chosen
        return chosen

    def lines(self) -> Path:
        """The order lines: the real ones where they are at hand, else as many of the simulator's."""
        real = DATA / REAL
        if real.exists():
            self.settings["lines"] = "real"
            return real.resolve()
        from pricetrail.transactions import simulator

        self.settings["lines"] = "simulated"
        path = self.folder.parent / "lines.parquet"
        if not path.exists():
            simulator.write(
                simulator.build(simulator.Settings(rows=400_000, products=3_000)), path, "parquet"
            )
        return path

    def demo(self) -> Path:
        """A copy of the demo shop with a small search, which ran once."""
        from benchmarks import guard

        shared = self.folder.parent / "demo"
        if not shared.exists():
            guard.begin(shared, "demo", quick=True)
            guard.run(shared)
        copy = self.folder / "demo"
        shutil.copytree(shared, copy, symlinks=True)
        return copy


Run = Callable[[How], Iterator[Figure]]
