"""The record of runs, releases and promotions: append-only, each entry behind the last, signed.

An entry is one object of a store, created only where none is. Two writers at once therefore never fork it: the
slower one finds the number taken, reads what was written, and appends behind that. Order is the number; the times
are what each writer's clock said.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from pricetrail.errors import (
    AlreadyThere,
    ArtifactMissing,
    DigestMismatch,
    KeyMissing,
    LedgerBroken,
    NotSigned,
    StoreFailed,
)
from pricetrail.lineage import canonical, entry, hint
from pricetrail.lineage.entry import GENESIS, ROTATION, Entry
from pricetrail.lineage.keys import Key, Keyring
from pricetrail.lineage.store import Store

Check = Callable[[Entry], None]


def utc() -> datetime:
    """This machine's time."""
    return datetime.now(UTC)


class Ledger:
    """The ledger in a store. What it reads it has checked: an entry whose signature does not fit is never returned.

    Args:
        store: where it lies, with the objects that it names.
        keyring: the private keys at hand; None to write unsigned entries, in a ledger that was begun so.
        trust: the id of the key that it must have begun with; None to take the first entry's word for it.
        witness: a store elsewhere, where the newest entry that was seen is noted too; None to note it nowhere.
        clock: what time it is.
    """

    def __init__(
        self,
        store: Store,
        keyring: Keyring | None = None,
        *,
        trust: str | None = None,
        witness: Store | None = None,
        clock: Callable[[], datetime] = utc,
    ) -> None:
        self.store, self.keyring, self.trust, self.clock = store, keyring, trust, clock
        self._notes = (store,) if witness is None else (store, witness)
        self._head: Entry | None = None
        self._keys: dict[int, bytes | None] = {}

    def append(
        self,
        kind: str,
        body: Mapping[str, Any],
        *,
        who: str,
        objects: tuple[str, ...] = (),
        check: Check | None = None,
    ) -> Entry:
        """Add an entry, durably, behind everything that is there; the first one brings the genesis along.

        Args:
            kind: what happened, in one word.
            body: plain data.
            who: the person or program that answers for it.
            objects: ids of objects that it is about, kept in the store before.
            check: asked before each attempt with the head that the entry would follow; raises to refuse.

        Raises:
            KeyMissing: the key that signs here is not at hand.
            NotSigned: the ledger was begun unsigned, and is to be signed.
            LedgerBroken: what is there does not hold.
        """
        while True:
            head = self.head() or self._append(None, GENESIS, self._genesis(), who, ())
            if head is not None:
                if check is not None:
                    check(head)
                if added := self._append(head, kind, body, who, objects):
                    return added

    def rotate(self, key: Key | None, *, who: str) -> Entry:
        """Let another key sign from here on; the entry that says so is signed by the one before."""
        return self.append(ROTATION, entry.key_body(key), who=who)

    def head(self) -> Entry | None:
        """The newest entry; None in a ledger that was not begun.

        Raises:
            LedgerBroken: an entry is missing, or does not follow the one before it.
        """
        head = self._head or self._find()
        while head is not None and (following := self._read(head.number + 1)):
            if following.previous != head.digest or following.links != head.newest:
                raise LedgerBroken(
                    f"Entry {following.number} of the ledger was not written behind the entry {head.number} that is"
                    " there now. See 'pricetrail verify'."
                )
            head = following
        self._head = head
        return head

    def read(self, number: int) -> Entry:
        """The entry of that number, its signature checked.

        Raises:
            LedgerBroken: it is missing or does not hold.
            NotSigned: its signature is missing or does not fit.
        """
        if found := self._read(number):
            return found
        raise LedgerBroken(f"Entry {number} of the ledger is missing. See 'pricetrail verify'.")

    def topic(self, topic: str) -> Iterator[Entry]:
        """Every entry about a topic, newest first, reading no others: a kind, ``channel/<name>`` or ``key``."""
        head = self.head()
        number = head.newest.get(topic) if head else None
        while number is not None:
            found = self.read(number)
            yield found
            number = found.links.get(topic)

    def entries(self) -> Iterator[Entry]:
        """Every entry, in order."""
        head = self.head()
        yield from map(self.read, range(1, head.number + 1 if head else 1))

    def keep(self, content: bytes) -> str:
        """Keep an object beside the ledger, durably; its id is its SHA-256."""
        id = canonical.digest(content)
        self.store.create(f"{entry.OBJECTS}{id}.json", content)
        return id

    def object(self, id: str) -> bytes:
        """The bytes of an object.

        Raises:
            ArtifactMissing: it is not there.
            DigestMismatch: it is there, and not what its id was taken of.
        """
        content = self.store.read(f"{entry.OBJECTS}{id}.json")
        if canonical.digest(content) != id:
            raise DigestMismatch(
                f"The object {id[:12]}… has changed: its SHA-256 is {canonical.digest(content)}."
            )
        return content

    def key(self) -> bytes | None:
        """The raw public key that signs from the head on; None where nothing is signed."""
        head = self.head()
        return self._key(head.newest["key"]) if head else None

    def _append(
        self, head: Entry | None, kind: str, body: Mapping[str, Any], who: str, objects: tuple[str, ...]
    ) -> Entry | None:
        """Write the entry behind ``head``; None when somebody else was faster."""
        number = head.number + 1 if head else 1
        fields = {
            "number": number,
            "previous": head.digest if head else None,
            "kind": kind,
            "body": body,
            "links": head.newest if head else {},
            "who": who,
            "when": self.clock().isoformat(timespec="microseconds"),
            "host": platform.node(),
        }
        content = entry.seal(fields, objects, self._signer(head, body))
        try:
            self.store.create(entry.name(number), content)
        except AlreadyThere:
            return None
        self._head = entry.parse(number, content)[0]
        for kept in self._notes:
            with suppress(StoreFailed):
                hint.write(kept, self._head)
        return self._head

    def _genesis(self) -> dict[str, Any]:
        return entry.key_body(self.keyring.first() if self.keyring else None)

    def _signer(self, head: Entry | None, body: Mapping[str, Any]) -> Key | None:
        """The private key of the public one in force."""
        public = self._key(head.newest["key"]) if head else entry.public(body)
        if self.keyring is None and public is not None:
            raise KeyMissing("This ledger is signed, and no key is to be used. Set 'ledger.signed: true'.")
        if self.keyring is not None and public is None and body.get("public") is None:
            raise NotSigned(
                "This ledger was begun unsigned. Sign it from here on with 'pricetrail keys SHOP rotate', or leave it"
                " unsigned with 'ledger.signed: false'."
            )
        return self.keyring.get(canonical.digest(public)) if self.keyring and public else None

    def _find(self) -> Entry | None:
        """An entry near the head: the one that was noted last, or the last that is listed."""
        if (noted := hint.read(self.store)) is not None:
            return self.read(noted.number)
        numbers = [
            int(found[1]) for name in self.store.names(entry.FOLDER) if (found := entry.NAME.fullmatch(name))
        ]
        if not numbers:
            return None
        if missing := set(range(1, numbers[-1])) - set(numbers):
            raise LedgerBroken(f"Entry {min(missing)} of the ledger is missing. See 'pricetrail verify'.")
        return self.read(numbers[-1])

    def _read(self, number: int) -> Entry | None:
        try:
            content = self.store.read(entry.name(number))
        except ArtifactMissing:
            return None
        found, sealed = entry.parse(number, content)
        public = found.key if number == 1 else self._key(found.links["key"])
        if public is None and found.signer is None:
            return found
        if public is None or not sealed.fits(public):
            raise NotSigned(
                f"Entry {number} of the ledger is not signed by the key in force"
                f" ({canonical.digest(public)[:12] + '…' if public else 'none'}). See 'pricetrail verify'."
            )
        return found

    def _key(self, number: int) -> bytes | None:
        """The public key that the genesis or rotation of that number puts in force."""
        if number not in self._keys:
            self._keys[number] = self._trusted(self.read(number))
        return self._keys[number]

    def _trusted(self, found: Entry) -> bytes | None:
        begins = found.key and canonical.digest(found.key)
        if found.number == 1 and self.trust is not None and begins != self.trust:
            raise NotSigned(
                f"The ledger begins with the key {begins or 'none'}, and {self.trust} is trusted: it is another one."
            )
        return found.key
