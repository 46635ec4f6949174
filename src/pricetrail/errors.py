"""Everything that can go wrong on purpose, on one page.

PricetrailError
    UsageError
        ParamsInvalid
        ShopExists
        ShopMissing
        UnknownProduct
        CostMissing
        LimitsInvalid
        UnknownId
            AmbiguousId
        RequestInvalid
        NotAllowed
        TooMany
    DataError
        SourceUnreadable
            SourceEmpty
        SchemaMismatch
        NothingToLearn
        TooLarge
        ResponseInvalid
    ShopBusy
    StageFailed
    WorkFailed
    InputChanged
    DiskFull
    LineageError
        StoreFailed
        ArtifactMissing
        AlreadyThere
        DigestMismatch
        LedgerBroken
        KeyMissing
        NotSigned
        ReceiptInvalid
    NotServing
        NoRelease
        ModelUnavailable
    Blocked
    Interrupted

Each class carries the exit code that the command line answers with: 1 a fault, 2 a usage error,
3 blocked by a gate, 130 interrupted. Every message says what was expected, what was found, and what to do next.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from typing import ClassVar

LONGEST = 40


class PricetrailError(Exception):
    """Base of every error this package raises on purpose."""

    exit_code: ClassVar[int] = 1


class UsageError(PricetrailError):
    """What was asked for cannot be done as it was asked."""

    exit_code = 2


class ParamsInvalid(UsageError):
    """``params.yaml`` holds a value that no stage can work with."""


class ShopExists(UsageError):
    """``init`` was pointed at a folder that already holds something."""


class ShopMissing(UsageError):
    """The folder is not a shop."""


class UnknownProduct(UsageError):
    """No product of that code is in the shop; ``near`` holds the nearest that are."""

    def __init__(self, wanted: str, known: Iterable[str], *, kind: str = "product") -> None:
        codes = sorted(known)
        self.near = _near(wanted, codes)
        hint = f"The nearest are: {', '.join(self.near)}." if self.near else "None comes near it."
        shown = wanted if len(wanted) <= LONGEST else f"{wanted[:LONGEST]}…"
        super().__init__(
            f"No {kind} {shown!r} among the {len(codes):,} of this shop. {hint} Upper and lower case differ."
            if codes
            else f"There is no {kind} at all, so none is {shown!r}."
        )


class CostMissing(UsageError):
    """Margin is asked for, and the cost of a unit is not known."""


class LimitsInvalid(UsageError):
    """A rule for prices that no price can be held against."""


class UnknownId(UsageError):
    """Nothing is known by that id, or it is no id at all."""


class AmbiguousId(UnknownId):
    """The beginning of an id that was given fits more than one."""


class RequestInvalid(UsageError):
    """A request that the service cannot read; ``faults`` says of each field what is wrong with it."""

    def __init__(self, message: str, faults: Mapping[str, str] | None = None) -> None:
        self.faults = dict(faults or {})
        super().__init__(message)


class NotAllowed(UsageError):
    """Something was asked of the service that needs a key, and none that fits came along."""


class TooMany(UsageError):
    """More was asked for at once, or in a second, than the service does."""


class DataError(PricetrailError):
    """Order lines that cannot be worked with."""


class SourceUnreadable(DataError):
    """The bytes are not a table that can be read, or cannot be reached."""


class SourceEmpty(SourceUnreadable):
    """The folder or pattern is right as far as can be told, and there is no file yet."""


class SchemaMismatch(DataError):
    """The columns of a table are not the columns that are needed."""

    def __init__(self, table: str, *, missing: Iterable[str], unexpected: Iterable[str], hint: str) -> None:
        self.missing, self.unexpected = frozenset(missing), frozenset(unexpected)
        lines = [f"{table} has the wrong columns."]
        lines += [f"  - {name} (expected, absent)" for name in sorted(self.missing)]
        lines += [f"  + {name} (present, not expected)" for name in sorted(self.unexpected)]
        super().__init__("\n".join([*lines, hint]))


class NothingToLearn(DataError):
    """Too little is left of the data to train and test a model on."""


class TooLarge(DataError):
    """What is to be learned of does not fit into the machine's memory."""


class ResponseInvalid(DataError):
    """The response to price is not one that prices can be made from."""


class ShopBusy(PricetrailError):
    """Another run is at work in the shop."""


class StageFailed(PricetrailError):
    """A stage of the pipeline ended with a fault."""


class WorkFailed(PricetrailError):
    """A piece of the work that is done side by side failed, or there is nobody to do it."""


class InputChanged(PricetrailError):
    """Something that a stage reads was changed while it was at work."""


class DiskFull(PricetrailError):
    """There is no room left to write in."""


class LineageError(PricetrailError):
    """The record of what was made from what cannot be kept, or does not hold."""


class StoreFailed(LineageError):
    """Where the record lies cannot be reached, is full, or refuses."""


class ArtifactMissing(LineageError):
    """What the record names is not where it lies."""


class AlreadyThere(LineageError):
    """A name holds other bytes already, and what is recorded is never overwritten."""


class DigestMismatch(LineageError):
    """Bytes are not those that their digest was taken of."""


class LedgerBroken(LineageError):
    """An entry of the ledger is missing, cut, changed, or out of its place."""


class KeyMissing(LineageError):
    """The key that must sign is not at hand, or is not the one that signs here."""


class NotSigned(LineageError):
    """A signature is missing where one is asked for, or does not fit."""


class ReceiptInvalid(LineageError):
    """A receipt holds what no receipt may, or its bytes are no receipt."""


class NotServing(PricetrailError):
    """The service cannot answer for now."""


class NoRelease(NotServing):
    """No release stands in the channel that is served, or none of it could be loaded yet."""


class ModelUnavailable(NotServing):
    """None of the models of a release can answer."""


class Blocked(PricetrailError):
    """A gate stopped the run; the evidence is kept."""

    exit_code = 3


class Interrupted(PricetrailError):
    """Somebody at the keyboard, or who manages this process, had it end."""

    exit_code = 130


@contextmanager
def translating(errors: Mapping[type[Exception], type[PricetrailError]], message: str) -> Iterator[None]:
    """Let no other library's exception cross this boundary: raise ours, from theirs."""
    try:
        yield
    except tuple(errors) as cause:
        ours = next(ours for theirs, ours in errors.items() if isinstance(cause, theirs))
        raise ours(
            f"{message} ({type(cause).__name__}: {str(cause).splitlines()[0] if str(cause) else 'no detail'})"
        ) from cause


FULL = (*map(os.strerror, (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)), "Out of diskspace")
"""How the system says it, and git. Libraries wrap the error in their own, and keep the words."""
NO_ROOM = "There is no room left to write in. Free some, then give the same command again."


@contextmanager
def minding_the_disk() -> Iterator[None]:
    """Whoever it was that could not write any more: raise ``DiskFull``, from theirs."""
    try:
        yield
    except Exception as cause:
        if NO_ROOM in str(cause) or not any(words in str(cause) for words in FULL):
            raise
        raise DiskFull(f"{NO_ROOM} ({cause})") from cause


def _near(wanted: str, codes: list[str]) -> list[str]:
    """The codes that look like the one wanted, whatever their case; nothing that long is looked for."""
    if len(wanted) > LONGEST:
        return []
    upper = {code.upper(): code for code in codes}
    return [upper[code] for code in get_close_matches(wanted.upper(), upper, n=5, cutoff=0.5)]
