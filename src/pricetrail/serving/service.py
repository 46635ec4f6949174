"""What every route works with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from prometheus_client import CollectorRegistry

from pricetrail.lineage import channel
from pricetrail.lineage.ledger import Ledger
from pricetrail.lineage.receipts import Writer
from pricetrail.serving.cache import Memory, Redis
from pricetrail.serving.desk import Desk
from pricetrail.serving.metrics import Counted, Standing
from pricetrail.serving.settings import Settings
from pricetrail.serving.shelf import Shelf
from pricetrail.serving.tables import Tables
from pricetrail.serving.vault import Vault


class Mover(Protocol):
    """Lets another release serve."""

    def promote(self, release: str, who: str, why: str) -> None:
        """Point the channel at a release, by its whole id."""

    def rollback(self, who: str, why: str) -> None:
        """Point it at the release that stood there before."""


@dataclass(frozen=True, slots=True)
class Pointer:
    """Moves a channel of the ledger, where there is no shop beside it."""

    ledger: Ledger
    channel: str

    def promote(self, release: str, who: str, why: str) -> None:
        """Point the channel at a release, by its whole id."""
        channel.promote(self.ledger, release, self.channel, who=who, why=why)

    def rollback(self, who: str, why: str) -> None:
        """Point it at the release that stood there before."""
        channel.rollback(self.ledger, self.channel, who=who, why=why)


@dataclass(frozen=True, slots=True)
class Service:
    """The parts of one process."""

    settings: Settings
    ledger: Ledger
    shelf: Shelf
    desk: Desk
    tables: Tables
    registry: CollectorRegistry
    mover: Mover

    @classmethod
    def of(cls, settings: Settings, mover: Mover | None = None) -> Service:
        """Put the parts together. Nothing is read or written yet.

        Args:
            mover: moves the channel; without one that is done in the ledger, and there alone.
        """
        ledger, registry = settings.open_ledger(), CollectorRegistry()
        vault = Vault(ledger, settings.open_blobs(), settings.channel)
        cache = Redis(settings.redis) if settings.redis else Memory()
        desk = Desk(Writer(ledger.store), Counted(cache, registry), settings.seconds)
        tables = Tables(desk)
        shelf = Shelf(
            vault,
            every=settings.every,
            wait=settings.wait,
            told=Standing(registry).note,
            taken=tables.warm,
        )
        mover = mover or Pointer(ledger, settings.channel)
        return cls(settings, ledger, shelf, desk, tables, registry, mover)
