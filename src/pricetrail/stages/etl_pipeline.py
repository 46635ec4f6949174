"""Stage ``etl_pipeline``: raw order lines to clean lines with as-of features.

Each raw row ends in exactly one place: among the sales, rejected for a fault of its own, or removed because it is
no sale of a product. ``data/rejected.parquet`` holds the last two with the reason, ``metrics/etl.json`` counts all.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ibis
from ibis import _
from ibis.expr.types import Table

from pricetrail.params import Params
from pricetrail.stages.stage import Context, main, write_json, writing
from pricetrail.transactions import clean, contract, history, ingest, prices, source
from pricetrail.transactions.clean import keep

ORDER = ("invoicedate", "invoiceno", "line")
ROW_GROUP = 122_880
REJECTED, REMOVED = "rejected", "removed"
SHOWN = ("file", "line", "invoiceno", "stockcode", "quantity", "unitprice", "invoicedate", "unread")
SUPERSEDED = "repeated or replaced by a later file"


def work(context: Context) -> None:
    """Judge, clean and describe the lines; account for every raw row."""
    root, params = context.root, context.params
    raw = keep(clean.coded(source.read(ingest.files(root / "data/raw"), params.source)), "raw")
    context.progress(0.1, f"{raw.count().to_pyarrow().as_py():,} rows read")
    fates, sales = sort_out(raw, params)
    write_json(root / "metrics/etl.json", _account(raw, fates, sales))
    _write(root / "data/rejected.parquet", _left_out(raw, fates), ("line",))
    context.progress(0.4, "list prices")
    _write(root / "data/original_df.parquet", prices.attach(sales, params.source), ORDER)
    context.progress(0.6, "histories")
    _write(root / "data/processed_df.parquet", history.features(sales), ORDER)


def sort_out(raw: Table, params: Params) -> Sorted:
    """Decide of each raw row where it belongs."""
    current = ingest.reconcile(raw, params.source.grain)
    horizon = contract.horizon(current)
    terms = contract.Contract(params.etl_pipeline, params.source, horizon)
    rejected = keep(contract.rejections(current, terms), "rejected")
    accepted = current.anti_join(rejected, "line")
    removed = keep(clean.removals(accepted, params.etl_pipeline), "removed")
    fates = [_fate(rejected, REJECTED, _.reason), _fate(removed, REMOVED, _.why)]
    if current is not raw:
        fates.append(_fate(raw.anti_join(current, "line"), REMOVED, ibis.literal(SUPERSEDED)))
    sales = keep(clean.sales(accepted, removed), "sales")
    return Sorted(keep(ibis.union(*fates), "fates"), sales, horizon)


def _fate(lines: Table, outcome: str, reason: Value) -> Table:
    return lines.select("line", outcome=ibis.literal(outcome), reason=reason)


def _account(raw: Table, fates: Table, sales: Table) -> dict[str, Any]:
    """Where every raw row went; the parts add up to the whole."""
    facts = _facts(sales)
    tallies = {outcome: _tally(fates.filter(_.outcome == outcome)) for outcome in (REJECTED, REMOVED)}
    rejected, removed = (sum(tallies[outcome].values()) for outcome in (REJECTED, REMOVED))
    rows = facts["accepted"] + rejected + removed
    return {
        "rows": rows,
        "accepted": facts.pop("accepted"),
        "rejected": rejected,
        "removed": removed,
        "rejected_share": rejected / rows if rows else 0.0,
        **facts,
        "reasons_rejected": tallies[REJECTED],
        "reasons_removed": tallies[REMOVED],
        "examples": _examples(raw, fates.filter(_.outcome == REJECTED)),
    }


def _facts(sales: Table) -> dict[str, Any]:
    found = sales.agg(
        accepted=_.count(),
        first=_.invoicedate.min().strftime("%Y-%m-%d"),
        last=_.invoicedate.max().strftime("%Y-%m-%d"),
        weeks=_.invoicedate.truncate("W").nunique(),
        invoices=_.invoiceno.nunique(),
        products=_.stockcode.nunique(),
        customers=_.customerid.nunique(),
        countries=_.country.nunique(),
    )
    facts: dict[str, Any] = found.to_pyarrow().to_pylist()[0]
    return facts


def _tally(fates: Table) -> dict[str, int]:
    counts = fates.group_by("reason").agg(n=_.count()).order_by(_.n.desc(), "reason")
    return {row["reason"]: row["n"] for row in counts.to_pyarrow().to_pylist()}


def _examples(raw: Table, fates: Table) -> dict[str, dict[str, str | None]]:
    """The first row of each reason, as text; nobody's name or number is among it."""
    first = fates.group_by("reason").agg(line=_.line.min())
    rows = raw.inner_join(first, "line").select("reason", *SHOWN).order_by("reason").to_pyarrow().to_pylist()
    return {
        row.pop("reason"): {name: None if value is None else str(value) for name, value in row.items()}
        for row in rows
    }


def _left_out(raw: Table, fates: Table) -> Table:
    front = ["file", "line", "outcome", "reason"]
    joined = raw.inner_join(fates, "line")
    return joined.select(*front, *[name for name in raw.columns if name not in (*front, "code")])


def _write(path: Path, table: Table, order: tuple[str, ...]) -> None:
    with writing(path) as draft:
        table.order_by(order).to_parquet(draft, compression="zstd", row_group_size=ROW_GROUP)


if __name__ == "__main__":
    main("etl_pipeline", work)
