"""The same expressions on two engines: every value that the first stage writes is the same."""

import importlib.util
import math
import os
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from pricetrail.errors import UsageError
from pricetrail.params import Params
from pricetrail.stages import etl_pipeline
from pricetrail.stages.stage import Context
from pricetrail.transactions import engine
from pricetrail.transactions.simulator.files import SCHEMA

pytestmark = pytest.mark.filterwarnings("ignore")  # PySpark warns of pandas, and of much else
DATA = Path(os.environ.get("PRICETRAIL_DATA", Path(__file__).parents[3] / "shared/data"))
REAL = DATA / "online_retail.parquet"
ROWS = int(os.environ.get("PRICETRAIL_SPARK_ROWS", "20000"))
SPARK = importlib.util.find_spec("pyspark") is not None
COLUMNS = {name.lower(): name for name in SCHEMA.names}


def written(root, name):
    """What the stage makes of the first rows of the real file on one engine."""
    (root / "data/raw").mkdir(parents=True)
    lines = pq.read_table(REAL).slice(0, ROWS)
    lines = lines.append_column("store", lines[COLUMNS["country"]])
    pq.write_table(lines, root / "data/raw/0001-orders.parquet")
    values = {"source": {"columns": COLUMNS, "key": "store"}, "etl_pipeline": {"engine": name}}
    (root / "params.yaml").write_text(yaml.safe_dump(values))
    etl_pipeline.work(Context(root, Params.model_validate(values), lambda share, note: None))
    tables = {path.stem: pq.read_table(path) for path in sorted((root / "data").glob("*.parquet"))}
    return tables, (root / "metrics/etl.json").read_text()


def same(one, other):
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return one == other


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.skipif(not REAL.exists(), reason="PRICETRAIL_DATA holds no data")
@pytest.mark.skipif(not SPARK, reason="pyspark is not installed: pip install 'pricetrail[spark]'")
@pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java 17")
def test_spark_says_what_duckdb_says(tmp_path):
    (ours, counts), (theirs, their_counts) = (
        written(tmp_path / name, name) for name in ("duckdb", "pyspark")
    )
    assert their_counts == counts
    assert list(theirs) == list(ours) == ["original_df", "processed_df", "rejected"]
    for name, table in ours.items():
        assert theirs[name].schema.names == table.schema.names
        for column in table.schema.names:
            pairs = zip(table[column].to_pylist(), theirs[name][column].to_pylist(), strict=True)
            wrong = [pair for pair in pairs if not same(*pair)]
            assert not wrong, (name, column, len(wrong), wrong[:3])


@pytest.mark.skipif(SPARK, reason="pyspark is there")
def test_engine_that_is_not_installed_is_named(tmp_path):
    table = engine.connect().create_table("lines", schema={"line": "int64"})
    with pytest.raises(UsageError, match=r"pip install 'pricetrail\[spark\]'"):
        engine.moved(table, "pyspark", tmp_path)
