"""A lease: whoever holds it works on a shop alone, wherever the others are.

Each lease is one object under the next number, created only where none is, so of two who take it at once one wins.
Its holder says again and again until when it holds; one that has stopped saying so is dead, or cut off, and the next
takes a number of its own.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from pricetrail.errors import AlreadyThere, ArtifactMissing, ShopBusy, StoreFailed
from pricetrail.lineage.store import Store

FOLDER = "leases/"
SECONDS = 180.0
LOOK = 2.0
"""Seconds between two looks of who waits for it."""

Clock = Callable[[], float]


@dataclass(slots=True)
class Lease:
    """A lease that is held: its number, who holds it, and who held the one before and never gave it back."""

    store: Store
    number: int
    holder: str
    abandoned: str | None
    seconds: float
    clock: Clock
    _ended: threading.Event = field(default_factory=threading.Event)

    def check(self) -> None:
        """Say that it is held still.

        Raises:
            ShopBusy: it ran out, and somebody else has it.
        """
        if self.store.size(_name(self.number + 1)) is not None:
            raise ShopBusy(
                f"The lease of {self.holder} ran out and another run has begun. Nothing more is done by this one."
            )
        self.store.replace(_name(self.number), _bytes(self.holder, self.clock() + self.seconds))

    def keep(self) -> None:
        """Say so again and again, until it is given back; a store that fails for a moment is asked again."""
        while not self._ended.wait(self.seconds / 4):
            with suppress(StoreFailed, ShopBusy):
                self.check()

    def give_back(self) -> None:
        """End it, and let the next begin at once."""
        self._ended.set()
        if self.store.size(_name(self.number + 1)) is None:
            self.store.replace(_name(self.number), _bytes(self.holder, 0))


@contextmanager
def held(
    store: Store, holder: str, *, seconds: float = SECONDS, patience: float = 0, clock: Clock = time.time
) -> Iterator[Lease]:
    """Hold the lease of the shop that keeps its record in ``store``.

    Args:
        store: where the ledger lies.
        holder: who asks for it.
        seconds: after which a holder that says nothing more is given up.
        patience: seconds to wait for it, while somebody else holds it.
        clock: what time it is; machines whose clocks differ by more than this are not told apart.

    Raises:
        ShopBusy: somebody else holds it.
    """
    lease = _waited(lambda: take(store, holder, seconds=seconds, clock=clock), patience)
    keeping = threading.Thread(target=lease.keep, daemon=True)
    keeping.start()
    try:
        yield lease
    finally:
        lease.give_back()
        keeping.join()


def take(store: Store, holder: str, *, seconds: float = SECONDS, clock: Clock = time.time) -> Lease:
    """Take the lease, without keeping it.

    Raises:
        ShopBusy: somebody else holds it.
    """
    names = store.names(FOLDER)
    number = int(names[-1].removeprefix(FOLDER)) if names else 0
    before, until = _read(store, number)
    if until > clock():
        raise ShopBusy(
            f"{before} is at work on the shop, and says so until {_clock(until)}. Try again later."
        )
    try:
        store.create(_name(number + 1), _bytes(holder, clock() + seconds))
    except AlreadyThere:
        raise ShopBusy("Another run began at the same moment, and was faster. Try again later.") from None
    for old in names[:-1]:
        store.delete(old)
    return Lease(store, number + 1, holder, before if until else None, seconds, clock)


def _waited(taking: Callable[[], Lease], patience: float) -> Lease:
    until = time.monotonic() + patience
    while True:
        try:
            return taking()
        except ShopBusy:
            if time.monotonic() >= until:
                raise
        time.sleep(min(LOOK, max(0, until - time.monotonic())))


def _read(store: Store, number: int) -> tuple[str | None, float]:
    try:
        found = json.loads(store.read(_name(number)))
        return str(found["holder"]), float(found["until"])
    except (ArtifactMissing, ValueError, KeyError, TypeError):
        return None, 0.0


def _name(number: int) -> str:
    return f"{FOLDER}{number:09}"


def _bytes(holder: str, until: float) -> bytes:
    return json.dumps({"holder": holder, "until": until}).encode()


def _clock(moment: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(moment))
