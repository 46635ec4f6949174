"""Stage ``etl_pipeline``: raw order lines to clean lines with as-of features, every raw row accounted for."""

from __future__ import annotations

import tempfile
from pathlib import Path

from ibis.expr.types import Table

from pricetrail.files import write_json
from pricetrail.stages.stage import Context, main
from pricetrail.transactions import account, engine, history, ingest, prices, source

ORDER = ("invoicedate", "invoiceno", "line")


def work(context: Context) -> None:
    """Judge and clean the lines, then describe the sales: list prices, and features as of each line."""
    with tempfile.TemporaryDirectory(prefix="pricetrail-") as scratch:
        raw = source.read(ingest.files(context.root / "data/raw"), context.params.source)
        lines = engine.moved(raw, context.params.etl_pipeline.engine, Path(scratch))
        with engine.ahead(lines):
            _work(context, lines)


def _work(context: Context, lines: Table) -> None:
    root, params = context.root, context.params
    found = account.settle(lines, params)
    figures = found.figures()
    write_json(root / "metrics/etl.json", figures)
    engine.write(found.left_out(), root / "data/rejected.parquet", ("line",))
    engine.drop(found.raw)
    context.progress(0.3, f"{figures['accepted']:,} sales in {figures['rows']:,} rows")
    engine.write(prices.attach(found.sales, params.source), root / "data/original_df.parquet", ORDER)
    context.progress(0.5, "histories")
    told = history.features(found.sales, params.source.key, figures["accepted"])
    engine.write(told, root / "data/processed_df.parquet", ORDER)


if __name__ == "__main__":
    main("etl_pipeline", work)
