"""Stage ``etl_pipeline``: raw order lines to clean lines with as-of features."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ibis
from ibis import _
from ibis.expr.types import Table

from pricetrail.stages.stage import Context, main, write_json, writing
from pricetrail.transactions import clean, contract, history, ingest, prices, source
from pricetrail.transactions.clean import keep

ORDER = ("invoicedate", "invoiceno", "line")


def work(context: Context) -> None:
    """Judge, clean and describe the lines; account for every raw row."""
    root, settings = context.root, context.params.etl_pipeline
    files = ingest.files(root / "data/raw")
    raw = keep(source.read(files, context.params.source), "raw_lines")
    context.progress(0.1, f"{raw.count().execute():,} rows")
    judged = keep(contract.judge(raw, settings), "judged")
    marked = keep(clean.mark(judged.filter(_.reason.isnull()).drop("reason"), settings), "marked_lines")
    sales = keep(_sales(marked), "sales")
    _write(root / "data/rejected.parquet", judged.filter(_.reason.notnull()), ("line",))
    write_json(root / "metrics/etl.json", _account(judged, marked, sales))
    context.progress(0.4, "list prices and histories")
    _write(root / "data/original_df.parquet", prices.attach(sales), ORDER)
    _write(root / "data/processed_df.parquet", history.features(sales), ORDER)


def _sales(marked: Table) -> Table:
    return marked.filter(_.why.isnull()).drop("why").mutate(is_registered=_.customerid.notnull().cast("int8"))


def _account(judged: Table, marked: Table, sales: Table) -> dict[str, Any]:
    """Where every raw row went; the parts add up to the whole."""
    rejected, removed = _tally(judged, "reason"), _tally(marked, "why")
    rows = int(judged.count().execute())
    known = sales.aggregate(
        rows=_.count(),
        first=_.invoicedate.min().strftime("%Y-%m-%d"),
        last=_.invoicedate.max().strftime("%Y-%m-%d"),
        invoices=_.invoiceno.nunique(),
        products=_.stockcode.nunique(),
        customers=_.customerid.nunique(),
        countries=_.country.nunique(),
    )
    facts = known.to_pyarrow().to_pylist()[0]
    return {
        "rows": rows,
        "accepted": facts.pop("rows"),
        "rejected": sum(rejected.values()),
        "removed": sum(removed.values()),
        "rejected_share": sum(rejected.values()) / rows if rows else 0.0,
        **facts,
        "reasons_rejected": rejected,
        "reasons_removed": removed,
    }


def _tally(lines: Table, column: str) -> dict[str, int]:
    counts = lines.filter(_[column].notnull()).group_by(column).agg(n=_.count())
    return {row[column]: row["n"] for row in counts.order_by(ibis.desc("n"), column).to_pyarrow().to_pylist()}


def _write(path: Path, table: Table, order: tuple[str, ...]) -> None:
    with writing(path) as draft:
        table.order_by(order).to_parquet(draft, compression="zstd")


if __name__ == "__main__":
    main("etl_pipeline", work)
