from functools import partial
from pathlib import Path

import pieces
import pytest
from clusters import clustered, working
from contract import CrewContract

from pricetrail.errors import ParamsInvalid, WorkFailed
from pricetrail.flows.local import free
from pricetrail.params import Workers, validate
from pricetrail.workers.crew import crew


def connected(address):
    return crew(Workers(engine="dask", address=address))


class TestCluster(CrewContract):
    @pytest.fixture
    def crew(self, cluster):
        with connected(cluster) as workers:
            yield workers


def test_files_out_of_reach_go_to_each_worker_once(tmp_path, monkeypatch):
    (tmp_path / "a").write_text("content")
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)
    with clustered(1, tmp_path / "one", TMPDIR=str(tmp_path / "one")) as (address, workers):
        with connected(address) as crew:
            files = crew.give(Path(), ["a"])  # a folder that each process takes for another
            assert list(crew.map(partial(pieces.text, files), ["a"])) == ["content"]
            assert list((tmp_path / "one").glob("pricetrail-*/a"))
            with working(address, tmp_path / "other", TMPDIR=str(tmp_path / "other")):
                workers[0].terminate()
                workers[0].wait()
                assert list(crew.map(partial(pieces.read, files), ["a"])) == [b"content"]
                assert list((tmp_path / "other").glob("pricetrail-*/a"))
        assert not list(tmp_path.glob("o*/pricetrail-*"))


def texts(address, *names):
    """What workers read of a file that was given, and of others."""
    with connected(address) as crew:
        return list(crew.map(partial(pieces.text, crew.give(Path(), ["a"])), names))


def test_files_are_taken_away_when_a_piece_fails(tmp_path, monkeypatch):
    (tmp_path / "a").write_text("content")
    (tmp_path / "one").mkdir()
    monkeypatch.chdir(tmp_path)
    with clustered(1, tmp_path / "one", TMPDIR=str(tmp_path / "one")) as (address, _):
        with pytest.raises(WorkFailed, match="no-such-name"):
            texts(address, "a", "no-such-name")
        assert not list(tmp_path.glob("one/pricetrail-*"))


def test_nobody_there_is_said():
    from dask import config

    with (
        config.set({"distributed.comm.timeouts.connect": "300ms"}),
        pytest.raises(WorkFailed, match="No workers answer at tcp://127"),
        connected(f"tcp://127.0.0.1:{free(0)}"),
    ):
        pass


def test_engine_elsewhere_needs_an_address():
    with pytest.raises(ParamsInvalid, match=r"address such as 'tcp://"):
        validate({"workers": {"engine": "dask"}}, "params.yaml")
