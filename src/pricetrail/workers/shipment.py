"""Files on their way to every worker of a Dask cluster, those too that join later."""

from __future__ import annotations

from collections.abc import Mapping

from distributed import Worker, WorkerPlugin

from pricetrail.workers.files import Files


class Shipment(WorkerPlugin):  # type: ignore[misc]
    """Lays files down where they are not within reach, and takes them away at the end."""

    def __init__(self, files: Files, contents: Mapping[str, bytes]) -> None:
        self._files, self._contents = files, contents

    def setup(self, worker: Worker) -> None:
        """What a worker does when it learns of this."""
        if self._files.lacking():
            self._files.land(self._contents)

    def teardown(self, worker: Worker) -> None:
        """What it does when this is over."""
        self._files.discard()
