"""A simulated shop, whose truth is known, through the stage."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from pricetrail.errors import NothingToLearn, ParamsInvalid, TooLarge
from pricetrail.params import Params
from pricetrail.stages import counting, etl_pipeline
from pricetrail.stages.fit_price_response import work
from pricetrail.stages.stage import Context
from pricetrail.transactions import simulator

COLUMNS = {
    "invoiceno": "InvoiceNo",
    "stockcode": "StockCode",
    "description": "Description",
    "quantity": "Quantity",
    "invoicedate": "InvoiceDate",
    "unitprice": "UnitPrice",
    "customerid": "CustomerID",
    "country": "Country",
}
SETTINGS = simulator.Settings(rows=20_000, products=60, customers=400, weeks=40, repriced=0.6, seed=4)
OUTPUTS = (
    "models/price_response/response.json",
    "data/price_response.parquet",
    "metrics/price_response.json",
    "reports/price_response_slopes.json",
    "reports/price_response_holdout.json",
    "reports/price_response_prices.json",
)


def context(root, **settings):
    values = {"source": {"columns": COLUMNS}, "fit_price_response": settings}
    return Context(root, Params.model_validate(values), lambda share, note: None)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    root = tmp_path_factory.mktemp("shop")
    (root / "data/raw").mkdir(parents=True)
    simulator.write(simulator.build(SETTINGS), root / "data/raw/0001-lines.parquet", "parquet")
    etl_pipeline.work(context(root))
    work(context(root))
    return root


@pytest.fixture(scope="module")
def found(shop):
    return json.loads((shop / OUTPUTS[0]).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def truth():
    return {product.stockcode: product for product in simulator.tell(simulator.build(SETTINGS)).products}


def test_every_product_has_its_figures(found, truth):
    names = [product["stockcode"] for product in found["products"]]
    assert names == sorted(truth)
    for product in found["products"]:
        listed = [price for price, _ in product["prices"]]
        assert (product["low"], product["high"]) == (min(listed), max(listed))
        assert product["low"] <= product["price"] <= product["high"]
        assert sum(weeks for _, weeks in product["prices"]) == product["weeks"]
        assert min(product["orders"], product["slope"]["sd"], product["deep"]["sd"]) > 0
        assert product["description"]


def test_most_slopes_lie_within_their_intervals(found, truth):
    strayed = [
        abs(product["slope"]["mean"] - truth[product["stockcode"]].elasticity) / product["slope"]["sd"]
        for product in found["products"]
    ]
    assert 0.8 <= np.mean(np.array(strayed) < 1.645) <= 0.98


def test_pool_is_near_the_truth(found, truth):
    slope, mean = found["pool"]["slope"], np.mean([product.elasticity for product in truth.values()])
    assert abs(slope["mean"] - mean) < 2.5 * slope["sd"]


def test_price_that_never_changed_is_unknown(found, truth):
    standing = {product["stockcode"]: product["identification"] for product in found["products"]}
    assert {standing[code] for code, product in truth.items() if not product.changed} == {"unknown"}
    assert "identified" in standing.values()


def test_units_are_near_what_sold(shop, found):
    lines = pq.read_table(shop / "data/original_df.parquet").to_pandas()
    newest = lines[lines["invoicedate"] >= lines["invoicedate"].max() - np.timedelta64(56, "D")]
    weekly = newest.groupby("stockcode")["quantity"].sum() / 8
    told = {product["stockcode"]: product["units"] for product in found["products"]}
    assert sum(told.values()) == pytest.approx(weekly.sum(), rel=0.15)


def test_naive_slope_is_the_bulk_discount(shop):
    ways = json.loads((shop / OUTPUTS[3]).read_text(encoding="utf-8"))
    slopes = {(way["name"], way["outcome"]): way for way in ways}
    naive, placebo = slopes["naive", "quantity of a line"], slopes["placebo", "orders"]
    assert naive["high"] < slopes["pooled", "orders"]["slope"] + 0.5
    assert placebo["low"] < 0.3
    assert placebo["high"] > -0.3


def test_changes_held_out_are_foretold(shop):
    held = {
        (each["outcome"], each["change"]): each
        for each in json.loads((shop / OUTPUTS[4]).read_text(encoding="utf-8"))
    }
    every = held["orders", "all changes"]
    assert every["ratio"] < 0.9
    assert every["cases"] > 50
    assert 0.7 < held["orders", "no change"]["covered"] < 0.9


def test_same_bytes_again(shop):
    before = [(shop / path).read_bytes() for path in OUTPUTS]
    work(context(shop))
    assert [(shop / path).read_bytes() for path in OUTPUTS] == before


def test_cost_that_is_no_covariate_is_refused(shop):
    with pytest.raises(ParamsInvalid, match="names 'cost'"):
        work(context(shop, cost="cost"))


def test_no_lines_are_nothing_to_learn(shop, tmp_path):
    (tmp_path / "data").mkdir()
    none = pq.read_table(shop / "data/original_df.parquet").slice(0, 0)
    pq.write_table(none, tmp_path / "data/original_df.parquet")
    with pytest.raises(NothingToLearn):
        work(context(tmp_path))


def test_more_than_the_memory_holds_is_refused_before_the_work_begins():
    counting.room(25_000, 211, 8 * 10**9, key=None)
    with pytest.raises(TooLarge, match=r"636,180 products in places \(store\).*46 GB.*8 GB.*source.key"):
        counting.room(636_180, 104, 8 * 10**9, key="store")
    with pytest.raises(TooLarge, match="Give fewer products"):
        counting.room(636_180, 104, 8 * 10**9, key=None)
