"""A service in processes of its own: when it first answers, what a request takes, what all its processes use."""

from __future__ import annotations

import socket
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from itertools import count
from pathlib import Path

import psutil
from benchmarks.turns import Cost

from pricetrail.flows.local import free

PATIENCE = 120.0


@dataclass(frozen=True, slots=True)
class Ask:
    """One request: a path, and a body where it is posted."""

    path: str
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """How to start a service: its command line with ``{port}`` in it, where, and in which environment."""

    command: Sequence[str]
    where: Path
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Requests:
    """Medians of requests that were asked for a while: milliseconds on the clock and of processors, and how many a
    second."""

    clock: float
    processor: float
    a_second: float


class Running:
    """A service that runs. What it is asked must not be its asker's fault: that ends the measuring."""

    def __init__(self, service: Service) -> None:
        self.port = free(0)
        self.turn = count(1)
        words = [each.replace("{port}", str(self.port)) for each in service.command]
        environment = {
            name: each.replace("{port}", str(self.port)) for name, each in service.environment.items()
        }
        self.process = subprocess.Popen(
            words, cwd=service.where, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def family(self) -> list[psutil.Process]:
        """All its processes; none when it has ended."""
        if self.process.poll() is not None:
            return []
        own = psutil.Process(self.process.pid)
        return [own, *own.children(recursive=True)]

    def processor(self) -> float:
        """Processor seconds of all of them."""
        return sum(each.cpu_times().user + each.cpu_times().system for each in self.family())

    def memory(self) -> float:
        """What all of them hold, in MB of 10^6 bytes; what they share counts once for each."""
        return sum(each.memory_info().rss for each in self.family()) / 1e6

    def wait(self, ask: Ask) -> None:
        """Ask until it answers.

        Raises:
            SystemExit: it ended, or never answered.
        """
        until, why = time.monotonic() + PATIENCE, ""
        while time.monotonic() < until and self.process.poll() is None:
            try:
                with _connected(self.port) as line:
                    _answer(line, ask)
                return
            except (OSError, HTTPException) as error:
                why = str(error)
                time.sleep(0.005)
        raise SystemExit(f"{self.process.args} did not answer {ask.path}: {why}")

    def asked(self, asks: Callable[[int], Ask], *, clients: int, seconds: float) -> Requests:
        """Ask for some seconds, so many clients at once, each over a connection of its own; nothing twice."""
        spent = list[float]()
        lock, until = threading.Lock(), time.perf_counter() + seconds

        def work() -> None:
            with _connected(self.port) as line:
                while time.perf_counter() < until:
                    with lock:
                        at = next(self.turn)
                    began = time.perf_counter()
                    _answer(line, asks(at))
                    spent.append(1000 * (time.perf_counter() - began))

        threads = [threading.Thread(target=work) for _ in range(clients)]
        began, used = time.perf_counter(), self.processor()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        lasted, used = time.perf_counter() - began, self.processor() - used
        return Requests(statistics.median(spent), 1000 * used / len(spent), len(spent) / lasted)

    def end(self) -> None:
        """End all its processes."""
        family = self.family()
        for each in family:
            each.terminate()
        _, alive = psutil.wait_procs(family, timeout=5)
        for each in alive:
            each.kill()
        self.process.wait()


@contextmanager
def running(service: Service, ask: Ask) -> Iterator[Running]:
    """A service that has answered once."""
    found = Running(service)
    try:
        found.wait(ask)
        yield found
    finally:
        found.end()


def start(service: Service, ask: Ask) -> Cost:
    """From nothing to the first answer."""
    began = time.perf_counter()
    with running(service, ask) as found:
        return Cost(time.perf_counter() - began, found.processor(), found.memory())


@contextmanager
def _connected(port: int) -> Iterator[HTTPConnection]:
    line = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    line.connect()
    line.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        yield line
    finally:
        line.close()


def _answer(line: HTTPConnection, ask: Ask) -> bytes:
    headers = {} if ask.body is None else {"Content-Type": "application/json"}
    line.request("GET" if ask.body is None else "POST", ask.path, ask.body, headers)
    answer = line.getresponse()
    content = answer.read()
    if 400 <= answer.status < 500:
        raise SystemExit(f"{ask.path}: {answer.status} {content[:300]!r}")
    if answer.status != 200:
        raise HTTPException(f"{answer.status} {content[:300]!r}")
    return content
