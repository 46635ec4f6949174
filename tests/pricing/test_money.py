import pytest

from pricetrail.pricing import money


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (12345.0, "12,345.00"),
        (2.954, "2.95"),
        (0.25, "0.25"),
        (0.5, "0.50"),
        (0.1684, "0.1684"),
        (0.0516, "0.0516"),
    ],
)
def test_prices(value, text):
    assert money.price(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(31.44, "+31.44"), (-0.534, "-0.53"), (0.0, "+0.00"), (0.00312, "+0.0031"), (-0.0002, "-0.00020")],
)
def test_amounts(value, text):
    assert money.amount(value, "+") == text
