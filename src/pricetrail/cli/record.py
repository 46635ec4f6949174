"""The shop's ledger, as commands open it: one that nobody signs is shown as such."""

from __future__ import annotations

from pathlib import Path

from pricetrail.cli.console import say
from pricetrail.lineage import place
from pricetrail.lineage.ledger import Ledger


def ledger(shop: Path) -> Ledger:
    """The ledger of a shop."""
    return shown(place.ledger(shop))


def shown(ledger: Ledger) -> Ledger:
    """The same ledger; on stderr it is said where its newest entry has no signature."""
    head = ledger.head()
    if head is not None and head.signer is None:
        say("UNSIGNED: nothing proves who wrote this ledger.", style="yellow")
    return ledger
