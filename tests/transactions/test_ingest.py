import re
import subprocess
import sys
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricetrail.errors import SchemaMismatch, SourceUnreadable
from pricetrail.params import Source
from pricetrail.transactions import ingest, source

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table")  # ibis 12 under duckdb 2

NAMES = ("invoiceno", "stockcode", "quantity", "invoicedate", "unitprice")
LINES = Source(columns={name: name for name in NAMES})
WEEKS = Source(columns={name: name for name in NAMES[1:]}, grain="weekly", key="store")


def exported(path, *lines, names=NAMES):
    """Lines as '1 A 3 2011-01-05 2.50'."""
    path.write_text("\n".join([",".join(names), *(line.replace(" ", ",") for line in lines), ""]))
    return path


@pytest.fixture
def raw(tmp_path):
    folder = tmp_path / "data" / "raw"
    folder.mkdir(parents=True)
    return folder


def kept(raw, settings=LINES):
    lines = ingest.reconcile(source.read(ingest.files(raw), settings), settings.grain)
    said = "{invoiceno} {stockcode} {quantity:g} {invoicedate:%m-%d} {file:.4}"
    return [said.format(**row) for row in lines.order_by("line").to_pyarrow().to_pylist()]


def test_first_file(raw, tmp_path):
    path = exported(tmp_path / "jan [1].csv", "1 A 3 2011-01-05 2.50", "1 B 1 2011-01-06 2.50")
    added = ingest.add(raw, [path], LINES)
    assert (added.names, added.already) == (("0001-jan _1_.csv",), ())
    assert added.report == ingest.Report(2, 2, 0, 0, 0, (datetime(2011, 1, 5), datetime(2011, 1, 6)))
    assert (raw / added.names[0]).read_bytes() == path.read_bytes()


def test_same_bytes_add_nothing(raw, tmp_path):
    path = exported(tmp_path / "jan.csv", "1 A 3 2011-01-05 2.50")
    again = exported(tmp_path / "other.csv", "1 A 3 2011-01-05 2.50")
    ingest.add(raw, [path, again], LINES)
    assert ingest.add(raw, [again], LINES) == ingest.Added((), ("other.csv",), None, ())
    assert [file.name for file in ingest.files(raw)] == ["0001-jan.csv"]


def test_next_number_follows_the_largest(raw, tmp_path):
    exported(raw / "0009-old.csv", "1 A 3 2011-01-05 2.50")
    exported(raw / "by-hand.csv", "2 A 3 2011-01-05 2.50")
    ingest.add(raw, [exported(tmp_path / "new.csv", "3 A 3 2011-01-05 2.50")], LINES)
    assert [file.name for file in ingest.files(raw)] == ["0009-old.csv", "0010-new.csv", "by-hand.csv"]


def test_very_long_name(raw, tmp_path):
    path = exported(tmp_path / f"{'x' * 250}.csv", "1 A 3 2011-01-05 2")
    assert ingest.add(raw, [path], LINES).names == (f"0001-{'x' * 116}.csv",)


def test_overlap_is_reported(raw, tmp_path):
    exported(raw / "0001-a.csv", "1 A 3 2011-01-05 2", "2 A 1 2011-01-06 2", "2 B 1 2011-01-06 2")
    changed = ["2 A 1 2011-01-06 2", "2 B 9 2011-01-06 2"]
    later = exported(tmp_path / "b.csv", "1 A 3 2011-01-05 2", *changed, "3 A 1 2011-01-07 2")
    report = ingest.compare(ingest.files(raw), [later], LINES)
    assert report == ingest.Report(4, 2, 2, 1, 2, (datetime(2011, 1, 5), datetime(2011, 1, 7)))


def test_later_version_of_an_invoice_wins(raw):
    exported(raw / "0001-a.csv", "1 A 3 2011-01-05 2", "2 A 1 2011-01-06 2", "2 B 1 2011-01-06 2")
    exported(raw / "0002-b.csv", "2 A 5 2011-01-06 2", "3 A 1 2011-01-07 2")
    assert kept(raw) == ["1 A 3 01-05 0001", "2 A 5 01-06 0002", "3 A 1 01-07 0002"]


def test_repeated_invoice_stays_where_it_was(raw):
    exported(raw / "0001-a.csv", "1 A 3 2011-01-05 2", "1 A 3 2011-01-05 2", "1 B 1 2011-01-05 2")
    exported(raw / "0002-b.csv", "1 B 1 2011-01-05 2", "1 A 3 2011-01-05 2", "1 A 3 2011-01-05 2")
    assert kept(raw) == ["1 A 3 01-05 0001", "1 A 3 01-05 0001", "1 B 1 01-05 0001"]


def test_lines_before_the_later_period_stay(raw):
    exported(raw / "0001-a.csv", "1 A 3 2011-01-05 2", "1 B 3 2011-01-07 2")
    exported(raw / "0002-b.csv", "1 B 4 2011-01-07 2", "2 A 1 2011-01-08 2")
    assert kept(raw) == ["1 A 3 01-05 0001", "1 B 4 01-07 0002", "2 A 1 01-08 0002"]


