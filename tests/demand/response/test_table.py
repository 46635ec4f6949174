import json
from dataclasses import fields, replace

import numpy as np
import pytest

from pricetrail.demand.response import estimate, level, table
from pricetrail.demand.response.estimate import Response
from pricetrail.pricing.demand import Elastic
from pricetrail.pricing.response import Responses

WEEKS = 60


def plain(panel, identified_sd=0.5, **told):
    response = estimate.fit(panel, deep_from=0.3)
    facts = table.plain(
        response,
        level.now(response),
        told.get("descriptions", {}),
        told.get("costs", {}),
        identified_sd=identified_sd,
    )
    return response, facts


@pytest.fixture(scope="module")
def panel(shop):
    return shop(series=60, level=20.0, size=3.0, moved=0.5)[0]


@pytest.fixture(scope="module")
def found(panel):
    return plain(panel, descriptions={"001": "A MUG"}, costs={"001": 0.7})


def test_prices_can_be_made_from_it(found):
    told = Responses.from_json(json.loads(json.dumps(found[1])))
    assert len(told.products) == 60
    assert told.product("001").description == "A MUG"
    assert [told.product(code).cost for code in ("001", "002")] == [0.7, None]


def test_prices_that_differ_in_their_last_bits_are_one(panel):
    last_bits = 1 + 1e-14 * (np.arange(panel.price.shape[1]) % 3)
    told = Responses.from_json(plain(replace(panel, price=panel.price * last_bits))[1])
    assert max(len(product.prices) for product in told.products) <= panel.distinct().max()


def test_standing_follows_what_the_price_did(found):
    standing = [product["identification"] for product in found[1]["products"]]
    assert set(standing[30:]) == {"unknown"}
    assert "unknown" not in standing[:30]


def test_what_counts_as_identified_is_asked_for(panel):
    strict = [product["identification"] for product in plain(panel, identified_sd=1e-6)[1]["products"]]
    assert set(strict) == {"borrowed", "unknown"}


def test_nothing_is_known_where_no_price_moves_demand(shop):
    _, facts = plain(shop(series=40, slope=0.0, level=20.0)[0])
    assert {product["identification"] for product in facts["products"]} == {"unknown"}


def test_decision_and_estimate_agree_on_the_curve(paneled):
    """The same product in both: log units at its prices over those at its newest."""
    price = np.repeat([2.0, 1.3, 0.8, 2.0], 15)[None] * np.ones((30, 1))
    orders = np.random.default_rng(0).poisson(20 * (price / 2) ** -1.5).astype(float)
    response, facts = plain(paneled(price, orders))
    told = Responses.from_json(facts).products[0]
    mean, sd = Elastic.of(told, 0.3).effect(price[0])
    design, slopes = response.orders.weeks.design[0], response.slopes
    assert mean == pytest.approx(design @ slopes.mean[0], abs=1e-6)
    assert sd == pytest.approx(np.sqrt(np.einsum("tk,kl,tl->t", design, slopes.cov[0], design)), abs=1e-6)


def test_figures_have_ten_digits():
    assert table.rounded({"a": [1 / 3, 2], "b": (1e-20 / 3, "c")}) == {
        "a": [0.3333333333, 2],
        "b": [3.333333333e-21, "c"],
    }


def test_slopes_are_added_up_once_for_all_products(panel):
    asked = []

    class Counted(Response):
        @property
        def slopes(self):
            asked.append(self)
            return Response.slopes.fget(self)

    fitted = estimate.fit(panel, deep_from=0.3)
    response = Counted(*(getattr(fitted, each.name) for each in fields(fitted)))
    table.plain(response, level.now(response), {}, {}, identified_sd=0.5)
    assert len(asked) == 1
