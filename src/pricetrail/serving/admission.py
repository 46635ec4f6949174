"""Who may ask, how often, from which pages, and who may write."""

from __future__ import annotations

import hmac
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from flask import Flask, Response, request

from pricetrail.errors import NotAllowed, TooMany
from pricetrail.serving.settings import Settings

KNOWN = 10_000
BURST = 2.0
ALWAYS = {"/livez", "/readyz", "/ping", "/metrics"}
HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cache-Control": "no-store"}


class Buckets:
    """Requests that each address has left: ``rate`` more each second, and ``BURST`` seconds' worth at most."""

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._clock, self._lock = rate, clock, threading.Lock()
        self._left = OrderedDict[str, tuple[float, float]]()

    def take(self, address: str) -> bool:
        """Take one; false when none is left."""
        if self._rate <= 0:
            return True
        now, most = self._clock(), max(self._rate * BURST, 1.0)
        with self._lock:
            left, since = self._left.pop(address, (most, now))
            left = min(left + (now - since) * self._rate, most)
            self._left[address] = (left - 1 if left >= 1 else left, now)
            if len(self._left) > KNOWN:
                self._left.popitem(last=False)
        return left >= 1


def install(app: Flask, settings: Settings) -> None:
    """Hold an app to its settings."""
    buckets = Buckets(settings.rate)

    def admit() -> None:
        if request.path not in ALWAYS and not buckets.take(request.remote_addr or ""):
            raise TooMany(f"More than {settings.rate:g} requests a second came from one address. Slow down.")

    def mark(answer: Response) -> Response:
        for name, value in HEADERS.items():
            answer.headers.setdefault(name, value)
        origin = request.headers.get("Origin")
        if origin and {origin, "*"} & {*settings.cors}:
            answer.headers["Access-Control-Allow-Origin"] = "*" if "*" in settings.cors else origin
            answer.headers["Access-Control-Allow-Methods"] = "GET, POST, OPTIONS"
            answer.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
            answer.headers["Access-Control-Max-Age"] = "600"
            answer.vary.add("Origin")
        return answer

    app.before_request(admit)
    app.after_request(mark)


def writer(settings: Settings) -> None:
    """Let pass who brings the key along: ``Authorization: Bearer KEY``.

    Raises:
        NotAllowed: no key, or another one; or nobody may write here.
    """
    if not settings.key:
        raise NotAllowed("Nobody may write through this service: it was started without PRICETRAIL_KEY.")
    given = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    if not hmac.compare_digest(given.encode(), settings.key.encode()):
        raise NotAllowed("This needs the service's key. Send it as 'Authorization: Bearer KEY'.")
