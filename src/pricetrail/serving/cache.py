"""Remembers answers. Its keys hold the release's digest, so nothing in it is ever wrong, and nothing is flushed."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Protocol

from pricetrail.errors import UsageError

SIZE = 2_000
DAY = 86_400
# A Redis that takes longer is no faster than answering anew.
PATIENCE = 0.05
REST = 5.0


class Cache(Protocol):
    """Bytes by key. It may forget anything at any time; what it gives is what was put."""

    def get(self, key: str) -> bytes | None:
        """What was put under ``key``; None when that is not known any more."""

    def put(self, key: str, content: bytes) -> None:
        """Remember ``content``."""


class Memory:
    """The answers of this process that were asked for last."""

    def __init__(self, size: int = SIZE) -> None:
        self._size, self._lock = size, threading.Lock()
        self._kept = OrderedDict[str, bytes]()

    def get(self, key: str) -> bytes | None:
        """What was put under ``key``."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: str, content: bytes) -> None:
        """Remember ``content``, and forget what was not asked for in the longest time."""
        with self._lock:
            self._kept[key] = content
            if len(self._kept) > self._size:
                self._kept.popitem(last=False)


class Redis:
    """Answers that several processes share. Each lies behind a digest of itself and of its key.

    One that is slow or down is left alone for a while; one that holds anything else than what was put there under
    that key is taken to hold nothing.
    """

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._client, self._clock = _client(url), clock
        self._resting_until = -float("inf")

    def get(self, key: str) -> bytes | None:
        """What was put under ``key``."""
        found = self._asked(lambda: self._client.get(key))
        if not isinstance(found, bytes) or found[:32] != _digest(key, found[32:]):
            return None
        return found[32:]

    def put(self, key: str, content: bytes) -> None:
        """Remember ``content`` for a day."""
        self._asked(lambda: self._client.set(key, _digest(key, content) + content, ex=DAY))

    def _asked(self, ask: Callable[[], Any]) -> Any:
        if self._clock() < self._resting_until:
            return None
        try:
            return ask()
        except Exception:  # the client itself trips over what is no Redis
            self._resting_until = self._clock() + REST
            return None


def _client(url: str) -> Any:
    try:
        from redis import Redis as Client
        from redis.backoff import NoBackoff
        from redis.retry import Retry
    except ImportError as error:
        raise UsageError("A Redis cache needs a package: pip install 'pricetrail[cloud]'") from error
    try:
        return Client.from_url(
            url,
            socket_timeout=PATIENCE,
            socket_connect_timeout=PATIENCE,
            retry=Retry(NoBackoff(), 0),
        )
    except ValueError as error:
        raise UsageError(f"The cache's address is none that Redis knows: {error}") from error


def _digest(key: str, content: bytes) -> bytes:
    return hashlib.sha256(key.encode() + b"\n" + content).digest()
