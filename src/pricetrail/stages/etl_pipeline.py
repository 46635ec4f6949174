"""Stage ``etl_pipeline``: raw order lines to clean lines with as-of features, every raw row accounted for."""

from __future__ import annotations

from pathlib import Path

from ibis.expr.types import Table

from pricetrail.files import write_json, writing
from pricetrail.stages.stage import Context, main
from pricetrail.transactions import account, history, ingest, prices, source
from pricetrail.transactions.engine import drop

ORDER = ("invoicedate", "invoiceno", "line")
ROW_GROUP = 122_880


def work(context: Context) -> None:
    """Judge and clean the lines, then describe the sales: list prices, and features as of each line."""
    root, params = context.root, context.params
    found = account.settle(source.read(ingest.files(root / "data/raw"), params.source), params)
    figures = found.figures()
    write_json(root / "metrics/etl.json", figures)
    _write(root / "data/rejected.parquet", found.left_out(), ("line",))
    drop(found.raw)
    context.progress(0.3, f"{figures['accepted']:,} sales in {figures['rows']:,} rows")
    _write(root / "data/original_df.parquet", prices.attach(found.sales, params.source), ORDER)
    context.progress(0.5, "histories")
    _write(root / "data/processed_df.parquet", history.features(found.sales), ORDER)


def _write(path: Path, table: Table, order: tuple[str, ...]) -> None:
    with writing(path) as draft:
        table.order_by(order).to_parquet(
            draft, compression="zstd", compression_level=1, row_group_size=ROW_GROUP
        )


if __name__ == "__main__":
    main("etl_pipeline", work)
