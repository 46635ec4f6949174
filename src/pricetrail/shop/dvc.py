"""DVC, as a process of its own: bytes and stages."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from pricetrail.errors import StageFailed

CONFIG = {"core.analytics": "false", "core.check_update": "false", "core.autostage": "false"}


def environment(**extra: str) -> Mapping[str, str]:
    """The environment of DVC and of the stages that it starts: this interpreter first, nothing calls home."""
    here = str(Path(sys.executable).parent)
    quiet = {"DVC_NO_ANALYTICS": "1", "DO_NOT_TRACK": "1", "PYTHONUNBUFFERED": "1", "PYTHONHASHSEED": "0"}
    return {**os.environ, **quiet, **extra, "PATH": os.pathsep.join([here, os.environ.get("PATH", "")])}


def command(*words: str) -> list[str]:
    """The command line of one DVC command."""
    return [sys.executable, "-m", "dvc", *words]


def begin(root: Path) -> None:
    """Make a DVC repository of the git repository ``root``."""
    _dvc(root, "init", "--quiet")
    for name, value in CONFIG.items():
        _dvc(root, "config", name, value)


def track(root: Path, *paths: str) -> None:
    """Have DVC keep the bytes under each path."""
    _dvc(root, "add", *paths)


def point(root: Path, name: str, options: Mapping[str, str]) -> None:
    """Make ``name`` the remote that DVC uses; what it was told of it before is forgotten."""
    _dvc(root, "remote", "add", "--default", "--force", name, options["url"])
    for option, value in options.items():
        if option != "url":
            _dvc(root, "remote", "modify", name, option, value)


def checkout(root: Path, *paths: str) -> None:
    """Put what the cache holds of those paths where it belongs."""
    _dvc(root, "checkout", *paths)


def _dvc(root: Path, *words: str) -> None:
    done = subprocess.run(
        command(*words), cwd=root, env=environment(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise StageFailed(f"'dvc {words[0]}' failed in {root}: {_fault(done.stderr or done.stdout)}")


def _fault(said: str) -> str:
    """From the first error on, and the files that it names; not where to ask for help."""
    lines = [line for line in said.splitlines() if line and not line.startswith("Having any troubles")]
    first = next((at for at, line in enumerate(lines) if line.startswith("ERROR: ")), 0)
    return " ".join(lines[first:])
