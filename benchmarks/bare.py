"""A stage without its guard and its record: what the guard's cost is measured against.

python -m benchmarks.bare STAGE, in a shop.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

from pricetrail.params import load
from pricetrail.stages.stage import Context

if __name__ == "__main__":
    work = import_module(f"pricetrail.stages.{sys.argv[1]}").work
    work(Context(Path.cwd(), load(Path("params.yaml")), lambda share, note: None))