def test_version_that_comes_back(raw):
    exported(raw / "0001-a.csv", "1 A 3 2011-01-05 2")
    exported(raw / "0002-b.csv", "1 A 4 2011-01-05 2")
    exported(raw / "0003-c.csv", "1 A 3 2011-01-05 2", "2 A 1 2011-01-05 2")
    assert kept(raw) == ["1 A 3 01-05 0003", "2 A 1 01-05 0003"]


def test_invoice_that_is_gone_later_stays(raw):
    exported(raw / "0001-a.csv", "1 A 3 2011-01-05 2", "2 A 3 2011-01-06 2")
    exported(raw / "0002-b.csv", "2 A 3 2011-01-06 2", "3 A 3 2011-01-05 2")
    assert kept(raw) == ["1 A 3 01-05 0001", "2 A 3 01-06 0001", "3 A 3 01-05 0002"]


def test_lines_without_invoice_or_date_stay(raw):
    exported(raw / "0001-a.csv", " A 3 2011-01-05 2", "1 A 3 never 2")
    exported(raw / "0002-b.csv", " A 3 2011-01-05 2", "1 A 4 2011-01-05 2")
    lines = ingest.reconcile(source.read(ingest.files(raw), LINES))
    assert lines.count().execute() == 4


def test_weeks_are_reconciled_row_by_row(raw):
    names = ("store", *NAMES[1:])
    exported(raw / "0001-a.csv", "1 A 3 40 2.5", "1 B 3 40 2.5", "2 A 3 40 2.5", names=names)
    exported(raw / "0002-b.csv", "1 A 4 40 2.5", "1 A 5 41 2.5", names=names)
    old = ["1-1970-10-12 B 3 10-12 0001", "2-1970-10-12 A 3 10-12 0001"]
    assert kept(raw, WEEKS) == [*old, "1-1970-10-12 A 4 10-12 0002", "1-1970-10-19 A 5 10-19 0002"]


line = st.builds(
    "{} {} {} 2011-01-{:02} 2.5".format,
    st.integers(1, 4),
    st.sampled_from("AB"),
    st.integers(1, 2),
    st.integers(1, 5),
)


@settings(deadline=None, max_examples=10)
@given(st.lists(st.lists(line, min_size=1, max_size=6, unique=True), min_size=1, max_size=3))
def test_exporting_it_all_again_changes_nothing(tmp_path_factory, exports):
    raw = tmp_path_factory.mktemp("raw")
    for at, export in enumerate(exports, 1):
        exported(raw / f"{at:04}-x.csv", *export)
    once = kept(raw)
    again = [re.sub(r" (\d\d-\d\d) \d+$", r" 2011-\1 2.5", told) for told in once]
    exported(raw / "0009-all.csv", *again)
    assert sorted(told[:-5] for told in kept(raw)) == sorted(told[:-5] for told in once)


def test_one_file_is_left_alone(raw):
    exported(raw / "0001-a.csv", "1 A 3 2011-01-05 2", "1 A 3 2011-01-05 2")
    lines = source.read(ingest.files(raw), LINES)
    assert ingest.reconcile(lines) is lines


@pytest.mark.parametrize(("bad", "error"), [("a,b\n1,2\n", SchemaMismatch), ("nonsense", SourceUnreadable)])
def test_nothing_is_added_when_one_file_is_bad(raw, tmp_path, bad, error):
    good = exported(tmp_path / "good.csv", "1 A 3 2011-01-05 2")
    (tmp_path / "bad.csv").write_text(bad)
    with pytest.raises(error):
        ingest.add(raw, [good, tmp_path / "bad.csv"], LINES)
    assert [*raw.parent.rglob("*")] == [raw]


def test_interrupted_before_the_end(raw, tmp_path):
    def interrupt(share, note):
        if note == "adding":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ingest.add(raw, [exported(tmp_path / "a.csv", "1 A 3 2011-01-05 2")], LINES, interrupt)
    assert [*raw.parent.rglob("*")] == [raw]


FULL = """
import resource, sys
from pathlib import Path
from pricetrail.errors import SourceUnreadable
from pricetrail.params import Source
from pricetrail.transactions import ingest

resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
raw, *given = map(Path, sys.argv[1:])
columns = {name: name for name in ("invoiceno", "stockcode", "quantity", "invoicedate", "unitprice")}
try:
    ingest.add(raw, given, Source(columns=columns))
except SourceUnreadable as error:
    print(error)
"""
"""A process of its own, in which no file can grow beyond 1,000 bytes."""


def test_disk_full(raw, tmp_path):
    long = exported(tmp_path / "a.csv", *(f"{at} A 3 2011-01-05 2" for at in range(100)))
    short = exported(tmp_path / "b.csv", "1 A 3 2011-01-05 2")
    words = [sys.executable, "-W", "ignore", "-c", FULL, raw, short, long]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert re.search(r"could not be copied .*; nothing was added", said)
    assert [*raw.parent.rglob("*")] == [raw]
