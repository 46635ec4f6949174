import duckdb
import pytest

from pricetrail.errors import SourceUnreadable
from pricetrail.shop import rows

ORDERS = """
    SELECT i AS line, 'I' || i AS invoiceno, 'P' || i % 5 AS stockcode, i % 7 AS quantity, 1.5 AS unitprice,
        TIMESTAMP '2026-01-01' + to_days(i::INT) AS invoicedate, i / 10 AS mean FROM range(100) AS t(i)
"""


@pytest.fixture
def version(tmp_path):
    """Writes a version of the orders: what of them, in SQL."""

    def write(select="*", where="true"):
        path = tmp_path / f"{abs(hash((select, where)))}.parquet"
        duckdb.execute(f"COPY (SELECT {select} FROM ({ORDERS}) WHERE {where}) TO '{path}' (FORMAT parquet)")
        return path

    return write


def test_equal_tables_have_nothing_to_tell(version):
    found = rows.compare(version(), version(where="line >= 0"))
    assert (found.added, found.removed, found.changed, found.columns) == (0, 0, 0, ())


def test_rows_are_counted_by_what_they_say_and_not_where_they_lie(version):
    found = rows.compare(version(), version("* REPLACE (line + 5 AS line)", "line % 10 > 0"))
    assert (found.before, found.after, found.added, found.removed, found.changed) == (100, 90, 0, 10, 0)


def test_column_worked_out_otherwise_is_a_changed_row(version):
    found = rows.compare(version(), version("* REPLACE (CASE WHEN line < 3 THEN 99 ELSE mean END AS mean)"))
    assert (found.added, found.removed, found.changed) == (0, 0, 3)
    [column] = found.columns
    assert (column.name, round(column.distance, 6), round(column.after, 3)) == ("mean", 0.03, 7.917)


def test_distances_are_those_of_the_textbook(version):
    found = rows.compare(version(where="line < 50"), version(where="line >= 30"))
    moved = {each.name: each for each in found.columns}
    assert round(moved["mean"].distance, 6) == 0.714286  # 50 of the 70 after lie above all before
    assert "stockcode" not in moved
    assert moved["invoicedate"].after == "2026-04-10 00:00:00"


def test_texts_nulls_and_columns_that_came_and_went(version):
    other = version(
        "* EXCLUDE (unitprice) REPLACE (CASE WHEN line < 50 THEN 'P0' END AS stockcode), 1 AS store"
    )
    found = rows.compare(version(), other)
    assert (found.new_columns, found.lost_columns) == (("store",), ("unitprice",))
    [column] = [each for each in found.columns if each.name == "stockcode"]
    assert (round(column.distance, 6), column.before, column.after, column.nulls) == (0.8, 5, 1, (0.0, 0.5))


def test_what_is_no_table(version, tmp_path):
    (tmp_path / "text").write_text("no table")
    with pytest.raises(SourceUnreadable, match="cannot be compared"):
        rows.compare(version(), tmp_path / "text")
