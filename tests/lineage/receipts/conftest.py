from datetime import UTC, datetime

import pytest

from pricetrail.lineage.receipts import Receipt, Writer

RELEASE = "ab" * 32


def receipt(n=0, *, release=RELEASE, product="85123A", at=None, **answer):
    return Receipt(
        at=at or datetime(2026, 3, 1, 12, tzinfo=UTC),
        release=release,
        inputs="cd" * 32,
        product=product,
        store=None,
        request={"stockcode": product, "cost": 1.0},
        answer={"status": "change", "price": 2.5, "units": n, **answer},
        price=2.5,
        revenue=100.0 + n,
    )


@pytest.fixture
def make():
    """Makes receipts that differ by a number."""
    return receipt


@pytest.fixture
def issued(ledger):
    """Ten receipts in one closed segment: their numbers."""
    writer = Writer(ledger.store)
    numbers = [writer.issue(receipt(n)) for n in range(10)]
    writer.close()
    return numbers
