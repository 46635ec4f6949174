"""How the service is set up: where releases come from, and what is allowed of those who ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from pricetrail.errors import UsageError
from pricetrail.lineage import blob
from pricetrail.lineage.blob import Blobs
from pricetrail.lineage.channel import PRODUCTION
from pricetrail.lineage.keys import Keyring
from pricetrail.lineage.ledger import Ledger
from pricetrail.lineage.store import open_store

PREFIX = "PRICETRAIL_"
TRUE, FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that differs from one place to another.

    Attributes:
        ledger: folder or URL of the ledger, its receipts with it.
        blobs: folders or URLs that hold files by their MD5, as DVC lays its cache and its remotes out, the nearest
            first; what a shop pushed beside its ledger is always looked for, last.
        endpoint: of a server that speaks S3's protocol, when it is not Amazon's own.
        encryption: how S3 is to encrypt receipts: ``AES256``, ``aws:kms`` or ``aws:kms:KEY``.
        signed: whether the ledger must be; ``trust`` is the id of the key that it must have begun with.
        keys: folder of the private keys, for those who promote through the service.
        channel: whose release is served.
        reproduced: whether only a release serves that was made again and came out equal.
        every: seconds between two looks at the channel.
        wait: whether a request waits for a release that was just promoted, or is answered by the one before.
        redis: URL of a cache that several processes share; without one each has its own.
        key: what a writer must bring along; without one nobody writes.
        cors: origins whose pages may ask; ``*`` for all.
        rate: requests a second from one address; 0 for no bound.
        body: bytes of a request at most.
        seconds: that one request may take, however much it asks for.
        proxies: how many stand in front, each telling the address that it was asked from.
    """

    ledger: str
    blobs: tuple[str | Blobs, ...] = ()
    endpoint: str | None = None
    encryption: str | None = None
    signed: bool = True
    trust: str | None = None
    keys: str = ".pricetrail/keys"
    channel: str = PRODUCTION
    reproduced: bool = False
    every: float = 1.0
    wait: bool = False
    redis: str | None = None
    key: str | None = None
    cors: tuple[str, ...] = ()
    rate: float = 100.0
    body: int = 1_000_000
    seconds: float = 20.0
    proxies: int = 0

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """From ``PRICETRAIL_LEDGER``, ``PRICETRAIL_CHANNEL`` and so on: each setting in capitals, lists with commas.

        Raises:
            UsageError: where releases come from is not said, or a value is not of its kind.
        """
        given = {
            each.name: _value(each.name, str(each.type), text)
            for each in fields(cls)
            if (text := environment.get(PREFIX + each.name.upper(), "").strip())
        }
        if "ledger" not in given:
            raise UsageError(f"Set {PREFIX}LEDGER to where the ledger lies, such as s3://bucket/prefix.")
        return cls(**given)

    @property
    def shared(self) -> bool:
        """Whether other machines read the ledger too."""
        return "://" in self.ledger

    def open_ledger(self) -> Ledger:
        """The ledger, which can be written to where its key is at hand."""
        ring = Keyring.of(Path(self.keys)) if self.signed else None
        return Ledger(open_store(self.ledger, self.endpoint, self.encryption), ring, trust=self.trust)

    def open_blobs(self) -> tuple[Blobs, ...]:
        """Where files may lie, the nearest first."""
        beside = f"{self.ledger.rstrip('/')}/{blob.FOLDER}"
        places = dict.fromkeys((*self.blobs, beside))
        return tuple(
            Blobs(each, open_store(each, self.endpoint)) if isinstance(each, str) else each for each in places
        )


def _value(name: str, kind: str, text: str) -> Any:
    try:
        if kind.startswith("tuple"):
            return tuple(part.strip() for part in text.split(",") if part.strip())
        if kind == "bool":
            return {**dict.fromkeys(TRUE, True), **dict.fromkeys(FALSE, False)}[text.lower()]
        return {"float": float, "int": int}.get(kind, str)(text)
    except (ValueError, KeyError):
        raise UsageError(f"{PREFIX}{name.upper()} must be a {kind}, found {text!r}.") from None
