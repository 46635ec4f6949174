"""A stand-in for a bucket: a local server that speaks S3's protocol (moto, a simulator), and a gate in front of it.

The gate can be shut: every request is then refused as S3 refuses when it is overloaded.
"""

from __future__ import annotations

import http.client
import importlib.util
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from pricetrail.errors import StageFailed, UsageError
from pricetrail.flows.local import free
from pricetrail.rehearsal.server import Handler, Server

NAME = "rehearsal"
SECONDS = 60.0
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "rehearsal",
    "AWS_SECRET_ACCESS_KEY": "rehearsal",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""Such as the simulator takes; they open nothing."""
SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
HOP = {"connection", "keep-alive", "transfer-encoding", "host", "expect"}


@dataclass
class Bucket:
    """Where it is, and whether its gate is shut."""

    endpoint: str
    shut: bool = False

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to reach it."""
        return {**os.environ, **CREDENTIALS}


@contextmanager
def bucket() -> Iterator[Bucket]:
    """A bucket ``rehearsal``, empty, for as long as the context lasts.

    Raises:
        UsageError: the simulator is not installed.
    """
    with simulator(NAME) as address, _gated(address) as gated:
        yield gated


@contextmanager
def simulator(name: str) -> Iterator[str]:
    """The address of a simulator of S3 on this machine, with an empty bucket of that name.

    Raises:
        UsageError: it is not installed.
        StageFailed: it does not start.
    """
    if importlib.util.find_spec("moto") is None:
        raise UsageError("A rehearsal needs a simulator of S3. Install it with: pip install 'moto[server]'")
    port = free(0)
    words = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _make(f"127.0.0.1:{port}", name)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


@contextmanager
def _gated(address: str) -> Iterator[Bucket]:
    server = Server(("127.0.0.1", 0), Handler)
    gated = Bucket(f"http://127.0.0.1:{server.server_port}")
    server.RequestHandlerClass = _passing(gated, urlsplit(address).netloc)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield gated
    finally:
        server.shutdown()
        server.server_close()


def _passing(gated: Bucket, behind: str) -> type[Handler]:
    class Gate(Handler):
        def _pass(self) -> None:
            content = self.body()
            if gated.shut:
                self.answer(503, {"Content-Type": "application/xml"}, SLOW_DOWN)
                return
            with closing(http.client.HTTPConnection(behind, timeout=SECONDS)) as there:
                carried = dict(_carried(self.headers.items(), HOP - {"host"}))
                there.request(self.command, self.path, content, carried)
                found = there.getresponse()
                self.answer(found.status, dict(_carried(found.getheaders(), HOP)), found.read())

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass

    return Gate


def _carried(headers: Iterable[tuple[str, str]], without: set[str]) -> Iterator[tuple[str, str]]:
    """The headers that are of the message and not of the connection, under one spelling."""
    return ((name.title(), value) for name, value in headers if name.lower() not in without)


def _make(behind: str, name: str) -> None:
    until = time.monotonic() + SECONDS
    while True:
        try:
            with closing(http.client.HTTPConnection(behind, timeout=SECONDS)) as there:
                there.request("PUT", f"/{name}")
                if there.getresponse().status == 200:
                    return
        except OSError:
            time.sleep(0.1)
        if time.monotonic() > until:
            raise StageFailed("The simulator of S3 did not start.")
