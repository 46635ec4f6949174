"""Holds the release that serves, and takes the next one when the channel moves.

Whoever asks gets one whole release: the swap is one assignment. A new one that cannot be loaded changes nothing
but what ``fault`` says; the last good one serves on.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from pricetrail.errors import NoRelease, PricetrailError
from pricetrail.serving.release import Release
from pricetrail.serving.vault import Vault

KEPT = 3


class Shelf:
    """The release of a vault's channel, and the last few others that were asked for by id.

    Args:
        every: seconds between two looks at the channel.
        wait: whether who finds that it is time to look waits for what comes of it.
        told: what every look came to: the id of the release that serves now, if any, and the fault, if any.
        taken: is given each release that begins to serve, unless ``wait``: where nothing runs between requests,
            nothing can be made ready between them.
    """

    def __init__(
        self,
        vault: Vault,
        *,
        every: float,
        wait: bool,
        told: Callable[[str | None, str], object] = lambda *_: None,
        taken: Callable[[Release], object] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.vault, self.fault = vault, ""
        self._every, self._wait, self._clock = every, wait, clock
        self._told, self._taken = told, taken
        self._looking = threading.Lock()
        self._looked = -float("inf")
        self._now: Release | None = None
        self._others = OrderedDict[str, Release]()

    @property
    def held(self) -> Release | None:
        """The release that serves, without a look at the channel."""
        return self._now

    def release(self) -> Release:
        """The release that serves.

        Raises:
            NoRelease: there is none yet.
        """
        if self._now is None:
            with self._looking:  # whoever comes first loads; the others wait for what comes of it
                if self._now is None and self._due():
                    self._look()
        elif self._due():
            self._glance()
        if self._now is None:
            raise NoRelease(self.fault)
        return self._now

    def refresh(self) -> None:
        """Look at the channel, and load what it points at if that is another release."""
        with self._looking:
            self._look()

    def of(self, id: str) -> Release:
        """Any release that was ever recorded, by its whole id.

        Raises:
            LineageError: it cannot be loaded.
        """
        now = self._now
        if now is not None and now.id == id:
            return now
        found = self._others.get(id) or Release.load(id, self.vault)
        self._others[id] = found
        while len(self._others) > KEPT:
            self._others.popitem(last=False)
        return found

    def _due(self) -> bool:
        return self._clock() - self._looked >= self._every

    def _glance(self) -> None:
        """Look, unless somebody is looking already."""
        if not self._looking.acquire(blocking=False):
            return
        self._looked = self._clock()
        if self._wait:
            self._look_and_let_go()
        else:
            threading.Thread(target=self._look_and_let_go, daemon=True).start()

    def _look_and_let_go(self) -> None:
        try:
            self._look()
        finally:
            self._looking.release()

    def _look(self) -> None:
        try:
            id = self.vault.standing()
            if self._now is None or self._now.id != id:
                self._now = self._others.pop(id, None) or Release.load(id, self.vault)
                if not self._wait:
                    self._taken(self._now)
            self.fault = ""
        except PricetrailError as error:
            self.fault = str(error)
        finally:
            self._looked = self._clock()
            self._told(self._now.id if self._now else None, self.fault)
