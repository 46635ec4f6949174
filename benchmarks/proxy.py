"""A proxy in front of a server that speaks S3's protocol: it notes every request, and can spoil any of them.

The server behind it is moto's, a simulator; the faults are made here, on the wire.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from urllib.parse import parse_qs, urlsplit

from pricetrail.rehearsal.server import Handler, Server

BODY = "<?xml version='1.0'?><Error><Code>{code}</Code><Message>{code}</Message><Region>eu-west-1</Region></Error>"
REFUSED = {
    "InternalError": 500,
    "ServiceUnavailable": 503,
    "SlowDown": 503,
    "PreconditionFailed": 412,
    "ConditionalRequestConflict": 409,
    "ExpiredToken": 400,
    "RequestTimeTooSkewed": 403,
    "AccessDenied": 403,
    "SignatureDoesNotMatch": 403,
    "PermanentRedirect": 301,
}
"""Codes that stand for an answer of S3, and their statuses. The request never reaches the server."""
DROP, CUT, LOST, SLOW, STALE = "drop", "cut", "lost", "slow", "stale"
"""No answer; half of one; none although the work was done; a late one; a list without its newest names."""
HOPS = {"connection", "transfer-encoding", "content-length", "date", "server"}


@dataclass(frozen=True)
class Request:
    """One request, as the proxy saw it."""

    method: str
    path: str
    conditional: bool

    @property
    def lists(self) -> bool:
        """Whether it asks for the names in a bucket."""
        return "list-type" in parse_qs(urlsplit(self.path).query)


Script = Callable[[Request], str | None]


@dataclass
class Proxy:
    """A running proxy: its address, what it saw, the script that says how to spoil a request, if at all,
    and what is called when the server has done a request and nobody knows of it yet."""

    address: str
    seen: list[Request] = field(default_factory=list)
    spoiled: list[str] = field(default_factory=list)
    script: Script = lambda request: None
    after: Callable[[Request], None] = lambda request: None


@contextmanager
def before(server: str) -> Iterator[Proxy]:
    """Put a proxy before the server of that address."""
    listening = Server(("127.0.0.1", 0), _Handler)
    proxy = Proxy(f"http://127.0.0.1:{listening.server_address[1]}")
    listening.proxy, listening.behind = proxy, urlsplit(server).netloc  # type: ignore[attr-defined]
    thread = threading.Thread(target=listening.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        listening.shutdown()
        listening.server_close()


class _Handler(Handler):
    def do_GET(self) -> None:
        body = self.body()
        proxy: Proxy = self.server.proxy  # type: ignore[attr-defined]
        request = Request(self.command, self.path, "If-None-Match" in self.headers)
        proxy.seen.append(request)
        fault = proxy.script(request)
        if fault is not None:
            proxy.spoiled.append(fault)
        if fault in REFUSED:
            self._answer(REFUSED[fault], [], BODY.format(code=fault).encode())
        elif fault == DROP:
            self.close_connection = True
        else:
            self._pass_on(proxy, request, body, fault)

    do_PUT = do_POST = do_DELETE = do_HEAD = do_GET

    def _pass_on(self, proxy: Proxy, request: Request, body: bytes, fault: str | None) -> None:
        if fault == SLOW:
            time.sleep(1)
        status, headers, content = self._ask(body)
        proxy.after(request)
        if fault == LOST:
            self.close_connection = True
        elif fault == CUT:
            self._answer(status, headers, content, upto=len(content) // 2)
        elif fault == STALE:
            self._answer(
                status, headers, re.sub(rb"(?s)(.*)<Contents>.*?</Contents>", rb"\1", content, count=1)
            )
        else:
            self._answer(status, headers, content)

    def _ask(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        behind = HTTPConnection(self.server.behind, timeout=60)  # type: ignore[attr-defined]
        try:
            behind.request(self.command, self.path, body, dict(self.headers))
            answer = behind.getresponse()
            kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in HOPS]
            self.length = answer.getheader("Content-Length", "0")
            return answer.status, kept, answer.read()
        finally:
            behind.close()

    def _answer(
        self, status: int, headers: list[tuple[str, str]], content: bytes, upto: int | None = None
    ) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        length = self.length if self.command == "HEAD" and status < 300 else str(len(content))
        self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content[:upto])
        self.wfile.flush()
        self.close_connection = self.close_connection or upto is not None
