import pytest

from pricetrail.lineage.keys import Keyring
from pricetrail.lineage.ledger import Ledger
from pricetrail.lineage.store import FolderStore


@pytest.fixture
def ring(tmp_path):
    """A ring whose folder holds the key it made."""
    return Keyring(tmp_path / "keys", {})


@pytest.fixture
def ledger(tmp_path, ring):
    """A signed ledger in a folder, not yet begun."""
    return Ledger(FolderStore(tmp_path / "store"), ring)
