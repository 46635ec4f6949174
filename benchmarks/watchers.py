"""What each system says of a shop, as a set of lines: an answer that is not the one before has noticed something."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from pricetrail.errors import PricetrailError
from pricetrail.shop import git
from pricetrail.shop.verification import verify

FORK = get_context("fork")
PATIENCE = 30.0
Answers = dict[str, set[str]]


def watching(shop: Path, folder: Path, mlflow: Path | None) -> Callable[[], Answers]:
    """Asks every system once: its answer by its name."""
    rival = Rival(mlflow, shop, folder / "mlruns") if mlflow is not None else None

    def look() -> Answers:
        found = {
            "ours": ours(shop)
        }  # first: to ask DVC for a folder's status writes its list into the cache again
        said = plain(shop)
        found |= {"DVC": said, "DVC and git": said | committed(shop)}
        return found if rival is None else {**found, "MLflow": rival()}

    return look


def ours(shop: Path) -> set[str]:
    """Findings and remarks of a deep verification."""
    try:
        report = verify(shop, deep=True)
    except PricetrailError as error:
        return {str(error)}
    return {*map(str, report.findings), *report.remarks}


def plain(shop: Path) -> set[str]:
    """What DVC's own commands for that say; before a history that it cannot read it may wait for ever."""
    import dvc.repo  # noqa: F401, so that it is not imported anew by every process

    reader, writer = FORK.Pipe(duplex=False)
    asked = FORK.Process(target=lambda: writer.send(_plain(shop)), daemon=True)
    asked.start()
    said: set[str] = reader.recv() if reader.poll(PATIENCE) else {"no answer"}
    asked.kill()
    asked.join()
    return said


def _plain(shop: Path) -> set[str]:
    from dvc.repo import Repo

    try:
        with Repo(str(shop)) as repo:
            said = {"status": repo.status(), "data": repo.data_status(granular=True, untracked_files="all")}
            said["cloud"] = repo.status(cloud=True)
    except Exception as error:  # whatever it is, its user sees it
        return {f"{type(error).__name__}: {error}"}
    return set(_lines(said, ""))


def committed(shop: Path) -> set[str]:
    """What git says of files that it tracks or does not."""
    try:
        return set(git.git(shop, "status", "--porcelain").splitlines())
    except PricetrailError as error:  # a history that it cannot read is what its user sees
        return set(str(error).splitlines())


class Rival:
    """MLflow, in a process of its own."""

    def __init__(self, python: Path, shop: Path, store: Path) -> None:
        words = [str(python), str(Path(__file__).with_name("rival.py")), str(shop), str(store)]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self) -> set[str]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("look\n")
        self.process.stdin.flush()
        return set(json.loads(self.process.stdout.readline()))


def _lines(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _lines(inner, f"{path}/{name}")
    elif isinstance(value, list | tuple | set):
        for inner in value:
            yield from _lines(inner, path)
    else:
        yield f"{path}: {value}"
