"""A real cluster on this machine: a scheduler and workers, each a process started from the command line."""

import os
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from pricetrail.flows.local import free

pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")
SLOWEST = 120
"""Seconds that a busy machine may take to start a process."""
HERE = Path(__file__).parent


@contextmanager
def started(*words, **more):
    path = os.pathsep.join(sys.path)
    with subprocess.Popen(
        [sys.executable, "-m", "dask", *words],
        env={**os.environ, "PYTHONPATH": path, **more},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=HERE,
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


def listening(port):
    for _ in range(20 * SLOWEST):
        with socket.socket() as tried:
            if not tried.connect_ex(("127.0.0.1", port)):
                return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens at port {port}")


def working(address, folder, **more):
    """A worker, in a folder of its own; ``more`` is in its environment."""
    words = ("--nthreads", "1", "--no-dashboard", "--local-directory", str(folder))
    return started("worker", address, *words, **more)


@contextmanager
def clustered(count, folder, **more):
    """The address of a scheduler, and the processes of its workers."""
    from dask import config

    port = free(0)
    with ExitStack() as stack:
        stack.enter_context(config.set({"distributed.comm.timeouts.connect": f"{SLOWEST}s"}))
        words = ("--host", "127.0.0.1", "--port", str(port), "--no-dashboard", "--no-show")
        stack.enter_context(started("scheduler", *words))
        listening(port)
        address = f"tcp://127.0.0.1:{port}"
        workers = [stack.enter_context(working(address, folder, **more)) for _ in range(count)]
        yield address, workers
