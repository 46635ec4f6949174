import pytest

from pricetrail.errors import LimitsInvalid
from pricetrail.pricing.bounds import HARD, Limits, Name
from pricetrail.pricing.limits import pairs, read, weighted


def test_reads_every_form():
    found = read(pairs(["change=none", "floor=2.5", "competitor=2.4:3.1", "endings=0.99,0.95", "ceiling="]))
    assert found == Limits(change=None, floor=2.5, competitor=(2.4, 3.1), endings=(0.99, 0.95))


def test_what_is_not_given_stays():
    assert read({"floor": "2.5"}, Limits(change=0.05)) == Limits(change=0.05, floor=2.5)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"flor": "2"}, "'flor' is not a limit; they are change"),
        ({"floor": "two"}, "'two' is no value for the limit 'floor'"),
        ({"competitor": "2.4"}, "'2.4' is no value"),
        ({"change": "7"}, "must be a share"),
        ({"change": "20%"}, "such as 0.2 for 20 %"),
        ({"sure": "80"}, "must be a share"),
        ({"endings": "99"}, "what follows the whole"),
    ],
)
def test_what_cannot_be_read_is_told(given, said):
    with pytest.raises(LimitsInvalid, match=said):
        read(given)


def test_text_without_a_value():
    with pytest.raises(LimitsInvalid, match="NAME=VALUE"):
        pairs(["floor"])


def test_rules_are_made_hard_soft_and_first():
    found = weighted(Limits(), hard=["endings"], soft=["floor"], first=["endings"])
    assert found.hard == (HARD | {Name.ENDINGS}) - {Name.FLOOR}
    assert found.order == (Name.ENDINGS,)


@pytest.mark.parametrize(
    "given", [{"soft": ["observed"]}, {"hard": ["floor"], "soft": ["floor"]}, {"hard": ["x"]}]
)
def test_weights_that_make_no_sense(given):
    with pytest.raises(LimitsInvalid, match=r"observed|both|not a rule"):
        weighted(Limits(), **given)
