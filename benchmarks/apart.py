"""A part of the benchmark in a process of its own: python -m benchmarks.apart PART FOLDER [--quick]"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path

from benchmarks import registry
from benchmarks.figures import Figure, Result
from benchmarks.part import How
from benchmarks.peer import ROOT

TAIL = 30


def measured(name: str, folder: Path, *, quick: bool) -> Result:
    """What a part found. One that takes far too long is ended, with all that it started."""
    words = [sys.executable, "-m", "benchmarks.apart", name, str(folder), *(["--quick"] if quick else [])]
    where = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    quiet = {**os.environ, "PYTHONPATH": where, "DVC_NO_ANALYTICS": "1", "DO_NOT_TRACK": "1"}
    began, found, log = time.monotonic(), folder / f"{name}.json", folder / f"{name}.log"
    with log.open("wb") as said:
        late = ended(words, quiet, said.fileno(), minutes=registry.PARTS[name].minutes)
    if found.exists():
        result = Result.from_dict(json.loads(found.read_text(encoding="utf-8")))
    else:
        fault = late or "it ended without a word"
        result = Result(registry.about(name), {}, (), round(time.monotonic() - began, 1), fault)
    if result.fault:
        print(
            "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-TAIL:]), file=sys.stderr
        )
    return result


def ended(words: list[str], environment: dict[str, str], log: int, *, minutes: int) -> str | None:
    """Run a command to its end; why it had to be ended, if it had to."""
    with subprocess.Popen(words, env=environment, stdout=log, stderr=log, process_group=0) as child:
        try:
            child.wait(60 * minutes)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            return f"it took more than {minutes} minutes"
        except BaseException:
            os.killpg(child.pid, signal.SIGKILL)
            raise
    return None


def main() -> None:
    """Measure a part, and write what was found; until it failed, if it did."""
    name, folder, quick = sys.argv[1], Path(sys.argv[2]), "--quick" in sys.argv[3:]
    began, figures, fault = time.monotonic(), list[Figure](), None
    how = How(folder / name, quick)
    how.folder.mkdir()
    try:
        for figure in registry.module(name).run(how):
            figures.append(figure)
    except (Exception, SystemExit) as error:  # whatever it is, the other parts go on
        traceback.print_exc()
        fault = told(error)
    shutil.rmtree(how.folder, ignore_errors=True)
    seconds = round(time.monotonic() - began, 1)
    result = Result(registry.about(name), how.settings, tuple(figures), seconds, fault)
    (folder / f"{name}.json").write_text(json.dumps(result.to_dict()), encoding="utf-8")


def told(error: BaseException) -> str:
    """A fault in a line, without the folders of this machine.

    >>> told(OSError("/home/ann/shop/dvc.yaml is gone\\nfor good"))
    'OSError: dvc.yaml is gone'
    """
    first = next(iter(str(error).splitlines()), "")
    return re.sub(r"(?:/[\w.@+-]+)+/", "", f"{type(error).__name__}: {first}")


if __name__ == "__main__":
    main()
