"""``pricetrail simulate`` as it is typed."""

import json

import pyarrow.csv as csv
import pyarrow.parquet as pq
import pytest
import typer
from typer.testing import CliRunner

from pricetrail.cli.simulate import simulate
from pricetrail.errors import UsageError

SMALL = ["--rows", "800", "--products", "20", "--weeks", "6", "--customers", "40"]


def typed(*words):
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(simulate)
    return CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)


def test_answers_in_json(tmp_path):
    out = tmp_path / "deep" / "orders.parquet"
    made = json.loads(typed(out, *SMALL, "--json").stdout)
    truth = json.loads((tmp_path / "deep" / "orders.parquet.truth.json").read_text())
    assert made["lines"]["rows"] == pq.read_metadata(out).num_rows == truth["lines"]["rows"]
    assert made["products"] == len(truth["products"]) == 20


def test_csv_and_shocks(tmp_path):
    shocks = ["--shock", "price:0.2@last-week", "--shock", "products:0.1@2024-01-20"]
    typed(tmp_path / "orders.csv", *SMALL, *shocks, "--truth", tmp_path / "known.json")
    truth = json.loads((tmp_path / "known.json").read_text())
    assert [shock["week"] for shock in truth["settings"]["shocks"]] == [5, 2]
    assert len(truth["products"]) == 22
    assert csv.read_csv(tmp_path / "orders.csv").num_rows == truth["lines"]["rows"]


@pytest.mark.parametrize(
    ("out", "truth"), [("orders.xlsx", "t.json"), ("orders", "t.json"), ("t.csv", "t.csv")]
)
def test_files_that_do_not_fit(tmp_path, out, truth):
    with pytest.raises(UsageError, match=r"Order lines go to a \.parquet or \.csv file"):
        typed(tmp_path / out, *SMALL, "--truth", tmp_path / truth)
    assert list(tmp_path.iterdir()) == []
