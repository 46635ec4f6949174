"""What every route works with."""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from pricetrail.lineage.ledger import Ledger
from pricetrail.lineage.receipts import Writer
from pricetrail.serving.cache import Memory, Redis
from pricetrail.serving.desk import Desk
from pricetrail.serving.metrics import Counted, Standing
from pricetrail.serving.settings import Settings
from pricetrail.serving.shelf import Shelf
from pricetrail.serving.tables import Tables
from pricetrail.serving.vault import Vault


@dataclass(frozen=True, slots=True)
class Service:
    """The parts of one process."""

    settings: Settings
    ledger: Ledger
    shelf: Shelf
    desk: Desk
    tables: Tables
    registry: CollectorRegistry

    @classmethod
    def of(cls, settings: Settings) -> Service:
        """Put the parts together. Nothing is read or written yet."""
        ledger, registry = settings.open_ledger(), CollectorRegistry()
        vault = Vault(ledger, settings.open_blobs(), settings.channel)
        shelf = Shelf(vault, every=settings.every, wait=settings.wait, told=Standing(registry).note)
        cache = Redis(settings.redis) if settings.redis else Memory()
        desk = Desk(Writer(ledger.store), Counted(cache, registry), settings.seconds)
        return cls(settings, ledger, shelf, desk, Tables(desk), registry)
