"""Stage ``preprocess``: chronological parts, and the encoder fitted on the training rows alone."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pricetrail.demand.encode import Encoder
from pricetrail.demand.split import chronological
from pricetrail.files import write_json
from pricetrail.params import Source
from pricetrail.stages.stage import Context, main
from pricetrail.stages.tables import TARGET, columns, write
from pricetrail.transactions.history import CATEGORICAL, numeric

IDS = ("line", "invoiceno", "invoicedate")


def work(context: Context) -> None:
    """Write the parts, raw and encoded, and what the encoding was."""
    settings, root = context.params.preprocess, context.root
    table = pq.read_table(root / "data/processed_df.parquet")
    split = chronological(
        table["invoicedate"].to_numpy(), val_share=settings.val_share, test_share=settings.test_share
    )
    numeric, categorical = features(context.params.source)
    known = table.select([*numeric, *categorical])
    encoder = Encoder.fit(columns(_part(known, split.train)), numeric, categorical)
    write_json(root / "preprocessors/encoder.json", encoder.to_json())
    write_json(
        root / "preprocessors/feature_names.json", {"numeric": encoder.names, "categorical": categorical}
    )
    for done, (name, rows) in enumerate(split.named().items()):
        context.progress(done / 3, f"{name}: {rows.stop - rows.start:,} rows")
        part = _part(table, rows)
        write(root / f"data/x_{name}_df.parquet", part.select([*IDS, *numeric, *categorical]))
        write(root / f"data/y_{name}_df.parquet", part.select(["line", TARGET]))
        write(root / f"data/x_{name}_processed.parquet", encoded(encoder, part))


def features(source: Source) -> tuple[list[str], list[str]]:
    """The numeric and the categorical features of a shop: the usual ones, its covariates and its key."""
    return [*numeric(source.key), *source.covariates], [*CATEGORICAL, *([source.key] if source.key else [])]


def encoded(encoder: Encoder, part: pa.Table) -> pa.Table:
    """The encoded rows: float32 numerics, then int32 category codes."""
    numbers, codes = encoder.transform(columns(part.select(encoder.inputs)))
    arrays = [*np.ascontiguousarray(numbers.T), *np.ascontiguousarray(codes.T)]
    return pa.table(dict(zip([*encoder.names, *encoder.categories], arrays, strict=True)))


def _part(table: pa.Table, rows: slice) -> pa.Table:
    return table.slice(rows.start, rows.stop - rows.start)


if __name__ == "__main__":
    main("preprocess", work)
