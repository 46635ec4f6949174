"""A stand-in for a bucket: a local server that speaks S3's protocol (moto, a simulator), and a gate in front of it.

The gate can be shut: every request is then refused as S3 refuses when it is overloaded.
"""

from __future__ import annotations

import http.client
import importlib.util
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pricetrail.errors import StageFailed, UsageError
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
    if importlib.util.find_spec("moto") is None:
        raise UsageError("A rehearsal needs a simulator of S3. Install it with: pip install 'moto[server]'")
    port = _free()
    words = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _make(port)
            with _gated(port) as gated:
                yield gated
        finally:
            process.terminate()


@contextmanager
def _gated(port: int) -> Iterator[Bucket]:
    server = Server(("127.0.0.1", 0), Handler)
    gated = Bucket(f"http://127.0.0.1:{server.server_port}")
    server.RequestHandlerClass = _passing(gated, port)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield gated
    finally:
        server.shutdown()
        server.server_close()


def _passing(gated: Bucket, port: int) -> type[Handler]:
    class Gate(Handler):
        def _pass(self) -> None:
            content = self.body()
            if gated.shut:
                self.answer(503, {"Content-Type": "application/xml"}, SLOW_DOWN)
                return
            there = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
            there.request(
                self.command, self.path, content, dict(_carried(self.headers.items(), HOP - {"host"}))
            )
            found = there.getresponse()
            self.answer(found.status, dict(_carried(found.getheaders(), HOP)), found.read())
            there.close()

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass

    return Gate


def _carried(headers: Iterable[tuple[str, str]], without: set[str]) -> Iterator[tuple[str, str]]:
    """The headers that are of the message and not of the connection, under one spelling."""
    return ((name.title(), value) for name, value in headers if name.lower() not in without)


def _make(port: int) -> None:
    until = time.monotonic() + SECONDS
    while True:
        try:
            there = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
            there.request("PUT", f"/{NAME}")
            if there.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
        if time.monotonic() > until:
            raise StageFailed("The simulator of S3 did not start.")


def _free() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
