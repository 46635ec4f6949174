"""The encoded parts as files: how ``preprocess`` writes them and every later stage reads them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pricetrail.demand.rows import Codes, Floats, Rows
from pricetrail.files import writing

TARGET = "quantity"
GROUP = 2**20
"""How many rows are at work at once, and lie in a row group of what is written."""


def write(path: Path, table: pa.Table) -> None:
    """Write a table as Parquet, with nothing in it but its columns."""
    with writing(path) as draft:
        pq.write_table(table.replace_schema_metadata(None), draft, compression="zstd")


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One column of ``columns``: its values, or of texts, which are told once, each line's place among them."""

    values: np.ndarray[Any, Any]
    texts: np.ndarray[Any, Any] | None

    def take(self, chosen: slice | np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Some of the lines' values or texts."""
        values = self.values[chosen]
        return values if self.texts is None else self.texts[values]

    def some(self, chosen: np.ndarray[Any, Any]) -> Column:
        """The column of some of the lines."""
        return Column(self.values[chosen], self.texts)


@contextmanager
def streaming(path: Path, schema: pa.Schema) -> Iterator[pq.ParquetWriter]:
    """Write a table piece by piece; pieces of ``GROUP`` rows give the same bytes as the whole table at once."""
    with writing(path) as draft, pq.ParquetWriter(draft, schema, compression="zstd") as opened:
        yield opened


def rows_of(path: Path, rows: slice, chosen: list[str] | None = None) -> pa.Table:
    """Consecutive rows of a file, of which no more is read than the row groups that they lie in."""
    with pq.ParquetFile(path) as file:
        sizes = [file.metadata.row_group(at).num_rows for at in range(file.metadata.num_row_groups)]
        edges = list(enumerate(pairwise(accumulate(sizes, initial=0))))
        met = [(at, first) for at, (first, end) in edges if first < rows.stop and end > rows.start]
        first = met[0][1] if met else rows.start
        read = [file.read_row_group(at, chosen) for at, _ in met] or [file.read_row_groups([], chosen)]
    return pa.concat_tables(read).slice(rows.start - first, rows.stop - rows.start)


def picked(path: Path, rows: np.ndarray[Any, Any]) -> pa.Table:
    """Some rows of a file, in the order asked for; one of its row groups is held at a time."""
    order = np.argsort(rows, kind="stable")
    wanted, first, found = rows[order], 0, []
    with pq.ParquetFile(path) as file:
        for at in range(file.metadata.num_row_groups):
            group = file.read_row_group(at)
            here = wanted[(wanted >= first) & (wanted < first + len(group))]
            found.append(group.take(here - first))
            first += len(group)
    return pa.concat_tables(found).take(np.argsort(order))


def names(root: Path) -> tuple[list[str], list[str]]:
    """The encoded numeric columns and the categorical ones, in the models' order."""
    found: dict[str, list[str]] = json.loads(
        (root / "preprocessors/feature_names.json").read_text(encoding="utf-8")
    )
    return found["numeric"], found["categorical"]


def part(root: Path, name: str) -> Rows:
    """One part (``train``, ``val`` or ``test``), encoded, with its target on the log1p scale."""
    numeric, codes = matrices(root, pq.read_table(root / f"data/x_{name}_processed.parquet"))
    quantity = pq.read_table(root / f"data/y_{name}_df.parquet")[TARGET].to_numpy()
    return Rows(numeric, codes, np.log1p(quantity).astype(np.float32))


def matrices(root: Path, encoded: pa.Table) -> tuple[Floats, Codes]:
    """Encoded rows as the models take them."""
    numeric, categorical = names(root)
    return _matrix(encoded, numeric, np.float32), _matrix(encoded, categorical, np.int32)


def columns(table: pa.Table) -> dict[str, np.ndarray[Any, Any]]:
    """A table as numpy columns: numbers as they are with null as NaN, text as objects with null as ''."""
    return {name: column(table[name]) for name in table.column_names}


def column(values: pa.ChunkedArray) -> np.ndarray[Any, Any]:
    """One column of ``columns``. Each text is one object, however often it occurs."""
    return held(values).take(slice(None))


def held(values: pa.ChunkedArray) -> Column:
    """The same in little room."""
    coded = pa.types.is_dictionary(values.type)
    if not (coded or pa.types.is_string(values.type) or pa.types.is_large_string(values.type)):
        return Column(np.asarray(values.to_numpy(zero_copy_only=False)), None)
    chunks = (values if coded else values.dictionary_encode()).unify_dictionaries().chunks
    texts = np.array([*(chunks[0].dictionary.to_pylist() if chunks else []), ""], object)
    places = [chunk.indices.fill_null(len(texts) - 1).to_numpy(zero_copy_only=False) for chunk in chunks]
    return Column(np.concatenate([np.empty(0, np.int32), *places]), texts)


def _matrix(table: pa.Table, chosen: list[str], kind: type) -> np.ndarray[Any, Any]:
    matrix = np.empty((table.num_rows, len(chosen)), kind)
    for at, name in enumerate(chosen):
        matrix[:, at] = table[name].to_numpy()
    return matrix
