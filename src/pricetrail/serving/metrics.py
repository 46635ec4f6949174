"""What the service counts, for Prometheus."""

from __future__ import annotations

import os
import time

from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from pricetrail.serving.cache import Cache
from pricetrail.serving.crew import COUNTED

SECONDS = (0.001, 0.002, 0.003, 0.005, 0.01, 0.015, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)


class Counted:
    """A cache whose hits and misses are counted."""

    def __init__(self, cache: Cache, registry: CollectorRegistry) -> None:
        self._cache = cache
        asked = Counter(
            "pricetrail_cache_asked", "Answers looked for in the cache.", ["found"], registry=registry
        )
        self._hit, self._miss = asked.labels("yes"), asked.labels("no")

    def get(self, key: str) -> bytes | None:
        """What was put under ``key``."""
        found = self._cache.get(key)
        (self._miss if found is None else self._hit).inc()
        return found

    def put(self, key: str, content: bytes) -> None:
        """Remember ``content``."""
        self._cache.put(key, content)


class Standing:
    """Which release serves, and how taking the next one went."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._release = Gauge(
            "pricetrail_release",
            "Processes that serve a release.",
            ["release"],
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._stale = Gauge(
            "pricetrail_stale",
            "1 while the channel cannot be followed.",
            registry=registry,
            multiprocess_mode="livemax",
        )
        self._swaps = Counter("pricetrail_swaps", "Releases taken.", registry=registry)
        self._failures = Counter(
            "pricetrail_swap_failures", "Looks at the channel that failed.", registry=registry
        )
        self._held: str | None = None

    def note(self, held: str | None, fault: str) -> None:
        """Take down what a look at the channel came to: the release that serves now, and what went wrong."""
        self._stale.set(bool(fault))
        if fault:
            self._failures.inc()
        if held is not None and held != self._held:
            if self._held is not None:
                self._release.labels(self._held).set(0)
            self._release.labels(held).set(1)
            self._swaps.inc()
            self._held = held


def written(registry: CollectorRegistry) -> bytes:
    """All that was counted, as text: by this process, or by all of several that serve together."""
    if COUNTED not in os.environ:
        return generate_latest(registry)
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    return generate_latest(together)


def install(app: Flask, registry: CollectorRegistry) -> None:
    """Count and time every request of an app by the route that answers it."""
    requests = Counter(
        "pricetrail_requests", "Requests answered.", ["route", "method", "status"], registry=registry
    )
    seconds = Histogram(
        "pricetrail_seconds", "Seconds to answer.", ["route"], buckets=SECONDS, registry=registry
    )

    def begin() -> None:
        g.began = time.perf_counter()

    def end(answer: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else "none"
        method = request.method if request.url_rule else "any"
        requests.labels(route, method, answer.status_code).inc()
        seconds.labels(route).observe(time.perf_counter() - g.began)
        return answer

    app.before_request(begin)
    app.after_request(end)
