"""A line that is yet to come has the features that it will have when it comes."""

import json
from datetime import datetime, timedelta

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pricetrail.demand.prospect import Line, Prospects
from pricetrail.errors import DataError
from pricetrail.params import Params
from pricetrail.stages import snapshot
from pricetrail.stages.stage import Context
from pricetrail.transactions import history, prices

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table")  # ibis 12 under duckdb 2
START, END = datetime(2011, 1, 3, 9), datetime(2011, 1, 3, 9) + timedelta(hours=199)


def sale(at, rng):
    who = f"{rng.integers(5)}" if rng.random() < 0.7 else None
    return {
        "line": at,
        "file": "orders.csv",
        "invoiceno": f"{at // 3}",
        "stockcode": rng.choice(["A", "B"]),
        "description": "",
        "quantity": float(rng.integers(1, 30)),
        "unitprice": float(rng.choice([1.25, 2.5, 3.75])),
        "invoicedate": START + timedelta(hours=at),
        "customerid": who,
        "country": "France",
        "is_registered": int(who is not None),
        "store": f"{at % 3}",
    }


def loaded(rows):
    found = pa.Table.from_pylist(rows)
    types = {"is_registered": pa.int8(), "invoicedate": pa.timestamp("us")}
    schema = pa.schema([(name, types.get(name, found.schema.field(name).type)) for name in rows[0]])
    engine = ibis.duckdb.connect(threads=1)
    engine.con.register("sales", found.cast(schema))
    return engine.table("sales")


@pytest.fixture(scope="module")
def lines():
    rng = np.random.default_rng(5)
    return [sale(at, rng) for at in range(200)]


def made(root, lines, **source):
    """The folder of the snapshot of a shop with those lines."""
    (root / "data").mkdir()
    params = Params(source=source)
    priced = prices.attach(loaded(lines), params.source)
    pq.write_table(priced.to_pyarrow(), root / "data/original_df.parquet")
    snapshot.work(Context(root, params, lambda share, note: None))
    return root / snapshot.FOLDER


@pytest.fixture(scope="module")
def folder(tmp_path_factory, lines):
    return made(tmp_path_factory.mktemp("shop"), lines)


@pytest.fixture(scope="module")
def prospects(folder):
    return kept(folder)


def kept(folder):
    about = json.loads((folder / "products.json").read_text())
    return Prospects.from_json(about, np.load(folder / "features.npy", allow_pickle=False))


def came(lines, key=None, **other):
    """The features of a new customer's line once it is there."""
    new = {**lines[-1], "line": len(lines), "invoiceno": "new", **other}
    found = history.features(loaded([*lines, new]), key)
    return found.filter(found.line == len(lines)).to_pyarrow().to_pylist()[0]


@pytest.mark.parametrize("price", [2.5, 2.99], ids=["paid before", "new"])
@pytest.mark.parametrize("customer", ["somebody new", None])
@pytest.mark.parametrize("at", [END + timedelta(seconds=1), END + timedelta(days=40, minutes=5)])
def test_features_are_those_of_the_line_that_comes(prospects, lines, price, customer, at):
    registered = customer is not None
    there = {"customerid": customer, "is_registered": int(registered), "invoicedate": at}
    wanted = came(lines, stockcode="B", unitprice=price, **there)
    found = prospects.columns([Line("B", price, registered, at=at)])
    for name in history.NUMERIC:
        known = np.nan if wanted[name] is None else wanted[name]
        assert found[name][0] == pytest.approx(known, rel=1e-5, abs=1e-6, nan_ok=True), name
    assert found["country"].tolist() == ["France"]


@pytest.mark.parametrize("price", [2.5, 2.99], ids=["paid before", "new"])
def test_a_line_to_come_is_where_its_product_was_sold_last(tmp_path, lines, price):
    at, newest = END + timedelta(days=40), next(line for line in reversed(lines) if line["stockcode"] == "B")
    there = {"customerid": None, "is_registered": 0, "invoicedate": at, "store": newest["store"]}
    wanted = came(lines, "store", stockcode="B", unitprice=price, **there)
    found = kept(made(tmp_path, lines, key="store")).columns([Line("B", price, False, at=at)])
    for name in history.numeric("store"):
        known = np.nan if wanted[name] is None else wanted[name]
        assert found[name][0] == pytest.approx(known, rel=1e-5, abs=1e-6, nan_ok=True), name
    assert found["store"].tolist() == [newest["store"]]


def test_what_the_asker_knows_stands(prospects):
    line = Line("A", 2.5, True, country="Spain", known={"repeat_last": 2.0, "customerid": "7"})
    found = prospects.columns([Line("A", 2.5, True), line])
    assert found["repeat_last"][1] == 2.0
    assert found["country"].tolist() == ["France", "Spain"]
    assert found["customerid"].tolist() == ["", "7"]


def test_values_of_another_snapshot_are_refused(prospects):
    with pytest.raises(DataError, match="does not fit"):
        Prospects.from_json(prospects.to_json(), prospects.values[1:])


def test_same_lines_give_the_same_bytes(folder, tmp_path, prospects):
    snapshot.save(tmp_path, prospects)
    for name in ("products.json", "features.npy"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()
