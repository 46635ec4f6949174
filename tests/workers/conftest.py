import sys
from pathlib import Path

import pytest

# Workers look functions up by the name of their module.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    """The address of a scheduler with two workers."""
    from clusters import clustered

    with clustered(2, tmp_path_factory.mktemp("cluster")) as (address, _):
        yield address
