"""Stage ``preprocess``: chronological parts, and the encoder fitted on the training rows alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pricetrail.demand.encode import Encoder
from pricetrail.demand.split import chronological
from pricetrail.files import write_json
from pricetrail.params import Source
from pricetrail.stages.stage import Context, main
from pricetrail.stages.tables import GROUP, TARGET, columns, rows_of, streaming
from pricetrail.transactions.history import CATEGORICAL, numeric

IDS = ("line", "invoiceno", "invoicedate")


def work(context: Context) -> None:
    """Write the parts, raw and encoded, and what the encoding was."""
    settings, root = context.params.preprocess, context.root
    path = root / "data/processed_df.parquet"
    moments = pq.read_table(path, columns=["invoicedate"])["invoicedate"].to_numpy()
    shares = chronological(moments, val_share=settings.val_share, test_share=settings.test_share)
    split = shares.newest(settings.newest_rows)
    numeric, categorical = features(context.params.source)
    known = rows_of(path, split.train, [*numeric, *categorical])
    encoder = Encoder.fit(columns(known), numeric, categorical)
    write_json(root / "preprocessors/encoder.json", encoder.to_json())
    write_json(
        root / "preprocessors/feature_names.json", {"numeric": encoder.names, "categorical": categorical}
    )
    for done, (name, rows) in enumerate(split.named().items()):
        context.progress(done / 3, f"{name}: {rows.stop - rows.start:,} rows")
        _write(root, name, encoder, _pieces(path, rows, [*IDS, TARGET, *numeric, *categorical]))


def _pieces(path: Path, rows: slice, chosen: list[str]) -> Iterator[pa.Table]:
    for first in range(rows.start, rows.stop, GROUP):
        yield rows_of(path, slice(first, min(first + GROUP, rows.stop)), chosen)


def _write(root: Path, name: str, encoder: Encoder, pieces: Iterator[pa.Table]) -> None:
    """Write one part piece by piece: as it was, its target, and encoded."""
    with ExitStack() as opened:
        writers = dict[str, pq.ParquetWriter]()
        for piece in pieces:
            found = {
                f"x_{name}_df": piece.select([*IDS, *encoder.inputs]),
                f"y_{name}_df": piece.select(["line", TARGET]),
                f"x_{name}_processed": encoded(encoder, piece),
            }
            for file, told in found.items():
                plain = told.replace_schema_metadata(None)
                if file not in writers:
                    path = root / f"data/{file}.parquet"
                    writers[file] = opened.enter_context(streaming(path, plain.schema))
                writers[file].write_table(plain)


def features(source: Source) -> tuple[list[str], list[str]]:
    """The numeric and the categorical features of a shop: the usual ones, its covariates and its key."""
    return [*numeric(source.key), *source.covariates], [*CATEGORICAL, *([source.key] if source.key else [])]


def encoded(encoder: Encoder, part: pa.Table) -> pa.Table:
    """The encoded rows: float32 numerics, then int32 category codes."""
    numbers, codes = encoder.transform(columns(part.select(encoder.inputs)))
    arrays = [*np.ascontiguousarray(numbers.T), *np.ascontiguousarray(codes.T)]
    return pa.table(dict(zip([*encoder.names, *encoder.categories], arrays, strict=True)))


if __name__ == "__main__":
    main("preprocess", work)
