"""Replay as the service does it: a receipt's question, answered again by the release that answered it then."""

from __future__ import annotations

from collections.abc import Callable

from pricetrail.lineage.ledger import Ledger
from pricetrail.lineage.receipts import Found, find
from pricetrail.lineage.replay import Difference, replay
from pricetrail.serving.quote import again
from pricetrail.serving.release import Release


def replayed(ledger: Ledger, number: str, load: Callable[[str], Release]) -> tuple[Found, Difference | None]:
    """The receipt of that number, and the first difference; None when the answer is equal.

    Args:
        load: gives a release by its whole id.

    Raises:
        UnknownId: there is no such receipt.
        LineageError: its release cannot be loaded.
    """
    kept = find(ledger.store, number)
    return kept, replay(kept.receipt, lambda asked, release: again(asked, load(release)))
