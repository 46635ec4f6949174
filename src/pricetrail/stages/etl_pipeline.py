"""Stage ``etl_pipeline``: raw order lines to clean lines with as-of features, every raw row accounted for."""

from __future__ import annotations

import tempfile
from pathlib import Path

from ibis.expr.types import Table

from pricetrail.files import write_json, writing
from pricetrail.stages.stage import Context, main
from pricetrail.transactions import account, engine, history, ingest, prices, source

ORDER = ("invoicedate", "invoiceno", "line")


def work(context: Context) -> None:
    """Judge and clean the lines, then describe the sales: list prices, and features as of each line."""
    with tempfile.TemporaryDirectory(prefix="pricetrail-") as scratch:
        raw = source.read(ingest.files(context.root / "data/raw"), context.params.source)
        _work(context, engine.moved(raw, context.params.etl_pipeline.engine, Path(scratch)))


def _work(context: Context, lines: Table) -> None:
    root, params = context.root, context.params
    found = account.settle(lines, params)
    figures = found.figures()
    write_json(root / "metrics/etl.json", figures)
    _write(root / "data/rejected.parquet", found.left_out(), ("line",))
    engine.drop(found.raw)
    context.progress(0.3, f"{figures['accepted']:,} sales in {figures['rows']:,} rows")
    _write(root / "data/original_df.parquet", prices.attach(found.sales, params.source), ORDER)
    context.progress(0.5, "histories")
    _write(root / "data/processed_df.parquet", history.features(found.sales, params.source.key), ORDER)


def _write(path: Path, table: Table, order: tuple[str, ...]) -> None:
    with writing(path) as draft:
        engine.write(table, draft, order)


if __name__ == "__main__":
    main("etl_pipeline", work)
