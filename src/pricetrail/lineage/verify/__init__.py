"""Does what is there agree with what the ledger says? Every question here only reads, and names all that it finds."""

from __future__ import annotations

from pricetrail.lineage.verify.finding import Finding, Since, since

__all__ = ["Finding", "Since", "since"]
