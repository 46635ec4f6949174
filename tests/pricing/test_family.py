import pytest

from pricetrail.errors import LimitsInvalid
from pricetrail.pricing import bulk, family
from pricetrail.pricing.bounds import Limits
from pricetrail.pricing.family import Rung
from pricetrail.pricing.response import Responses

SMALL, MIDDLE, LARGE = (Rung("bags", height) for height in (1, 2, 3))


@pytest.mark.parametrize(
    ("place", "expected"), [(SMALL, (0.0, 2.0)), (MIDDLE, (1.0, 3.0)), (LARGE, (2.0, float("inf")))]
)
def test_band_lies_between_the_neighbours(place, expected):
    prices = {SMALL: 1.0, MIDDLE: 2.0, LARGE: 3.0}
    others = [(each, str(each.height), price) for each, price in prices.items() if each != place]
    assert family.band(place, others) == expected


def test_same_rung_asks_for_nothing():
    assert family.band(SMALL, [(SMALL, "another", 9.0)]) == (0.0, float("inf"))


def test_prices_that_cross_already_are_named():
    with pytest.raises(LimitsInvalid, match=r"'bags' cross: one at 3\.00 stands below three at 2\.00"):
        family.band(MIDDLE, [(SMALL, "one", 3.0), (LARGE, "three", 2.0)])


def test_band_asked_for_besides_holds_too():
    others = [(SMALL, "one", 1.0), (LARGE, "three", 3.0)]
    assert family.band(MIDDLE, others, within=(2.5, 9.0)) == (2.5, 3.0)
    with pytest.raises(LimitsInvalid, match="leaves prices from 1"):
        family.band(MIDDLE, others, within=(4.0, 9.0))


def test_family_that_lacks_the_product_is_refused():
    with pytest.raises(LimitsInvalid, match="does not hold 9"):
        family.listed({"1": 1.0, "2": 2.0}, "9")


@pytest.fixture
def shop(plain):
    """Three sizes a little apart, each of which would do better at a higher price."""
    shape = {"low": 2.0, "high": 4.0, "slope": {"mean": -1.5, "sd": 0.05}}
    prices = {"S": 2.90, "M": 2.95, "L": 3.00}
    return Responses.from_json(
        plain(*(shape | {"stockcode": code, "price": price} for code, price in prices.items()))
    )


def rows(**rungs):
    return [
        {"stockcode": code, "cost": "2.5", "family": "bags", "rung": rung} for code, rung in rungs.items()
    ]


def test_no_two_prices_of_a_family_cross(shop):
    found = {row["stockcode"]: row for row in bulk.reprice(shop, rows(L="3", M="2", S="1"), Limits())}
    assert list(found) == ["L", "M", "S"]
    assert found["S"]["price"] <= found["M"]["price"] <= found["L"]["price"]
    assert found["S"]["binding"] == "ladder"
    assert found["L"]["price"] == pytest.approx(3.30)


def test_without_a_family_each_stands_alone(shop):
    alone = [{"stockcode": code, "cost": "2.5"} for code in "SML"]
    assert [row["price"] for row in bulk.reprice(shop, alone, Limits())] == pytest.approx([3.19, 3.24, 3.30])


def test_family_without_a_rung_stops_that_row_only(shop):
    first, second = bulk.reprice(shop, rows(S="", M="2"), Limits())
    assert first["status"] == "error"
    assert "needs a rung" in first["reason"]
    assert second["status"] == "change"


def test_rules_that_clash_are_named_in_the_row(shop):
    row = {"stockcode": "S", "cost": "2.5", "competitor": "90:95"}
    reason = next(bulk.reprice(shop, [row], Limits()))["reason"]
    assert "Conflict: the competitors' band clashes with" in reason
