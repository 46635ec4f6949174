"""Every part beside what a user would pick instead, and the report: docs/benchmarks.md.

python -m benchmarks [--quick] [--only PART,...] [--compare FILE] [--render]

The figures go to benchmarks/results/bench.json, with --quick to quick.json; --only renews some parts of that file.
--compare names every ratio that is worse than in FILE by more than a tenth and by more than its spread. --render
makes the report anew from what was measured before. Ends with 1 if a part failed (the others go on), else with 3 if a
ratio got worse, else with 0. What other commands left in benchmarks/results is in the report too: see others.py.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import machine, others, page, registry, regressions
from benchmarks.figures import Figure, Result
from benchmarks.part import How
from benchmarks.peer import ROOT

RESULTS, REPORT = ROOT / "benchmarks/results", ROOT / "docs/benchmarks.md"
FAILED, WORSE = 1, 3


def main() -> int:
    asked = arguments()
    if asked.inside:
        return inside(asked.inside[0], Path(asked.inside[1]), quick=asked.quick)
    path = RESULTS / ("quick.json" if asked.quick else "bench.json")
    before = json.loads(asked.compare.read_text(encoding="utf-8")) if asked.compare else None
    run = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"parts": {}}
    failed = [] if asked.render else measure(run, asked.only.split(","), path, quick=asked.quick)
    titles = {name: part.title for name, part in registry.PARTS.items()}
    REPORT.write_text(page.page(run, titles, name=path.name, more=others.sections(RESULTS)), encoding="utf-8")
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
    parser.add_argument("--inside", nargs=2, help=argparse.SUPPRESS)
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
            result = apart(name, Path(folder), quick=quick)
            run["parts"][name] = result.to_dict()
            path.write_text(json.dumps(run, indent=2) + "\n", encoding="utf-8")
            said = f"failed: {result.fault}" if result.fault else "done"
            print(f"{at} of {len(names)}  {name:<10} {result.seconds:6.0f} s  {said}", flush=True)
    return [name for name in names if run["parts"][name]["fault"]]


def apart(name: str, folder: Path, *, quick: bool) -> Result:
    """One part in a process of its own, ended with all that it started when it takes far too long."""
    words = [
        sys.executable,
        "-m",
        "benchmarks",
        "--inside",
        name,
        str(folder),
        *(["--quick"] if quick else []),
    ]
    where = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    quiet = {**os.environ, "PYTHONPATH": where, "DVC_NO_ANALYTICS": "1", "DO_NOT_TRACK": "1"}
    began, minutes = time.monotonic(), registry.PARTS[name].minutes
    with subprocess.Popen(words, env=quiet, stdout=subprocess.PIPE, text=True, process_group=0) as child:
        try:
            said, _ = child.communicate(timeout=60 * minutes)
        except BaseException as error:
            os.killpg(child.pid, signal.SIGKILL)
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            said = f"it took more than {minutes} minutes"
    if child.returncode == 0:
        return Result.from_dict(json.loads(said.splitlines()[-1]))
    fault = said if child.returncode < 0 else f"it ended with {child.returncode}"
    return Result(registry.about(name), {}, (), round(time.monotonic() - began, 1), fault)


def inside(name: str, folder: Path, *, quick: bool) -> int:
    """Measure a part, and say as the last line what was found, until it failed if it did."""
    began, figures, fault = time.monotonic(), list[Figure](), None
    how = How(folder / name, quick)
    how.folder.mkdir()
    try:
        for figure in registry.module(name).run(how):
            figures.append(figure)
    except (Exception, SystemExit) as error:  # whatever it is, the other parts go on
        traceback.print_exc()
        fault = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
    shutil.rmtree(how.folder, ignore_errors=True)
    seconds = round(time.monotonic() - began, 1)
    result = Result(registry.about(name), how.settings, tuple(figures), seconds, fault)
    print(json.dumps(result.to_dict()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
