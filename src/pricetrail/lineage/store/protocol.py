"""What every store can do, and the names that it takes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Protocol

from pricetrail.errors import LineageError

PART = r"[A-Za-z0-9_][A-Za-z0-9_.=-]*"
NAME = re.compile(rf"{PART}(/{PART})*")


class Store(Protocol):
    """Named bytes. What is created is durable, is seen whole or not at all, and is never overwritten."""

    @property
    def exclusive(self) -> bool:
        """Whether two writers who create one name at once are told apart."""

    def read(self, name: str) -> bytes:
        """The bytes under ``name``.

        Raises:
            ArtifactMissing: there are none.
        """

    def create(self, name: str, content: bytes) -> None:
        """Put ``content`` under a name that holds nothing yet; the same bytes again change nothing.

        Raises:
            AlreadyThere: the name holds other bytes.
        """

    def replace(self, name: str, content: bytes) -> None:
        """Put ``content`` under ``name``, whatever it held: for what can be derived again, and for nothing else."""

    def size(self, name: str) -> int | None:
        """How many bytes are under ``name``; None where there is nothing."""

    def send(self, name: str, path: Path) -> None:
        """Put a file's bytes, however many, under the name that their digest gives them."""

    def take(self, name: str, path: Path) -> None:
        """Write the bytes under ``name``, however many, to a file.

        Raises:
            ArtifactMissing: there are none.
        """

    def names(self, prefix: str = "") -> list[str]:
        """Every name that begins with ``prefix``, in order."""

    def delete(self, name: str) -> None:
        """Take a name away; one that is not there is no error."""


def checked(name: str) -> str:
    """The name, when it stays inside of the store: letters, digits, ``_ . = -``, and ``/`` between its parts.

    Raises:
        LineageError: it does not.

    >>> checked("ledger/000000001.json")
    'ledger/000000001.json'
    """
    if not NAME.fullmatch(name):
        raise LineageError(
            f"A name in a store is made of letters, digits, '_ . = -', and '/' between parts that begin with"
            f" a letter, a digit or '_'; found {name[:80]!r}."
        )
    return name


def prefixed(prefix: str) -> str:
    """The beginning of a name: nothing, or what ``checked`` would take once it is a whole name."""
    return prefix if not prefix else checked(prefix.rstrip("/")) + "/" * prefix.endswith("/")


def clash(name: str) -> str:
    """What to say when a name is taken."""
    return f"{name} holds other bytes already, and what is recorded is never overwritten."
