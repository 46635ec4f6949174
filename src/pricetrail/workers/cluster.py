"""Workers of a Dask cluster that is already there, on as many machines as it likes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any

from pricetrail.errors import WorkFailed, translating
from pricetrail.workers import task
from pricetrail.workers.files import Files

# Dask's own setting of how long to wait for an answer.
PATIENCE = "distributed.comm.timeouts.connect"
TROUBLE = {Exception: WorkFailed}


class Cluster:
    """The workers behind one scheduler."""

    def __init__(self, client: Any, address: str) -> None:
        self._client, self._address = client, address
        self._shipped = list[Files]()

    def give(self, root: Path, names: Iterable[str]) -> Files:
        """Files that pieces will read. Where a worker cannot read them in ``root``, they go once to each.

        Raises:
            WorkFailed: the workers cannot be asked.
        """
        files = Files.of(root, names)
        with translating(TROUBLE, f"The workers of {self._address} could not be given files."):
            if any(self._client.run(files.lacking).values()):
                self._ship(files)
        return files

    def map(
        self, function: Callable[[Any], Any], pieces: Iterable[Any], ahead: int | None = None
    ) -> Iterator[Any]:
        """What ``function`` makes of each piece, in order, ``ahead`` pieces drawn at once, or all of them.

        Raises:
            WorkFailed: a piece failed, or the worker that did it was killed, time and again; or no scheduler
                answers any more.
        """
        waiting = task.tasks(function, pieces if ahead else list(pieces))
        begun = ((each, self._client.submit(task.run, each, key=each.key)) for each in waiting)
        drawn = deque(islice(begun, ahead))
        try:
            while drawn:
                outcome = self._outcome(*drawn[0])
                each, _ = drawn.popleft()
                yield task.opened(each, outcome)
                drawn.extend(islice(begun, 1))
        finally:
            self._client.cancel([future for _, future in drawn if not future.done()])

    def _ship(self, files: Files) -> None:
        from pricetrail.workers.shipment import Shipment

        self._client.register_plugin(Shipment(files, files.contents()), name=files.digest)
        self._shipped.append(files)

    def _outcome(self, asked: task.Task, future: Any) -> task.Done | task.Fault:
        from distributed.scheduler import KilledWorker

        try:
            found: task.Done | task.Fault = future.result()
        except KilledWorker as error:
            raise WorkFailed(
                f"{asked}: its worker was killed, time and again. Is memory short there?"
            ) from error
        except Exception as error:
            raise WorkFailed(f"{asked}: {self._address} gave no answer. {error}") from error
        return found

    def close(self) -> None:
        """Take away what was shipped. Workers that nobody reaches any more do that by themselves when they end."""
        with suppress(Exception):
            for files in self._shipped:
                self._client.unregister_worker_plugin(files.digest)


@contextmanager
def cluster(address: str) -> Iterator[Cluster]:
    """The workers behind the scheduler at an address such as ``tcp://10.0.0.7:8786``.

    Raises:
        WorkFailed: no scheduler answers there, or none of its workers.
    """
    hint = (
        f"No workers answer at {address}, named by workers.address in params.yaml. Is 'dask scheduler' running there, "
        "and 'dask worker' for it? PRICETRAIL_WORKERS=local in front of the command keeps the work on this machine."
    )
    try:
        from dask.config import get
        from distributed import Client
    except ModuleNotFoundError as error:
        raise WorkFailed(
            "workers.engine is 'dask', and that is not installed: pip install 'pricetrail[cluster]', here and wherever "
            "its scheduler and workers run."
        ) from error
    with translating(TROUBLE, hint):
        client = Client(address, set_as_default=False)
    try:
        with translating(TROUBLE, hint):
            client.wait_for_workers(1, timeout=get(PATIENCE))
        crew = Cluster(client, address)
        try:
            yield crew
        finally:
            crew.close()
    finally:
        client.close()
