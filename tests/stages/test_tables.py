"""A table written piece by piece is the table; of a file no more is read than is asked for."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pricetrail.stages.tables import rows_of, streaming, write


@pytest.fixture
def table():
    return pa.table({"line": np.arange(1000), "code": np.arange(1000).astype(str)})


@pytest.mark.parametrize(("first", "stop"), [(0, 1000), (99, 101), (100, 200), (950, 1000), (7, 7)])
def test_consecutive_rows_of_a_file(tmp_path, table, first, stop):
    pq.write_table(table, tmp_path / "lines.parquet", row_group_size=100)
    assert rows_of(tmp_path / "lines.parquet", slice(first, stop)) == table.slice(first, stop - first)
    assert rows_of(tmp_path / "lines.parquet", slice(first, stop), ["code"]).column_names == ["code"]


def test_one_piece_gives_the_bytes_of_the_whole(tmp_path, table):
    write(tmp_path / "whole.parquet", table)
    with streaming(tmp_path / "piece.parquet", table.schema) as writer:
        writer.write_table(table)
    assert (tmp_path / "piece.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()
