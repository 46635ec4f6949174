import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricetrail.errors import DigestMismatch
from pricetrail.lineage.receipts import frame

CONTENTS = [b'{"n":%d}' % n for n in range(5)]
LOG = frame.MAGIC + b"".join(frame.pack(n, each) for n, each in enumerate(CONTENTS))
STARTS = [len(frame.MAGIC) + n * (len(LOG) - len(frame.MAGIC)) // 5 for n in range(6)]


def read(log):
    return list(frame.unpack(log, 0, "log"))


@given(st.integers(len(frame.MAGIC), len(LOG)))
def test_cut_anywhere_leaves_what_was_whole(size):
    whole = sum(start <= size for start in STARTS) - 1
    assert read(LOG[:size]) == CONTENTS[:whole]


@given(st.integers(STARTS[4], len(LOG)), st.integers(1, 5000))
def test_zeros_where_the_end_was_to_be(size, zeros):
    assert read(LOG[:size] + bytes(zeros))[:4] == CONTENTS[:4]


@given(st.integers(len(frame.MAGIC), STARTS[4] - 1), st.integers(1, 255))
def test_changed_byte_is_named(at, by):
    changed = bytearray(LOG)
    changed[at] ^= by
    place = sum(start <= at for start in STARTS) - 1
    with pytest.raises(DigestMismatch, match=rf"receipt {place}\."):
        read(bytes(changed))


def test_changed_byte_of_the_last_frame_is_named():
    for at in range(STARTS[4], len(LOG) - 1):
        with pytest.raises(DigestMismatch, match=r"receipt 4"):
            read(LOG[:at] + bytes([LOG[at] ^ 1]) + LOG[at + 1 :])


@given(st.integers(0, 6), st.integers(len(frame.MAGIC), len(LOG)))
def test_one_is_picked_where_it_is_whole(index, size):
    whole = sum(start <= size for start in STARTS) - 1
    assert frame.pick(LOG[:size], 0, index, "log") == (CONTENTS[index] if index < whole else None)


def test_damaged_length_before_it_is_named():
    changed = bytearray(LOG)
    changed[STARTS[1]] ^= 4
    with pytest.raises(DigestMismatch, match=r"receipt 1\."):
        frame.pick(bytes(changed), 0, 3, "log")


def test_frame_in_another_place_is_noticed():
    one, two = frame.pack(0, b"{}"), frame.pack(1, b"{}")
    with pytest.raises(DigestMismatch, match="frame of receipt 0"):
        read(frame.MAGIC + two + one)
