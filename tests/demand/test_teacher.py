import numpy as np

from pricetrail.demand import teacher
from pricetrail.demand.rows import Rows


def rows(count, seed=1):
    random = np.random.default_rng(seed)
    numeric = random.normal(size=(count, 4)).astype(np.float32)
    target = (numeric[:, 0] + 0.1 * random.normal(size=count)).astype(np.float32)
    return Rows(numeric, np.zeros((count, 1), np.int32), target)


def lessons(known):
    return np.concatenate([teacher.lesson(known, block, seed=1) for block in range(teacher.BLOCKS)])


def test_every_row_has_a_lesson_near_the_truth():
    known = rows(1203)
    assert np.mean(np.square(lessons(known) - known.target)) < 0.25 * np.var(known.target)


def test_a_block_is_not_taught_by_itself():
    known = rows(1000)
    lied = Rows(known.numeric, known.categories, known.target.copy())
    lied.target[:200] += 5
    assert np.array_equal(teacher.lesson(known, 0, seed=1), teacher.lesson(lied, 0, seed=1))
    assert not np.array_equal(teacher.lesson(known, 1, seed=1), teacher.lesson(lied, 1, seed=1))
