"""The rehearsal of a week, on its small shop: it ends well, or it ends in time and says what went wrong."""

import pytest

from pricetrail.errors import StageFailed
from pricetrail.rehearsal import week


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_week_ends_released_then_blocked_and_comes_back_from_the_bucket(tmp_path):
    told = []
    steps = week.rehearse(tmp_path, told.append, small=True, limit=1500).steps
    found = [each["found"] for each in steps]
    assert len(steps) == 5
    assert found[2].startswith("Released")
    assert found[2].endswith("the running service answers from it")
    assert found[3].startswith("Blocked")
    assert found[3].endswith("the old release serves on, the evidence is in the ledger")
    assert found[4] == "verified to the last byte, a run changes nothing"
    assert [each.endswith(" ...") for each in told] == [True, False] * 5


def test_week_that_takes_too_long_is_ended_and_says_where(tmp_path):
    with pytest.raises(StageFailed, match=r"failed in 'a shop of .* was ended after [012] seconds"):
        week.rehearse(tmp_path, lambda _: None, small=True, limit=2.5)
