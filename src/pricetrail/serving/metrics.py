"""What the service counts, for Prometheus."""

from __future__ import annotations

import time
from collections.abc import Iterator

from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from pricetrail.serving.cache import Cache
from pricetrail.serving.shelf import Shelf

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


class Standing(Collector):
    """Which release serves, and how taking the next one went."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def collect(self) -> Iterator[Metric]:
        """The figures now."""
        held = self._shelf.held
        serving = GaugeMetricFamily("pricetrail_release", "The release that serves.", labels=["release"])
        if held is not None:
            serving.add_metric([held.id], 1)
        yield serving
        yield GaugeMetricFamily(
            "pricetrail_stale",
            "1 while the channel cannot be followed.",
            value=float(bool(self._shelf.fault)),
        )
        yield CounterMetricFamily("pricetrail_swaps", "Releases taken.", value=self._shelf.swaps)
        yield CounterMetricFamily(
            "pricetrail_swap_failures", "Looks at the channel that failed.", value=self._shelf.failures
        )


def install(app: Flask, registry: CollectorRegistry, shelf: Shelf) -> None:
    """Count and time every request of an app by the route that answers it."""
    registry.register(Standing(shelf))
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
