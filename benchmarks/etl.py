"""The first stage on the real order lines and on ten times as many: seconds and memory, start included.

python -m benchmarks.etl [--data FILE] [--repeats N] [--json]

Each figure is the median over processes of their own. The larger file holds the lines ten times, each time with
other invoices and customers and 48 weeks later, so that ten years of the same products pass. The targets are 1.5
seconds of work and 1 GB on two cores that have nothing else to do, and ten times the rows in ten times the time.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

import yaml
from benchmarks.part import DATA, REAL
from benchmarks.telling import tell
from benchmarks.turns import Cost, process

TIMES = 10
COLUMNS = {
    "invoiceno": "InvoiceNo",
    "stockcode": "StockCode",
    "description": "Description",
    "quantity": "Quantity",
    "invoicedate": "InvoiceDate",
    "unitprice": "UnitPrice",
    "customerid": "CustomerID",
    "country": "Country",
}
REPLICA = """
COPY (
    SELECT regexp_replace(InvoiceNo, '([0-9]+)$', '') || (regexp_extract(InvoiceNo, '[0-9]+$')::BIGINT + 1000000 * nth)
            AS InvoiceNo,
        StockCode, Description, Quantity, InvoiceDate + to_days(336 * nth::INTEGER) AS InvoiceDate, UnitPrice,
        CustomerID + 100000 * nth AS CustomerID, Country
    FROM read_parquet('{source}'), range({times}) AS again(nth)
    ORDER BY nth, file_row_number
) TO '{target}' (FORMAT parquet)
"""
WRITE = "import sys, duckdb; duckdb.connect().execute('SET enable_progress_bar = false').execute(sys.argv[1])"
STAGE = ("-m", "pricetrail.stages.etl_pipeline")
START = ("-c", "import pricetrail.stages.etl_pipeline")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA / REAL)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), asked.data.resolve(), asked.repeats)
    tell(found, as_json=asked.json)


def measure(folder: Path, data: Path, repeats: int) -> dict[str, object]:
    once, tenfold = shop(folder / "once", data), shop(folder / "tenfold", replica(folder, data))
    start = [python(START, once).clock for _ in range(repeats)]
    small = [python(STAGE, once) for _ in range(repeats)]
    large = [python(STAGE, tenfold) for _ in range(max(1, repeats // 2))]
    seconds, many = (statistics.median(run.clock for run in runs) for runs in (small, large))
    counts = [json.loads((root / "metrics/etl.json").read_text(encoding="utf-8")) for root in (once, tenfold)]
    return {
        "rows": counts[0]["rows"],
        "sales": counts[0]["accepted"],
        "seconds": round(seconds, 2),
        "start_seconds": round(statistics.median(start), 2),
        "work_seconds": round(seconds - statistics.median(start), 2),
        "peak_mb": round(max(run.memory or 0 for run in small)),
        "rows_tenfold": counts[1]["rows"],
        "seconds_tenfold": round(many, 2),
        "peak_mb_tenfold": round(max(run.memory or 0 for run in large)),
        "tenfold_over_once": round(many / seconds, 2),
    }


def shop(root: Path, data: Path) -> Path:
    """As much of a shop as the stage reads."""
    (root / "data/raw").mkdir(parents=True)
    (root / "data/raw/0001-orders.parquet").symlink_to(data)
    shutil.copyfile(files("pricetrail.shop") / "template/dvc.yaml", root / "dvc.yaml")
    (root / "params.yaml").write_text(yaml.safe_dump({"source": {"columns": COLUMNS}}), encoding="utf-8")
    return root


def replica(folder: Path, data: Path) -> Path:
    """The lines ten times, written by another process: a child's peak memory begins at its parent's."""
    target = folder / "tenfold.parquet"
    subprocess.run(
        [sys.executable, "-c", WRITE, REPLICA.format(source=data, times=TIMES, target=target)], check=True
    )
    return target


def python(words: tuple[str, ...], root: Path) -> Cost:
    """A Python process of its own in the shop."""
    return process((sys.executable, *words), root)


if __name__ == "__main__":
    main()
