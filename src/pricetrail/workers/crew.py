"""Who does the work that can be done side by side: processes of this machine, or a cluster's, by a setting."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from pricetrail.params import Workers
from pricetrail.workers.cluster import cluster
from pricetrail.workers.files import Files
from pricetrail.workers.local import local

VARIABLE = "PRICETRAIL_WORKERS"
"""``local`` in it keeps the work on this machine, whatever a shop's settings say: its answers are the same."""


class Crew(Protocol):
    """Workers, whoever they are. They give the same answers to the last bit, however many there are."""

    def map(
        self, function: Callable[[Any], Any], pieces: Iterable[Any], ahead: int | None = None
    ) -> Iterator[Any]:
        """What ``function`` makes of each piece, in order.

        Args:
            function: of a module that can be imported, pure, with small arguments of its own at most; a piece may be
                done twice.
            pieces: small plain data: what is large goes by ``give``.
            ahead: so many pieces at most are drawn before the answer to the first of them is taken, so that later
                ones can hang on earlier answers; all of them at once unless said.

        Raises:
            WorkFailed: a piece failed; it is named.
        """

    def give(self, root: Path, names: Iterable[str]) -> Files:
        """Files that pieces will read, named by their digests: what is not within a worker's reach goes there once."""


@contextmanager
def crew(how: Workers) -> Iterator[Crew]:
    """The workers that the settings name.

    Raises:
        WorkFailed: they cannot be had.
    """
    here = how.engine == "local" or os.environ.get(VARIABLE) == "local"
    with local(how.count) if here else cluster(str(how.address)) as workers:
        yield workers
