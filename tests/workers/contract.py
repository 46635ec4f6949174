"""What all workers must do; the test of each says only how to come by them."""

from functools import partial

import numpy as np
import pieces
import pytest
from threadpoolctl import threadpool_limits

from pricetrail.errors import WorkFailed


class CrewContract:
    @pytest.fixture
    def crew(self):
        raise NotImplementedError

    def test_answers_come_in_order(self, crew):
        assert list(crew.map(pieces.square, range(20))) == [number * number for number in range(20)]

    def test_later_pieces_hang_on_earlier_answers(self, crew):
        answers = []
        pieces_drawn = (0 if at < 3 else answers[at - 3] + 1 for at in range(9))
        for answer in crew.map(pieces.square, pieces_drawn, ahead=3):
            answers.append(answer)
        assert answers == [0, 0, 0, 1, 1, 1, 4, 4, 4]

    def test_nothing_to_do(self, crew):
        assert list(crew.map(pieces.square, [])) == []

    def test_work_is_done_side_by_side(self, crew):
        assert len(set(crew.map(pieces.process, range(8)))) > 1

    def test_fault_names_the_piece(self, crew):
        with pytest.raises(
            WorkFailed, match="picky, piece 4 of 6 failed: ValueError: three is not to be had"
        ):
            list(crew.map(pieces.picky, range(6)))
        assert list(crew.map(pieces.square, [1, 2])) == [1, 4]

    def test_same_piece_twice_is_harmless(self, crew):
        assert list(crew.map(pieces.square, [7, 7, 7])) == [49, 49, 49]
        assert list(crew.map(pieces.square, [7, 8])) == [49, 64]

    def test_same_bits_as_here(self, crew):
        with threadpool_limits(1):
            here = list(map(pieces.summed, [1, 2, 3]))
        assert list(crew.map(pieces.summed, [1, 2, 3])) == here

    def test_files_go_by_digest(self, crew, tmp_path):
        for name in ("a", "b/c"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(f"content of {name}")
        files = crew.give(tmp_path, ["b/c", "a"])
        assert list(crew.map(partial(pieces.text, files), ["a", "b/c"])) == ["content of a", "content of b/c"]
        (tmp_path / "a").write_text("changed meanwhile")
        with pytest.raises(WorkFailed, match="not what they were when the work began"):
            list(crew.map(partial(pieces.read, files), ["a", "b/c"]))

    def test_arrays_are_pieces(self, crew):
        vectors = [np.array([3.0, 4.0]), np.array([0.0, 2.0])]
        assert list(crew.map(pieces.length, vectors)) == [5, 2]

    def test_worker_killed_and_the_work_goes_on(self, crew, tmp_path):
        found = crew.map(partial(pieces.killing, str(tmp_path / "killed")), range(12))
        assert list(found) == [number * number for number in range(12)]
