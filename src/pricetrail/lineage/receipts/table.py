"""A segment's receipts as a Parquet table, for whoever asks in SQL; the proof rests on the receipts themselves.

Columns: ``id`` (the number), ``at`` (timestamp, UTC), ``product``, ``store`` (null without one), ``release``,
``status`` (str or null), ``price`` and ``revenue`` (float64; revenue null where none was quoted).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

from pricetrail.lineage.receipts import number

TEXTS = ("product", "store", "release")


def build(segment: str, receipts: Sequence[bytes], parsed: Sequence[Mapping[str, Any]]) -> bytes:
    """The table's bytes; ``parsed`` holds the receipts' values."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    times = [datetime.fromisoformat(each["at"]).astimezone(UTC) for each in parsed]
    columns = {
        "id": pa.array([str(number.of(segment, at, each)) for at, each in enumerate(receipts)]),
        "at": pa.array(times, pa.timestamp("us", "UTC")),
        **{name: pa.array([each[name] for each in parsed], pa.string()) for name in TEXTS},
        "status": pa.array([each["answer"].get("status") for each in parsed], pa.string()),
        **{name: pa.array([each[name] for each in parsed], pa.float64()) for name in ("price", "revenue")},
    }
    out = BytesIO()
    pq.write_table(pa.table(columns), out, compression="zstd", compression_level=3)
    return out.getvalue()
