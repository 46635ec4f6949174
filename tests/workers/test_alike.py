"""Whoever does the work: the same answers to the last bit."""

from dataclasses import fields

import numpy as np
import pytest

from pricetrail.demand.response import local as series
from pricetrail.demand.response.local import Weeks
from pricetrail.demand.response.noise import Noise
from pricetrail.params import Workers
from pricetrail.pricing import bulk
from pricetrail.pricing.bounds import Limits
from pricetrail.pricing.response import Responses
from pricetrail.workers.crew import crew

SERIES, WEEKS = 2 * series.CHUNK + 10, 40


@pytest.fixture(params=["local", "dask"])
def workers(request):
    address = request.getfixturevalue("cluster") if request.param == "dask" else None
    with crew(Workers(engine=request.param, address=address)) as found:
        yield found


def test_fits_of_the_response(workers):
    rng = np.random.default_rng(1)
    design = rng.normal(0, 0.4, (SERIES, WEEKS, 1))
    counts = rng.poisson(20 * np.exp(-1.5 * design[..., 0])).astype(float)
    ones, noise = np.ones(counts.shape), Noise(week=0.2, lasting=0.0, decay=0.9, alike=0.5, alone=0.5)
    product = np.arange(SERIES) // 3
    weeks = Weeks(counts, ones, design, ones > 0, ones < 0, ones[:, 0], ones, ones[:, 0], product, ones)
    there, here = (
        series.solve(weeks, noise, np.arange(WEEKS), np.array([-1.0]), np.eye(1), apply)
        for apply in (workers.map, map)
    )
    for one, other in ((there, here), (there.shifts, here.shifts)):
        for each in fields(one):
            if each.name != "shifts":
                assert np.array_equal(getattr(one, each.name), getattr(other, each.name)), each.name


def test_prices_in_bulk(workers, plain):
    shape = {"low": 2.0, "high": 4.0, "cost": 1.4}
    codes = [f"P{at}" for at in range(bulk.BLOCK + 20)]
    known = Responses.from_json(
        plain(*(shape | {"stockcode": code, "price": 2.5 + at % 7 / 10} for at, code in enumerate(codes)))
    )
    rows = [{"stockcode": code, "family": "bags", "rung": str(at)} for at, code in enumerate(codes[-9::2])]
    rows += [*({"stockcode": code} for code in codes[:-9]), {"stockcode": "unheard of"}, {"stockcode": "P1"}]
    there, here = (list(bulk.reprice(known, rows, Limits(), apply=apply)) for apply in (workers.map, map))
    assert there == here
    assert [row["stockcode"] for row in there] == [row["stockcode"] for row in rows]
    assert [row["status"] for row in there[-2:]] == ["error", "error"]
