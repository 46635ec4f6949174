import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pricetrail.demand.split import Split, chronological
from pricetrail.errors import NothingToLearn

steps = st.lists(st.integers(0, 3), min_size=400, max_size=600)
moments = steps.map(lambda steps: np.cumsum([1, *steps]) // 2)


@given(moments)
def test_parts_are_consecutive_and_share_no_moment(times):
    assume(len(np.unique(times)) > 100)
    split = chronological(times, val_share=0.1, test_share=0.1)
    assert (split.train.start, split.train.stop, split.val.stop) == (0, split.val.start, split.test.start)
    assert split.test.stop == len(times)
    assert times[split.train][-1] < times[split.val][0]
    assert times[split.val][-1] < times[split.test][0]


def test_shares_are_kept_where_every_time_differs():
    split = chronological(np.arange(1000), val_share=0.1, test_share=0.2)
    assert (split.train.stop, split.val.stop) == (700, 800)


@pytest.mark.parametrize("times", [np.arange(20), np.zeros(1000, int), np.array([], int)])
def test_too_little_says_so(times):
    with pytest.raises(NothingToLearn, match="at least"):
        chronological(times, val_share=0.1, test_share=0.1)


def test_the_newest_rows_to_learn_from_and_all_to_test():
    split = Split(slice(0, 80), slice(80, 90), slice(90, 100))
    assert split.newest(15) == Split(slice(65, 80), slice(80, 90), slice(90, 100))
    assert split.newest(8).val == slice(82, 90)
    assert split.newest(100) == split
