"""A stand-in for AWS Lambda's Runtime API: hands events to a function's process and takes its answers.

What the function speaks to it with is AWS's own client (awslambdaric). The paths are those of the published Runtime
API, version 2018-06-01.
"""

from __future__ import annotations

import json
import queue
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pricetrail.errors import StageFailed
from pricetrail.rehearsal.server import Handler, Server

ROOT = "/2018-06-01/runtime"
ARN = "arn:aws:lambda:us-east-1:000000000000:function:rehearsal"
SECONDS = 60.0


@dataclass
class Invocation:
    """An event on its way to the function, and the answer on its way back."""

    event: dict[str, Any]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    answered: queue.Queue[tuple[bool, bytes]] = field(default_factory=queue.Queue)


class Runtime:
    """The events that wait, and the invocations that are not answered yet."""

    def __init__(self) -> None:
        self.waiting = queue.Queue[Invocation]()
        self.open = dict[str, Invocation]()
        self.fault = ""

    def invoke(self, event: dict[str, Any]) -> dict[str, Any]:
        """Have the function answer an event.

        Raises:
            StageFailed: it did not, or answered with an error.
        """
        asked = Invocation(event)
        self.waiting.put(asked)
        try:
            done, content = asked.answered.get(timeout=SECONDS)
        except queue.Empty:
            said = self.fault or "it said nothing"
            raise StageFailed(f"The function did not answer within {SECONDS:g} s: {said}.") from None
        if not done:
            raise StageFailed(f"The function failed: {content.decode()}")
        found: dict[str, Any] = json.loads(content)
        return found


@contextmanager
def running() -> Iterator[tuple[Runtime, str]]:
    """A Runtime API that listens, with its address as ``AWS_LAMBDA_RUNTIME_API`` wants it."""
    runtime = Runtime()
    server = Server(("127.0.0.1", 0), _answering(runtime))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield runtime, f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def _answering(runtime: Runtime) -> type[Handler]:
    class Api(Handler):
        def do_GET(self) -> None:
            asked = runtime.waiting.get()
            runtime.open[asked.id] = asked
            told = {
                "Content-Type": "application/json",
                "Lambda-Runtime-Aws-Request-Id": asked.id,
                "Lambda-Runtime-Deadline-Ms": str(int((time.time() + SECONDS) * 1000)),
                "Lambda-Runtime-Invoked-Function-Arn": ARN,
            }
            self.answer(200, told, json.dumps(asked.event).encode())

        def do_POST(self) -> None:
            content = self.body()
            words = self.path.removeprefix(ROOT).strip("/").split("/")
            if words[0] == "init":
                runtime.fault = content.decode()
            else:
                runtime.open.pop(words[1]).answered.put((words[2] == "response", content))
            self.answer(202, {"Content-Type": "application/json"}, b"{}")

    return Api


def get(path: str, query: str = "") -> dict[str, Any]:
    """The event that an HTTP API sends for a ``GET`` (payload format 2.0)."""
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"host": "rehearsal", "x-forwarded-proto": "https", "x-forwarded-port": "443"},
        "requestContext": {
            "domainName": "rehearsal",
            "http": {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"},
            "stage": "$default",
        },
        "isBase64Encoded": False,
    }
