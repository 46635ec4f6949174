"""Where the peers live: an environment of their own beside ``.venv``, each a module of ``benchmarks.peers``."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent


@cache
def python() -> str:
    """The interpreter of ``.venv-bench`` (or of the folder that PRICETRAIL_PEERS names); else this one."""
    there = Path(os.environ.get("PRICETRAIL_PEERS", ROOT / ".venv-bench")) / "bin/python"
    return str(there) if there.exists() else sys.executable


@cache
def installed(*modules: str) -> bool:
    """Whether the peers' interpreter can import modules."""
    words = [python(), "-c", "; ".join(f"import {name}" for name in modules)]
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


def command(name: str, *words: object) -> list[str]:
    """A peer's command line."""
    return [python(), "-m", f"benchmarks.peers.{name}", *map(str, words)]


def environment(**more: str) -> dict[str, str]:
    """What a peer runs in: it finds its own module, and nothing calls home."""
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "1"}
    return {**os.environ, "PYTHONPATH": str(ROOT), **quiet, **more}


def run(name: str, *words: object) -> str:
    """What a peer says when it is done.

    Raises:
        SystemExit: it failed; with the end of what it said.
    """
    done = subprocess.run(
        command(name, *words), env=environment(), cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"The peer {name} failed: {done.stderr.strip()[-2000:]}")
    return done.stdout
