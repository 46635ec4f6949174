"""How a function is applied to pieces of work: as by ``map``, whoever does it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

Map = Callable[[Callable[[Any], Any], Iterable[Any]], Iterator[Any]]
"""``map`` itself, or that of ``pricetrail.workers``: a pure function, small pieces, answers in order."""
