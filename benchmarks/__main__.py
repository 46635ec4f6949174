"""Every part beside what a user would pick instead, and the report: docs/benchmarks.md.

python -m benchmarks [--quick] [--only PART,...] [--compare FILE] [--render] [--into FOLDER]

The figures go to benchmarks/results/bench.json, with --quick to quick.json; --only renews some parts of that file.
With --into both they and the report go to that folder instead.
--compare names every ratio that is worse than in FILE by more than a tenth and by more than its spread. --render
makes the report anew from what was measured before. Ends with 1 if a part failed (the others go on), else with 3 if a
ratio got worse, else with 0. What other commands left in benchmarks/results is in the report too: see others.py.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import apart, machine, others, page, registry, regressions
from benchmarks.peer import ROOT

RESULTS, REPORT = ROOT / "benchmarks/results", ROOT / "docs/benchmarks.md"
FAILED, WORSE = 1, 3


def main() -> int:
    asked = arguments()
    path = (asked.into or RESULTS) / ("quick.json" if asked.quick else "bench.json")
    report = asked.into / REPORT.name if asked.into else REPORT
    before = json.loads(asked.compare.read_text(encoding="utf-8")) if asked.compare else None
    run = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"parts": {}}
    failed = [] if asked.render else measure(run, asked.only.split(","), path, quick=asked.quick)
    titles = {name: part.title for name, part in registry.PARTS.items()}
    text = page.page(run, titles, name=path.name, more=others.sections(path.parent))
    report.write_text(text, encoding="utf-8")
    found = regressions.regressions(before, run) if before is not None else []
    for each in found:
        print(f"worse: {each}")
    for name in failed:
        print(f"failed: {name}: {run['parts'][name]['fault']}")
    return FAILED if failed else WORSE if found else 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default=",".join(registry.PARTS))
    parser.add_argument("--compare", type=Path, metavar="FILE")
    parser.add_argument("--render", action="store_true")
    parser.add_argument("--into", type=Path, metavar="FOLDER")
    asked = parser.parse_args()
    unknown = set(asked.only.split(",")) - registry.PARTS.keys()
    if unknown:
        parser.error(f"No such part: {', '.join(sorted(unknown))}. There are {', '.join(registry.PARTS)}.")
    return asked


def measure(run: dict[str, Any], names: list[str], path: Path, *, quick: bool) -> list[str]:
    """Renew some parts of a run, one after the other, and keep each at once; the names of those that failed."""
    run |= {"date": datetime.now(UTC).date().isoformat(), "quick": quick}
    run |= {"machine": machine.machine(), "versions": machine.versions()}
    with tempfile.TemporaryDirectory(prefix="pricetrail-bench-") as folder:
        for at, name in enumerate(names, 1):
            result = apart.measured(name, Path(folder), quick=quick)
            run["parts"][name] = result.to_dict()
            path.write_text(json.dumps(run, indent=2) + "\n", encoding="utf-8")
            said = f"failed: {result.fault}" if result.fault else "done"
            print(f"{at} of {len(names)}  {name:<10} {result.seconds:6.0f} s  {said}", flush=True)
    return [name for name in names if run["parts"][name]["fault"]]


if __name__ == "__main__":
    sys.exit(main())
