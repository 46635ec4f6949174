from dataclasses import replace
from functools import partial

import numpy as np
import pieces
import pytest

from pricetrail.errors import WorkFailed
from pricetrail.workers import naming, task
from pricetrail.workers.files import Files
from pricetrail.workers.kind import own


def asked(function=pieces.square, piece=3):
    return next(task.tasks(function, [piece]))


def test_equal_work_has_equal_names():
    assert asked().key == asked().key
    assert len({asked().key, asked(piece=4).key, asked(pieces.picky).key}) == 3
    assert asked(partial(pieces.killing, "a")).key != asked(partial(pieces.killing, "b")).key


def test_arrays_are_named_by_value():
    numbers = np.arange(2000.0)
    assert naming.digest(numbers) == naming.digest(numbers.copy())
    assert naming.digest(numbers) != naming.digest(np.append(numbers[:-1], 0))
    assert naming.digest(numbers) != naming.digest(numbers.astype(np.float32))


def test_files_are_named_by_what_they_hold(tmp_path):
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a").write_text("same")
    one, other = (Files.of(tmp_path / name, ["a"]) for name in ("here", "there"))
    assert one == other
    assert naming.digest(one) == naming.digest(other)


def test_what_cannot_be_named_is_refused():
    with pytest.raises(TypeError, match="plain data, found object"):
        naming.digest([object()])


def test_worker_of_another_kind_does_nothing():
    strange = replace(asked(), kind=replace(own(), code="other", machine="other"))
    with pytest.raises(WorkFailed, match="has other code and machine than the process that asks"):
        task.opened(strange, task.run(strange))
