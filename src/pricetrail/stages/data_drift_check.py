"""Stage ``data_drift_check``: has what is newer drifted from what the model knows? The verdict is data."""

from __future__ import annotations

import json
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pricetrail.files import write_json, writing
from pricetrail.params import DriftCheck
from pricetrail.stages.stage import Context, main
from pricetrail.transactions import report, workspace
from pricetrail.transactions.drift import check
from pricetrail.transactions.observations import READS


def work(context: Context) -> None:
    """Write the figures and the report, and add them to the workspace.

    A cloud that cannot be reached is told of on stderr; the check is good without it.
    """
    root, settings = context.root, context.params.data_drift_check
    since = newer_than(root / "production/release.json")
    lines = _lines(root / "data/processed_df.parquet", context.params.source.key, settings, since)
    drift = check(lines, settings, since=since)
    rendered = None
    if drift.shifts:
        context.progress(0.3, "Evidently's report")
        snapshot = report.snapshot(drift)
        rendered = report.render(snapshot)
        folder = workspace.folder_of(root, settings.workspace)
        workspace.keep(folder, drift, snapshot)
        context.progress(0.9, "the workspace")
        problem = workspace.share(folder, settings.workspace)
        if problem is not None:
            sys.stderr.write(f"data_drift_check: {problem}\n")
    with writing(root / "reports/data_drift_report.html") as draft:
        draft.write_text(report.page(drift, rendered), encoding="utf-8")
    write_json(root / "metrics/data_drift.json", drift.to_dict())


def _lines(path: Path, key: str | None, settings: DriftCheck, since: datetime | None) -> pd.DataFrame:
    """What is checked of each line, and no older ones than are compared.

    With a key, a product is another one in each place: it has its own price there.
    """
    names = [*READS, *([key] if key else [])]
    moments = pq.read_table(path, columns=["invoicedate"])["invoicedate"]
    last: datetime = pc.max(moments).as_py() or datetime.max
    newer = min(since or last, last - timedelta(days=settings.window_days))
    known = [("invoicedate", ">=", newer - timedelta(days=settings.reference_days))]
    table = pq.read_table(path, columns=list(dict.fromkeys(names)), filters=known)
    lines: pd.DataFrame = table.to_pandas()
    if key:
        lines["stockcode"] = lines["stockcode"].str.cat(lines[key].astype(str), sep="\n")
    return lines


def newer_than(release: Path) -> datetime | None:
    """From when on order lines are new to the production release; None where there is none.

    ``rows_until`` of the release is the day, or the moment, of its newest line.
    """
    if not release.exists():
        return None
    text = str(json.loads(release.read_text(encoding="utf-8"))["rows_until"])
    until = datetime.fromisoformat(text).replace(tzinfo=None)
    return until + (timedelta(days=1) if len(text) == len("2011-10-31") else timedelta(microseconds=1))


if __name__ == "__main__":
    main("data_drift_check", work)
