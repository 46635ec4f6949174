import pytest

from pricetrail.lineage import place
from pricetrail.shop import trails


@pytest.fixture(scope="session")
def trail(done):
    """The trail of a small shop's release."""
    return trails.newest(done, place.ledger(done))
