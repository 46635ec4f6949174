"""Walks a ledger from its first entry to its last, and on behind what does not hold, so that all of it is named.

``Ledger`` stops at the first fault, as whoever builds on it must. Here the bytes are taken as they lie in the store.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from pricetrail.errors import ArtifactMissing, LedgerBroken
from pricetrail.lineage import canonical, hint
from pricetrail.lineage.entry import FOLDER, GENESIS, NAME, ROTATION, Entry, name, parse
from pricetrail.lineage.envelope import Envelope
from pricetrail.lineage.hint import Hint
from pricetrail.lineage.store import Store
from pricetrail.lineage.verify.finding import Finding, Since

AREA = "ledger"
WITNESS = "this clone's own note of the head"


@dataclass(frozen=True, slots=True)
class Chain:
    """A ledger as it was found.

    Attributes:
        entries: those that hold, in order.
        findings: where it does not hold.
        remarks: what is no fault, and has to be known by whoever relies on it.
    """

    entries: tuple[Entry, ...]
    findings: tuple[Finding, ...]
    remarks: tuple[str, ...]

    @property
    def head(self) -> Since | None:
        """The newest entry that holds."""
        return self.known(self.entries[-1].number) if self.entries else None

    def topic(self, topic: str) -> list[Entry]:
        """The entries about a topic, newest first, as ``Ledger.topic`` gives them."""
        return [each for each in reversed(self.entries) if topic in each.topics]

    def known(self, number: int) -> Since:
        """An entry by its number, with what is known of it."""
        found = next((each for each in self.entries if each.number == number), None)
        return Since(number, found.digest, found.when) if found else Since(number)


def walk(store: Store, trust: str | None = None, witness: Store | None = None) -> Chain:
    """Check every entry of the ledger in a store, and the notes of its head.

    Args:
        store: where it lies.
        trust: the id of the key that it must have begun with; None to take the first entry's word for it.
        witness: a store elsewhere that may hold a note of the head too.
    """
    names = store.names(FOLDER)
    numbers = [int(found[1]) for each in names if (found := NAME.fullmatch(each))]
    walker = _Walker(trust)
    for number in numbers:
        walker.take(number, store.read(name(number)))
    strays = [Finding(AREA, each, "it is no entry's name") for each in names if not NAME.fullmatch(each)]
    noted = list(_noted(store, walker))
    if witness is not None:
        said = {each.place for each in noted}
        noted += [each for each in _witnessed(witness, walker) if each.place not in said]
    remarks = tuple(walker.remarks(begun=bool(numbers)))
    return Chain(tuple(walker.entries), (*walker.findings, *noted, *strays), remarks)


@dataclass(slots=True)
class _Walker:
    """What is known on the way.

    ``last`` and ``digest`` are of the bytes behind which the next entry must lie, ``newest`` of what it must link
    to; the latter is None behind a break, until an entry that holds says it again.
    """

    trust: str | None
    entries: list[Entry] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    last: int = 0
    digest: str | None = None
    newest: dict[str, int] | None = field(default_factory=dict)
    keys: dict[int, bytes | None] = field(default_factory=dict)
    lost: set[int] = field(default_factory=set)

    def take(self, number: int, content: bytes) -> None:
        """Look at the next entry that there is."""
        self._gap(number, content)
        try:
            found, sealed = parse(number, content)
        except LedgerBroken as error:
            self._fault(number, str(error).partition("does not hold. ")[2], content)
            self.newest = None
        else:
            faults = list(self._unsigned(found, sealed))
            if not faults:
                self._follows(found)
                faults += self._faults(found, sealed)
            for fault in faults:
                self._fault(number, fault, content, found.when)
            self._accept(found, sound=not faults)
        self.last, self.digest = number, canonical.digest(content)

    def remarks(self, *, begun: bool) -> Iterator[str]:
        """What to know of entries that hold."""
        if not begun:
            yield "The ledger was not begun yet."
        elif self.trust is None:
            yield "Nothing outside of the ledger says which key it must begin with: its first entry is believed."
        if unsigned := [each.number for each in self.entries if each.signer is None]:
            yield f"UNSIGNED: {_span(unsigned)}. Whoever can write there can have written them."
        for before, each in zip(self.entries, self.entries[1:], strict=False):
            if each.when < before.when:
                yield (
                    f"The clock of entry {each.number} ({each.when}) is behind that of entry {before.number}"
                    f" ({before.when}). The order is that of the numbers."
                )

    def _gap(self, number: int, content: bytes) -> None:
        missing = range(self.last + 1, number)
        if missing:
            expected = _previous(number, content) if len(missing) == 1 else None
            self._missing(missing, expected)
            self.digest, self.newest = None, None

    def _missing(self, missing: range, digest: str | None = None) -> None:
        others = f" and all up to {missing[-1]}" if len(missing) > 1 else ""
        at = Since(missing[0], digest)
        self.findings.append(Finding(AREA, name(missing[0]), f"it is missing{others}", at))

    def _follows(self, found: Entry) -> None:
        """The one before may have been changed and signed anew, or left unsigned: only this one tells."""
        sound = not self.entries or self.entries[-1].number == self.last
        if found.previous != self.digest and self.digest is not None and sound:
            before = self.entries[-1] if self.entries else None
            fault = (
                f"entry {found.number} was written behind another one ({_short(found.previous)}) than lies here now"
                f" ({_short(self.digest)}): one of the two was replaced"
            )
            at = Since(self.last, self.digest, before.when if before else None)
            self.findings.append(Finding(AREA, name(self.last), fault, at))
            self.newest = None

    def _faults(self, found: Entry, sealed: Envelope) -> Iterator[str]:
        if found.number == 1 and found.previous is not None:
            yield "it is the first and claims to follow another"
        if (found.number == 1) != (found.kind == GENESIS):
            yield f"its kind is {found.kind}, and the first entry alone is the genesis"
        if self.newest is not None and found.links != self.newest:
            yield "its links are not to the newest entries before it"
        if not found.objects and _subject(sealed) != canonical.digest(canonical.dumps(found.body)):
            yield "it is not about its own body"

    def _unsigned(self, found: Entry, sealed: Envelope) -> Iterator[str]:
        """What is wrong with the signature; for a key that is not known only the first entry is named."""
        at = found.number if found.number == 1 else found.links.get("key", 0)
        public = found.key if found.number == 1 else self.keys.get(at)
        if at not in self.keys and found.number != 1:
            if at not in self.lost:
                self.lost.add(at)
                yield f"it rests on the key of entry {at}, which does not hold; nor do those after it that do"
            return
        begins = canonical.digest(public) if public else None
        if found.number == 1 and self.trust not in (None, begins):
            yield f"it begins with the key {_short(begins)}, and {_short(self.trust)} is the one to trust"
        if (public is None and found.signer is not None) or (public is not None and not sealed.fits(public)):
            yield f"it is not signed by the key in force ({_short(begins)})"

    def _accept(self, found: Entry, *, sound: bool) -> None:
        if not sound or found.links.get("key", 0) in self.lost:
            self.newest = None
            return
        self.entries.append(found)
        self.newest = found.newest
        if found.kind in {GENESIS, ROTATION}:
            self.keys[found.number] = found.key

    def _fault(self, number: int, fault: str, content: bytes, when: str | None = None) -> None:
        at = Since(number, canonical.digest(content), when)
        self.findings.append(Finding(AREA, name(number), fault, at))


def _noted(store: Store, walker: _Walker) -> Iterator[Finding]:
    """Where the note of the head contradicts the ledger."""
    try:
        noted = hint.parse(store.read(hint.NAME))
    except ArtifactMissing:
        if walker.last:
            yield Finding(
                AREA, hint.NAME, "it is missing: entries cut off the end would not be noticed by it"
            )
        return
    except ValueError:
        yield Finding(AREA, hint.NAME, "it is no note of a head: it was cut or changed")
        return
    yield from _beyond(noted, walker)


def _witnessed(store: Store, walker: _Walker) -> Iterator[Finding]:
    """Where the ledger is not what this clone has seen, if it has written any of it."""
    try:
        noted = hint.parse(store.read(hint.NAME))
    except ArtifactMissing:
        return
    except ValueError:
        yield Finding(AREA, WITNESS, "it is no note of a head: it was cut or changed")
        return
    yield from _beyond(noted, walker, by=WITNESS)


def _beyond(noted: Hint, walker: _Walker, by: str = hint.NAME) -> Iterator[Finding]:
    last = walker.last
    if noted.number > last:
        others = f" and all up to {noted.number}" if noted.number > last + 1 else ""
        known = noted.digest if not others else None
        fault = f"it is missing{others}: {by} has seen entry {noted.number}"
        yield Finding(AREA, name(last + 1), fault, Since(last + 1, known))
    seen = {each.number: each for each in walker.entries}.get(noted.number)
    if seen is not None and seen.digest != noted.digest:
        fault = f"{by} has seen another entry {seen.number} ({_short(noted.digest)}) than is there now"
        yield Finding(AREA, name(seen.number), fault, Since(seen.number, seen.digest, seen.when))


def _previous(number: int, content: bytes) -> str | None:
    """The digest of the entry before, as the one of that number says it."""
    try:
        return parse(number, content)[0].previous
    except LedgerBroken:
        return None


def _subject(sealed: Envelope) -> str | None:
    subjects = sealed.statement()["subject"]
    return str(subjects[0]["digest"]["sha256"]) if len(subjects) == 1 else None


def _short(digest: str | None) -> str:
    return f"{digest[:12]}…" if digest else "none"


def _span(numbers: list[int]) -> str:
    first, last = numbers[0], numbers[-1]
    if first == last:
        return f"entry {first}"
    return f"entries {first} to {last}" if len(numbers) == last - first + 1 else f"{len(numbers)} entries"
