"""Where every raw row ends: among the sales, rejected for a fault of its own, or removed as no sale."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import ibis
from ibis import _
from ibis.expr.types import StringValue, Table

from pricetrail.params import Params
from pricetrail.transactions import clean, contract, ingest
from pricetrail.transactions.engine import ask, keep

REJECTED, REMOVED = "rejected", "removed"
SUPERSEDED = "repeated or replaced by a later file"
SHOWN = ("file", "line", "invoiceno", "stockcode", "quantity", "unitprice", "invoicedate", "unread")


@dataclass(frozen=True, slots=True)
class Account:
    """Raw rows in their places.

    Args:
        raw: all rows, in the standard columns and ``code``.
        fates: the rows that are no sales, each once: ``line``, ``outcome`` (rejected or removed), ``reason``.
        sales: the rest, with ``is_registered``.
        horizon: the moment from which on a date was not believed.
    """

    raw: Table
    fates: Table
    sales: Table
    horizon: datetime

    def left_out(self) -> Table:
        """What is no sale, as it was read: ``file``, ``line``, ``outcome``, ``reason``, and its values."""
        front = ("file", "line", "outcome", "reason")
        values = [name for name in self.raw.columns if name not in (*front, "further", "code")]
        return self.raw.inner_join(self.fates, "line").select(*front, *values)

    def figures(self) -> dict[str, Any]:
        """Counts by outcome and reason, which add up to the raw rows; what the sales cover; examples of faults."""
        asked = ask(_facts(self.sales)), ask(_tally(self.fates)), ask(_files(self.raw))
        examples = ask(_examples(self.raw, self.fates))
        (facts,), fates, files = (answer.result() for answer in asked)
        reasons = {
            outcome: {row["reason"]: row["n"] for row in fates if row["outcome"] == outcome}
            for outcome in (REJECTED, REMOVED)
        }
        rejected, removed = (sum(reasons[outcome].values()) for outcome in (REJECTED, REMOVED))
        total = facts["accepted"] + rejected + removed
        return {
            "rows": total,
            "accepted": facts.pop("accepted"),
            "rejected": rejected,
            "removed": removed,
            "rejected_share": rejected / total if total else 0.0,
            **facts,
            "horizon": self.horizon.date().isoformat(),
            "files": {row["file"]: row["n"] for row in files},
            "reasons_rejected": reasons[REJECTED],
            "reasons_removed": reasons[REMOVED],
            "examples": {row.pop("reason"): _shown(row) for row in examples.result()},
        }


def settle(lines: Table, params: Params) -> Account:
    """Decide of each raw row where it belongs.

    Args:
        lines: all raw rows, as ``source.read`` gives them.
        params: the patterns and limits of the first stage, and what the shop declared of its source.
    """
    raw = keep(clean.coded(lines), "raw")
    current = ingest.reconcile(raw, params.source.grain)
    fates = []
    if current is not raw:
        fates.append(_fate(raw.anti_join(current, "line"), REMOVED, ibis.literal(SUPERSEDED)))
    for tell in _idle(current, params):
        idle = keep(tell(current), "idle")
        fates.append(_fate(idle, REMOVED, _.why))
        current = current.anti_join(idle, "line")
    horizon = contract.horizon(current)
    terms = contract.Contract(params.etl_pipeline, params.source, horizon)
    rejected = keep(contract.rejections(current, terms), "rejected")
    accepted = current.anti_join(rejected, "line")
    removed = keep(clean.removals(accepted, params.etl_pipeline), "removed")
    fates += [_fate(rejected, REJECTED, _.reason), _fate(removed, REMOVED, _.why)]
    sales = keep(clean.sales(accepted, removed), "sales")
    return Account(raw, keep(ibis.union(*fates), "fates"), sales, horizon)


def _idle(lines: Table, params: Params) -> Iterator[Callable[[Table], Table]]:
    """What tells the rows that never were a sale, whatever else they hold."""
    if "status" in lines.columns:
        yield partial(clean.void, settings=params.etl_pipeline)
    if params.source.grain == "weekly":
        yield clean.unsold


def _fate(lines: Table, outcome: str, reason: StringValue) -> Table:
    return lines.select("line", outcome=ibis.literal(outcome), reason=reason)


def _facts(sales: Table) -> Table:
    return sales.agg(
        accepted=_.count(),
        first=_.invoicedate.min().strftime("%Y-%m-%d"),
        last=_.invoicedate.max().strftime("%Y-%m-%d"),
        weeks=_.invoicedate.truncate("W").nunique(),
        invoices=_.invoiceno.nunique(),
        products=_.stockcode.nunique(),
        customers=_.customerid.nunique(),
        countries=_.country.nunique(),
    )


def _files(raw: Table) -> Table:
    """How many rows each raw file has, in the order of the files."""
    return raw.group_by("file").agg(n=_.count(), first=_.line.min()).order_by("first")


def _tally(fates: Table) -> Table:
    return fates.group_by("outcome", "reason").agg(n=_.count()).order_by(_.n.desc(), "reason")


def _examples(raw: Table, fates: Table) -> Table:
    """The first rejected row of each reason; no customer is named."""
    first = fates.filter(_.outcome == REJECTED).group_by("reason").agg(line=_.line.min())
    return raw.inner_join(first, "line").select("reason", *SHOWN).order_by("reason")


def _shown(row: dict[str, Any]) -> dict[str, str | None]:
    return {name: None if value is None else str(value) for name, value in row.items()}
