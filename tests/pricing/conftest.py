"""A product's response as the estimator writes it, to be changed by tests."""

import pytest

from pricetrail.pricing.response import Responses


@pytest.fixture(scope="session")
def product(plain):
    """A product with some values changed."""
    return lambda **changes: Responses.from_json(plain(changes)).products[0]
