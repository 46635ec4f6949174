"""Several shops' weeks at once, in one pool: each has its own locks, and none waits at another's."""

import shutil

import pytest
from benchmarks import fleet

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_shops_have_no_lock_in_common(ran, tmp_path):
    shops = [tmp_path / f"shops/shop-{at}" for at in range(4)]
    for shop in shops:
        shutil.copytree(ran.root, shop, symlinks=True)
    found = fleet.run(tmp_path, shops, at_once=4)
    assert found["ended"] == {"Released": 4}
    assert found["at_work_at_once"] > 1
    assert found["locks"] > 4
    assert found["in_common"] == {}
