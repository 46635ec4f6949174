"""A product's response as the estimator writes it, to be changed by tests."""

import pytest

from pricetrail.pricing.response import Responses

PRODUCT = {
    "stockcode": "85123A",
    "store": None,
    "description": "WHITE HANGING HEART",
    "price": 2.95,
    "low": 2.55,
    "high": 3.45,
    "prices": [[2.55, 8], [2.95, 37], [3.45, 4]],
    "orders": 41.2,
    "units": 310.5,
    "units_log_sd": 0.2,
    "units_week_sd": 0.5,
    "slope": {"mean": -2.0, "sd": 0.2},
    "deep": {"mean": -2.5, "sd": 0.4},
    "identification": "identified",
    "changes": 3,
    "weeks": 49,
    "cost": None,
}
POOLED = {"mean": -1.1, "sd": 0.1, "between_sd": 0.4}


@pytest.fixture(scope="session")
def plain():
    """The plain values of a file with one product for each set of changes."""

    def made(*changes):
        return {
            "format": 1,
            "deep_from": 0.3,
            "pool": {"slope": POOLED, "deep": POOLED},
            "products": [PRODUCT | each for each in changes],
        }

    return made


@pytest.fixture(scope="session")
def product(plain):
    """A product with some values changed."""
    return lambda **changes: Responses.from_json(plain(changes)).products[0]
