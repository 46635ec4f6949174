"""Leases, on a clock that a test turns."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from pricetrail.errors import ShopBusy
from pricetrail.lineage import lease
from pricetrail.lineage.store import FolderStore


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def take(tmp_path, clock):
    return lambda holder: lease.take(FolderStore(tmp_path), holder, seconds=60, clock=clock)


def test_second_is_told_who_holds_it(take):
    take("first")
    with pytest.raises(
        ShopBusy, match=r"first is at work on the shop, and says so until 1970-01-01 00:17:40"
    ):
        take("second")


def test_given_back_it_is_free_at_once(take):
    take("first").give_back()
    assert take("second").abandoned is None


def test_stale_one_is_taken_over_and_its_holder_named(take, clock):
    first = take("first")
    clock.now += 61
    second = take("second")
    assert second.abandoned == "first"
    with pytest.raises(ShopBusy, match="ran out"):
        first.check()
    first.give_back()
    with pytest.raises(ShopBusy):
        take("third")


def test_kept_one_does_not_run_out(take, clock):
    first = take("first")
    for _ in range(3):
        clock.now += 50
        first.check()
    with pytest.raises(ShopBusy):
        take("second")


def test_one_of_many_wins(take):
    def ask(n):
        try:
            return take(str(n))
        except ShopBusy:
            return None

    with ThreadPoolExecutor(8) as pool:
        assert sum(found is not None for found in pool.map(ask, range(8))) == 1


def test_old_ones_do_not_pile_up(take, tmp_path):
    for n in range(5):
        take(str(n)).give_back()
    assert len(FolderStore(tmp_path).names(lease.FOLDER)) == 2


def test_held_while_at_work(tmp_path):
    store = FolderStore(tmp_path)
    with lease.held(store, "first", seconds=0.4) as mine:
        with pytest.raises(ShopBusy):
            lease.take(store, "second")
        mine.check()
    assert lease.take(store, "second").abandoned is None


def test_who_is_patient_waits_for_it(tmp_path):
    store = FolderStore(tmp_path)
    first = lease.take(store, "first", seconds=0.5)
    with lease.held(store, "second", patience=20) as second:
        assert (second.abandoned, second.number) == ("first", first.number + 1)


def test_patience_has_an_end(tmp_path):
    store = FolderStore(tmp_path)
    with (
        lease.held(store, "first"),
        pytest.raises(ShopBusy, match="first is at work"),
        lease.held(store, "second", patience=0.1),
    ):
        pass
