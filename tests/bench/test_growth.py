"""The exponents are slopes, and say nothing of what ran at one size or failed."""

from benchmarks import growth
from benchmarks.growth import Cost


def test_exponents_are_slopes():
    linear = [Cost("etl_pipeline", 10**at, 2.0 * 10**at, 10.0**at, 100, 0) for at in (5, 6, 7)]
    square = [Cost("snapshot", 10**at, 10.0 ** (2 * at), 10.0 ** (2 * at), 100, 0) for at in (5, 6)]
    failed = [Cost("preprocess", 10**5, 1.0, 1.0, 100, 0), Cost("preprocess", 10**6, 1.0, 1.0, 100, 1)]
    found = growth.exponents([*linear, *square, *failed])
    assert found["etl_pipeline"] == {"seconds": 1.0, "processor": 1.0, "steps": [1.0, 1.0]}
    assert found["snapshot"]["steps"] == [2.0]
    assert found["in all"] == found["etl_pipeline"]
    assert "preprocess" not in found


def test_larger_shops_are_older_and_wider():
    assert growth.grown(400_000) == {"products": 4_000, "customers": 4_300, "weeks": 53}
    assert growth.grown(40_000_000)["weeks"] > 200
    assert list(growth.commands())[-1] == "reprice"
