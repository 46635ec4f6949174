from datetime import UTC, datetime

import pytest

from pricetrail.errors import UnknownId
from pricetrail.lineage.receipts import Writer, find
from pricetrail.lineage.receipts.proof import prove
from pricetrail.lineage.receipts.retention import Policy, forget, forgotten
from pricetrail.lineage.receipts.seal import seal
from pricetrail.lineage.receipts.verify import verify


@pytest.fixture
def years(ledger, make):
    """A segment of two receipts for each of three years: the first number of each."""
    numbers = []
    for year in (2024, 2025, 2026):
        writer = Writer(ledger.store)
        first, _ = [writer.issue(make(n, at=datetime(year, 5, 1, tzinfo=UTC))) for n in range(2)]
        numbers.append(first)
        writer.close()
    seal(ledger, who="x")
    return numbers


@pytest.mark.parametrize("policy", [Policy(before=datetime(2026, 1, 1, tzinfo=UTC)), Policy(newest=2)])
def test_rest_still_proves_what_is_gone_is_named(ledger, years, policy):
    entry = forget(ledger, policy, who="ann", why="two years are enough")
    assert (entry.body["receipts"], entry.body["kept"], len(entry.body["segments"])) == (4, 2, 2)
    with pytest.raises(UnknownId, match=r"not kept any more: the segment .* was deleted"):
        find(ledger.store, years[0])
    found = find(ledger.store, years[2])
    assert prove(ledger, found).holds(found.content)
    verdict = verify(ledger)
    assert (verdict.faults, verdict.receipts, verdict.forgotten) == ((), 2, 2)


def test_deleted_without_an_entry_is_a_fault(ledger, years):
    [*_, path] = sorted((ledger.store.root / "receipts/sealed").glob("*.jsonl.gz"))
    path.unlink()
    assert path.name in verify(ledger).faults[0]


def test_nothing_to_delete_writes_nothing(ledger, years):
    assert forget(ledger, Policy(newest=6), who="x", why="") is None
    assert forgotten(ledger) == {}


def test_deletion_that_was_cut_short_is_finished(ledger, years):
    paths = list((ledger.store.root / "receipts/sealed").glob("*.jsonl.gz"))
    kept = {path: path.read_bytes() for path in paths}
    forget(ledger, Policy(newest=2), who="x", why="")
    gone = next(path for path in paths if not path.exists())
    gone.write_bytes(kept[gone])
    forget(ledger, Policy(newest=2), who="x", why="")
    assert not gone.exists()
