import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricetrail.errors import AmbiguousId, UnknownId
from pricetrail.lineage.receipts import number
from pricetrail.lineage.receipts.number import ALPHABET, Number

segments = st.text(ALPHABET, min_size=8, max_size=8)


@given(segments, st.integers(0, 32**7 - 1), st.binary())
def test_reads_back_what_it_wrote(segment, index, content):
    made = number.of(segment, index, content)
    assert number.parse(str(made)) == made
    assert number.parse(str(made).upper().replace("0", "O")) == made


def test_slip_is_told_as_such():
    text = str(number.of("k7q2m9xa", 111, b"receipt"))
    for at in (at for at, each in enumerate(text) if each != "-"):
        other = "z" if text[at] != "z" else "y"
        with pytest.raises(UnknownId, match="slip"):
            number.parse(text[:at] + other + text[at + 1 :])


@pytest.mark.parametrize(
    "text", ["", "85123A", "k7q", "../../etc", "k7q2m9xa-3f-9d2e", "k7q2m9xa-3f-9d2e-4t-5", "ü" * 300]
)
def test_no_number_says_what_one_looks_like(text):
    with pytest.raises(UnknownId, match="looks like k7q2m9xa-3f-9d2e-4t"):
        number.parse(text)


def test_beginning_of_a_segment_suffices_when_nothing_else_begins_so():
    known = ["k7q2m9xa", "k7q3zzzz"]
    assert number.resolve(number.parse("k7q2-5"), known) == Number("k7q2m9xa", 5, None)
    with pytest.raises(UnknownId, match="no receipt abcd-5"):
        number.resolve(number.parse("abcd-5"), known)
    with pytest.raises(AmbiguousId, match="2 segments begin with k7q2"):
        number.resolve(number.parse("k7q2-5"), [*known, "k7q2aaaa"])
