"""Receipts: for every price that was given, what was asked, what answered, and what it said.

What is imported from here needs Python's standard library alone.
"""

from __future__ import annotations

from pricetrail.lineage.receipts.find import Found, find
from pricetrail.lineage.receipts.receipt import Draft, Receipt
from pricetrail.lineage.receipts.writer import Writer

__all__ = ["Draft", "Found", "Receipt", "Writer", "find"]
