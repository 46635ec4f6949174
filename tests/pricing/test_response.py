import json

import pytest

from pricetrail.errors import ResponseInvalid, UnknownProduct, UsageError
from pricetrail.pricing.response import Responses


def test_reads_what_json_gives(plain):
    found = Responses.from_json(json.loads(json.dumps(plain({}, {"stockcode": "22423"}))))
    assert found.product("22423").prices[0] == (2.55, 8)
    assert found.product("85123A").slope.mean == -2.0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"price": "2.95"}, "price"),
        ({"price": 0.0}, "price"),
        ({"price": 9.0}, "low <= price <= high"),
        ({"units": float("nan")}, "units"),
        ({"slope": {"mean": -1.0}}, "slope.sd"),
        ({"slope": {"mean": -1.0, "sd": -0.1}}, "slope.sd"),
        ({"identification": "perhaps"}, "identification"),
        ({"prices": []}, "prices"),
        ({"prices": [[2.95, 1], [2.55, 1]]}, "ascending"),
        ({"changes": 1.5}, "changes"),
    ],
)
def test_what_cannot_be_priced_is_refused(plain, change, said):
    with pytest.raises(ResponseInvalid, match=said):
        Responses.from_json(plain(change))


@pytest.mark.parametrize("value", [None, [], {}, {"format": 2}, "85123A"])
def test_another_file_is_refused(value):
    with pytest.raises(ResponseInvalid, match="pricetrail run"):
        Responses.from_json(value)


def test_the_same_product_twice_is_refused(plain):
    with pytest.raises(ResponseInvalid, match="'85123A' twice"):
        Responses.from_json(plain({}, {}))


def test_field_of_a_later_writer_is_passed_over(plain):
    assert Responses.from_json(plain({"colour": "white"})).product("85123A").price == 2.95


def test_unknown_product_names_the_nearest(plain):
    with pytest.raises(UnknownProduct, match=r"'85123b' among the 1 .*nearest are: 85123A") as raised:
        Responses.from_json(plain({})).product("85123b")
    assert raised.value.near == ["85123A"]


def test_code_as_the_shop_writes_it(plain):
    assert Responses.from_json(plain({})).product("85123a").stockcode == "85123A"


def test_very_long_code_is_cut_short(plain):
    with pytest.raises(UnknownProduct, match=r"X{40}….*None comes near"):
        Responses.from_json(plain({})).product("X" * 10**6)


def test_product_by_store_wants_the_store(plain):
    found = Responses.from_json(plain({"store": "North"}, {"store": "South"}))
    assert found.product("85123A", "South").store == "South"
    with pytest.raises(UsageError, match=r"known by store\. Name one with --store \(.*\): North, South"):
        found.product("85123A")


@pytest.mark.parametrize(
    ("prices", "usual"),
    [
        ([[2.55, 8], [2.95, 37]], 2.95),
        ([[2.55, 2], [2.95, 2]], 2.55),
        ([[2.95, 1]], 2.95),
        ([[0.95, 40], [2.95, 3]], 2.95),
    ],
)
def test_usual_price_is_that_of_the_middle_week_without_clearance(product, prices, usual):
    assert product(prices=prices, low=prices[0][0]).usual(0.3) == usual
