import pieces
import pytest
from contract import CrewContract

from pricetrail.errors import WorkFailed
from pricetrail.params import Workers
from pricetrail.workers.crew import crew
from pricetrail.workers.local import local


class TestLocal(CrewContract):
    @pytest.fixture
    def crew(self):
        with crew(Workers(count=2)) as workers:
            yield workers


def test_piece_that_kills_its_workers_is_given_up():
    with local(2) as workers, pytest.raises(WorkFailed, match="piece 2 of 3: its worker ended 3 times"):
        list(workers.map(pieces.deadly, range(3)))


def test_work_stays_here_where_it_is_told_to(monkeypatch):
    monkeypatch.setenv("PRICETRAIL_WORKERS", "local")
    with crew(Workers(engine="dask", address="tcp://nowhere:1", count=1)) as workers:
        assert list(workers.map(pieces.square, [2, 3])) == [4, 9]


def test_single_piece_is_done_here():
    import os

    with local(2) as workers:
        assert list(workers.map(pieces.process, [1])) == [os.getpid()]
