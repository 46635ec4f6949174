"""Writes receipts so that none is lost: a number is handed out only when its receipt is on the disk.

Requests that come at once share one flush: whoever finds nobody flushing takes along all that wait (group commit;
DeWitt et al., 1984). Each process writes segments of its own, so that processes and machines never wait for each
other.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pricetrail.errors import AlreadyThere
from pricetrail.lineage.receipts import frame, log, number
from pricetrail.lineage.receipts.log import Log
from pricetrail.lineage.receipts.receipt import Draft, Receipt
from pricetrail.lineage.store import Store

FULL = 65_536
AGE = 3600.0


@dataclass(slots=True)
class _Waiting:
    """A receipt on its way: then a number, or what went wrong."""

    content: bytes
    number: str | None = None
    fault: BaseException | None = None

    @property
    def done(self) -> bool:
        return self.number is not None or self.fault is not None


@dataclass(slots=True)
class _Open:
    """The segment being written: how many receipts it has, and when it was begun."""

    log: Log
    began: float
    count: int = field(default=0)


class Writer:
    """Writes the receipts of one process. Any number of threads may share it; make it after a fork, not before.

    Args:
        store: where receipts lie; nothing is written there before the first.
        full: receipts after which a segment is left for sealing, and another one begun.
        age: seconds after which that is done even so.
        clock: a clock that never runs backwards.
    """

    def __init__(
        self, store: Store, *, full: int = FULL, age: float = AGE, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store, self._full, self._age, self._clock = store, full, age, clock
        self._turn = threading.Condition()
        self._queue = list[_Waiting]()
        self._flushing = False
        self._open: _Open | None = None

    def issue(self, receipt: Receipt | Draft) -> str:
        """Keep a receipt durably; its number.

        Raises:
            ReceiptInvalid: it is not plain data.
            StoreFailed, DiskFull: it was not kept, and the answer must not go out.
        """
        return self.issue_all([receipt])[0]

    def issue_all(self, receipts: Sequence[Receipt | Draft]) -> list[str]:
        """Keep receipts durably, all in one flush where they fit; their numbers.

        Raises:
            ReceiptInvalid: one is not plain data, and none was kept.
            StoreFailed, DiskFull: not all were kept, and the answer must not go out.
        """
        mine = [_Waiting(receipt.to_bytes()) for receipt in receipts]
        if not mine:
            return []
        with self._turn:
            self._queue += mine
            while self._flushing and not mine[-1].done:
                self._turn.wait()
            if not mine[-1].done:
                self._flushing, batch = True, self._queue
                self._queue = []
        if not mine[-1].done:
            self._lead(batch)
        if fault := next((each.fault for each in mine if each.fault is not None), None):
            raise fault
        return [str(each.number) for each in mine]

    def close(self) -> None:
        """Leave the segment for sealing. A later receipt begins another one."""
        with self._turn:
            while self._flushing:
                self._turn.wait()
            self._leave()

    def _lead(self, batch: list[_Waiting]) -> None:
        """Flush for everybody in the batch, then let the next one lead."""
        try:
            while batch:
                batch = self._flush(batch)
        except BaseException as error:
            self._leave()
            for each in batch:
                each.fault = error
        finally:
            with self._turn:
                self._flushing = False
                self._turn.notify_all()

    def _flush(self, batch: list[_Waiting]) -> list[_Waiting]:
        """Write as much of the batch as the segment takes; what is left for the next one."""
        now = self._segment()
        taken, rest = batch[: self._full - now.count], batch[self._full - now.count :]
        frames = b"".join(frame.pack(now.count + at, each.content) for at, each in enumerate(taken))
        try:
            now.log.write(now.count, frames)
        except AlreadyThere:
            self._leave()
            return batch
        for at, each in enumerate(taken):
            each.number = str(number.of(now.log.segment, now.count + at, each.content))
        now.count += len(taken)
        return rest

    def _segment(self) -> _Open:
        now = self._open
        if now is not None and (now.count >= self._full or self._clock() - now.began > self._age):
            self._leave()
        if self._open is None:
            self._open = _Open(log.begin(self._store), self._clock())
        return self._open

    def _leave(self) -> None:
        if self._open is not None:
            self._open.log.close()
            self._open = None
