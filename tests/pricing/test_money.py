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
    ("values", "texts"),
    [
        ([31.44, 1234.5], ["+31.44", "+1,234.50"]),
        ([2.34, 0.0213, -4.731], ["+2.34", "+0.02", "-4.73"]),
        ([0.0], ["+0.00"]),
        ([0.00312, -0.0002], ["+0.0031", "-0.0002"]),
    ],
)
def test_amounts(values, texts):
    assert money.amounts(*values, sign="+") == texts
