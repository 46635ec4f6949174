"""Several processes that do the same work: begun, begun again when one dies, and told to stop.

They are forks, made before anything heavy is imported and before there is a thread, so that this is safe wherever
there is a fork at all. What each of them counts is gathered by the files that ``prometheus_client`` shares between
processes.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable

from pricetrail.errors import NotServing, PricetrailError

STOPS = (signal.SIGTERM, signal.SIGINT)
COUNTED = "PROMETHEUS_MULTIPROC_DIR"
# Seconds between two looks at them; that one must have lived to be begun again at once; and that they get to stop.
LOOK, SHORT, PATIENCE = 0.1, 1.0, 15.0
log = logging.getLogger("pricetrail.serving")


def keep(work: Callable[[int], None], count: int) -> None:
    """Let ``count`` processes do ``work`` until this one is told to stop; each is told which of them it is.

    Raises:
        NotServing: one cannot do it, for a reason that will not go away; it has said so.
    """
    with tempfile.TemporaryDirectory(prefix="pricetrail-") as folder:
        os.environ[COUNTED] = folder
        Crew(work, count).run()


class Crew:
    """Processes by their ids: which of them each is, and the moment at which it began."""

    def __init__(self, work: Callable[[int], None], count: int) -> None:
        self._work, self._count = work, count
        self._began = dict[int, tuple[int, float]]()
        self._stopping = False

    def run(self) -> None:
        """Keep them at work until told to stop."""
        for number in STOPS:
            signal.signal(number, self._stop)
        try:
            while not self._stopping:
                for at in {*range(self._count)} - {at for at, _ in self._began.values()}:
                    self._begin(at)
                time.sleep(LOOK)
                self._look()
        finally:
            self._end()

    def _stop(self, number: int, _: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        self._stopping = True

    def _begin(self, at: int) -> None:
        pid = os.fork()
        if pid == 0:
            os._exit(self._do(at))
        self._began[pid] = at, time.monotonic()

    def _do(self, at: int) -> int:
        """The whole life of a process, and the code that it ends with."""
        for number in STOPS:
            signal.signal(number, signal.SIG_DFL)
        try:
            self._work(at)
        except PricetrailError as error:
            sys.stderr.write(f"Error: {error}\n")
            return error.exit_code
        except BaseException:
            log.exception("A process of the service failed")
            return 70
        finally:
            sys.stderr.flush()
        return 0

    def _look(self) -> None:
        """See who has ended. One that does at once is begun again a little later."""
        for pid, lived, code in self._ended():
            if code in (1, 2):
                raise NotServing("A process of the service could not start; it says why above.")
            if not self._stopping:
                how = f"ended with {code}" if code >= 0 else f"was killed by signal {-code}"
                log.warning("Process %d of the service %s; another one takes its place.", pid, how)
                time.sleep(max(0.0, SHORT - lived))

    def _ended(self) -> list[tuple[int, float, int]]:
        """Those that have ended since the last look: id, seconds that it lived, and the code that it ended with."""
        from prometheus_client.multiprocess import mark_process_dead

        found = list[tuple[int, float, int]]()
        for pid in [*self._began]:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                mark_process_dead(pid, os.environ[COUNTED])  # type: ignore[no-untyped-call]
                lived = time.monotonic() - self._began.pop(pid)[1]
                found.append((pid, lived, os.waitstatus_to_exitcode(status)))
        return found

    def _end(self) -> None:
        """Tell all to stop, and end those that do not."""
        self._signal(signal.SIGTERM)
        until = time.monotonic() + PATIENCE
        while self._began and time.monotonic() < until:
            self._ended()
            time.sleep(LOOK / 4)
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        for pid in self._began:
            os.kill(pid, number)
