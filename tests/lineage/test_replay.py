from datetime import UTC, datetime

import pytest

from pricetrail.lineage.receipts import Receipt
from pricetrail.lineage.replay import replay

ANSWER = {"price": 2.5, "gain": {"low90": 1.0, "high90": 2.0}, "unmet": ["floor"]}
RECEIPT = Receipt(
    datetime(2026, 3, 1, tzinfo=UTC), "ab" * 32, "cd" * 32, "P1", None, {"cost": 1.0}, ANSWER, 2.5, None
)


def test_equal_answer():
    assert replay(RECEIPT, lambda request, release: {**ANSWER}) is None


def test_release_and_request_are_handed_on():
    asked = []
    replay(RECEIPT, lambda *given: asked.append(given) or ANSWER)
    assert asked == [({"cost": 1.0}, "ab" * 32)]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"price": 2.5000000000000004}, "answer.price: then 2.5, now 2.5000000000000004"),
        ({"gain": {"low90": 1.0}}, "answer.gain.high90: then 2.0, now absent"),
        ({"unmet": []}, "answer.unmet: then ['floor'], now []"),
        ({"price": 3, "gain": {"low90": 0.5, "high90": 2.0}}, "answer.gain.low90: then 1.0, now 0.5"),
        ({"cause": None}, "answer.cause: then absent, now None"),
    ],
)
def test_first_difference_is_shown(change, said):
    assert str(replay(RECEIPT, lambda *_: {**ANSWER, **change})) == said
