"""Stage ``snapshot``: what is known of every product when the data ends, for the service to forecast from."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import ibis
import numpy as np
import pyarrow as pa

from pricetrail.demand.prospect import CHANNEL, PRICE, Product, Prospects
from pricetrail.files import write_json, writing
from pricetrail.stages.preprocess import features
from pricetrail.stages.stage import Context, main
from pricetrail.stages.tables import columns
from pricetrail.transactions import engine
from pricetrail.transactions.prospects import prospects

FOLDER = "models/snapshot"


def work(context: Context) -> None:
    """Ask the histories about lines to come, and keep what they say."""
    lines = engine.connect().read_parquet(context.root / "data/original_df.parquet")
    key = context.params.source.key
    numeric, _categorical = features(context.params.source)
    names = [PRICE, *numeric]
    table = prospects(lines, key).order_by(ibis.desc("line"), "stockcode").to_pyarrow()
    known = columns(table.select([*{CHANNEL, *names}]))
    values = np.stack([np.asarray(known[name], np.float32) for name in names], axis=1)
    moment: datetime = table["invoicedate"][0].as_py()
    found = Prospects(moment, tuple(names), _products(table, key), values, key)
    save(context.root / FOLDER, found)


def save(folder: Path, found: Prospects) -> None:
    """Write the snapshot: ``products.json`` and ``features.npy``."""
    write_json(folder / "products.json", found.to_json())
    with writing(folder / "features.npy") as draft, draft.open("wb") as file:
        np.save(file, found.values, allow_pickle=False)


def _products(table: pa.Table, key: str | None) -> dict[str, Product]:
    """The rows of each product, which lie together."""
    codes, countries = table["stockcode"].to_pylist(), table["country"].to_pylist()
    places = table[key].to_pylist() if key else [""] * len(codes)
    starts = [at for at in range(len(codes)) if at == 0 or codes[at] != codes[at - 1]]
    stops = [*starts[1:], len(codes)]
    return {
        codes[a]: Product(a, b, countries[a] or "", str(places[a]))
        for a, b in zip(starts, stops, strict=True)
    }


if __name__ == "__main__":
    main("snapshot", work)
