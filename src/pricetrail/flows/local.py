"""A Prefect server and a worker on this machine, as processes that end with this one."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import psutil

from pricetrail.errors import StageFailed, translating

PORT = 4200
QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_LOGGING_LEVEL": "WARNING",
}
# One SQLite file behind a busy machine answers late: who waits gets his answer, who gives up has a crashed run.
PATIENT = {
    "PREFECT_SERVER_DATABASE_TIMEOUT": "60",
    "PREFECT_SERVER_DATABASE_CONNECTION_TIMEOUT": "60",
}
PATIENCE = 300.0
GRACE = 20.0
PAUSES = (1.0, 2.0, 4.0, 8.0)
FINAL = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: the address of its dashboard, where it keeps what it knows, its process."""

    address: str
    home: Path
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False, compare=False)

    @property
    def environment(self) -> dict[str, str]:
        """What Prefect reads."""
        there = {"PREFECT_HOME": str(self.home), "PREFECT_API_URL": f"{self.address}/api"}
        return {**QUIET, **PATIENT, **there}

    def begin(self, deployment: str) -> str:
        """Begin a run of the deployment of that id; its id."""
        return str(self._ask(f"deployments/{deployment}/create_flow_run", {})["id"])

    def ended(self, run: str, seconds: float) -> tuple[str, str]:
        """Wait for a run to end: the name of its last state, and what was said of it.

        Raises:
            StageFailed: it goes on for longer than that.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            state = self._ask(f"flow_runs/{run}")["state"]
            if state["type"] in FINAL:
                return str(state["name"]), str(state["message"])
            time.sleep(0.5)
        raise StageFailed(f"The run {run} goes on for longer than {seconds:,.0f} seconds.")

    def _ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        asked = Request(f"{self.address}/api/{path}", data, {"Content-Type": "application/json"})
        failed: dict[type[Exception], type[StageFailed]] = {OSError: StageFailed, ValueError: StageFailed}
        silent = f"Prefect's server at {self.address} does not answer"
        with translating(failed, silent):
            return _answered(asked)


@contextmanager
def server(home: Path, port: int = PORT) -> Iterator[Server]:
    """A server that keeps what it knows in ``home``; another port is taken when that one is.

    Raises:
        StageFailed: it does not come up.
    """
    home.mkdir(parents=True, exist_ok=True)
    found = Server(f"http://127.0.0.1:{free(port)}", home)
    words = ["server", "start", "--host", "127.0.0.1", "--port", found.address.rpartition(":")[2]]
    with _process(words, found, "server") as running:
        deadline = time.monotonic() + PATIENCE
        while not _up(found):
            if running.poll() is not None or time.monotonic() > deadline:
                raise StageFailed(
                    f"Prefect's server did not come up. What it said is in {home / 'server.log'}."
                )
            time.sleep(0.2)
        yield replace(found, process=running)


@contextmanager
def worker(at: Server, pool: str, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker of a pool; ``more`` is added to its environment, and to that of its runs."""
    words = ["worker", "start", "--pool", pool, "--name", f"{pool}-local", "--type", "process"]
    with _process(words, at, "worker", **more) as running:
        yield running


def watch(at: Server, worker: subprocess.Popen[bytes]) -> None:
    """Wait while both are at work.

    Raises:
        StageFailed: one of them ended by itself.
    """
    while True:
        for name, running in (("server", at.process), ("worker", worker)):
            if running is not None and running.poll() is not None:
                raise StageFailed(
                    f"Prefect's {name} ended by itself. What it said is in {at.home / f'{name}.log'}."
                )
        time.sleep(0.5)


@contextmanager
def _process(words: list[str], at: Server, name: str, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    here = str(Path(sys.executable).parent)
    path = os.pathsep.join([here, os.environ.get("PATH", "")])
    environment = {**os.environ, **at.environment, **more, "PATH": path}
    with (
        (at.home / f"{name}.log").open("ab") as log,
        subprocess.Popen(
            [sys.executable, "-m", "prefect", *words],
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        ) as running,
    ):
        try:
            yield running
        finally:
            _end(running)


def _end(running: subprocess.Popen[bytes]) -> None:
    """Ask the runs that it began to end, each a session of its own, and then it; end whatever of them is left.

    The runs come first: a worker that ends kills its runs, and they give no lease back.
    """
    tree = list[psutil.Process]()
    with suppress(psutil.NoSuchProcess):
        whole = psutil.Process(running.pid)
        runs, tree = whole.children(), [*whole.children(recursive=True), whole]
        for asked in (runs, [whole]):
            for each in asked:
                with suppress(psutil.NoSuchProcess):
                    each.terminate()
            psutil.wait_procs(asked, GRACE)
    for each in psutil.wait_procs(tree, 0)[1]:
        with suppress(psutil.NoSuchProcess):
            each.kill()
    running.wait()


def free(port: int) -> int:
    """That port of this machine, or another one when it is taken."""
    for wanted in (port, 0):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", wanted))
            return int(probe.getsockname()[1])
    raise StageFailed("No port of this machine is free.")


def _answered(asked: Request) -> Any:
    """Ask; again where the server says that its database is busy, or, to be told something, where it is slow."""
    for pause in PAUSES:
        try:
            return _json(asked)
        except HTTPError as error:
            if error.code != HTTPStatus.SERVICE_UNAVAILABLE:
                raise
        except TimeoutError:
            if asked.get_method() != "GET":
                raise
        time.sleep(pause)
    return _json(asked)


def _json(asked: Request) -> Any:
    with urlopen(asked, timeout=30) as answer:
        return json.load(answer)


def _up(at: Server) -> bool:
    with suppress(OSError), urlopen(f"{at.address}/api/health", timeout=2) as answer:
        return bool(answer.status == 200)
    return False
