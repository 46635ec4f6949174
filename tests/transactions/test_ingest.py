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
    columns = [name for name in NAMES if name in lines.columns]
    got = lines.order_by("line").to_pyarrow().select([*columns, "file"]).to_pylist()
    return [
        f"{r['invoiceno']} {r['stockcode']} {r['quantity']:g} {r['invoicedate']:%m-%d} {r['file'][:4]}"
        for r in got
    ]


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
    added = ingest.add(raw, [again], LINES)
    assert added == ingest.Added((), ("other.csv",), None, ())
    assert [file.name for file in ingest.files(raw)] == ["0001-jan.csv"]


def test_next_number_follows_the_largest(raw, tmp_path):
    exported(raw / "0009-old.csv", "1 A 3 2011-01-05 2.50")
    exported(raw / "by-hand.csv", "2 A 3 2011-01-05 2.50")
    ingest.add(raw, [exported(tmp_path / "new.csv", "3 A 3 2011-01-05 2.50")], LINES)
    assert [file.name for file in ingest.files(raw)] == ["0009-old.csv", "0010-new.csv", "by-hand.csv"]


def test_overlap_is_reported(raw, tmp_path):
    ingest.add(
        raw,
        [
            exported(
                tmp_path / "1.csv", "1 A 3 2011-01-05 2.50", "2 A 1 2011-01-06 2.50", "2 B 1 2011-01-06 2.50"
            )
        ],
        LINES,
    )
    later = exported(
        tmp_path / "2.csv",
        "1 A 3 2011-01-05 2.50",
        "2 A 1 2011-01-06 2.50",
        "2 B 9 2011-01-06 2.50",
        "3 A 1 2011-01-07 2",
    )
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


def test_weeks_are_reconciled_row_by_row(raw):
    names = ("store", *NAMES[1:])
    exported(raw / "0001-a.csv", "1 A 3 40 2.5", "1 B 3 40 2.5", "2 A 3 40 2.5", names=names)
    exported(raw / "0002-b.csv", "1 A 4 40 2.5", "1 A 5 41 2.5", names=names)
    assert [line.split()[1:3] for line in kept(raw, WEEKS)] == [
        ["B", "3"],
        ["A", "3"],
        ["A", "4"],
        ["A", "5"],
    ]


lines = st.builds(
    "{} {} {} 2011-01-{:02} 2.5".format,
    st.integers(1, 4),
    st.sampled_from("AB"),
    st.integers(1, 2),
    st.integers(1, 5),
)
exports = st.lists(st.lists(lines, min_size=1, max_size=6, unique=True), min_size=1, max_size=3)


@settings(deadline=None, max_examples=10)
@given(exports)
def test_ingesting_all_again_changes_nothing(tmp_path_factory, exports):
    raw = tmp_path_factory.mktemp("raw")
    for at, export in enumerate(exports, 1):
        exported(raw / f"{at:04}-x.csv", *export)
    once = kept(raw)
    exported(
        raw / "0009-all.csv",
        *(" ".join([*line.split()[:3], f"2011-{line.split()[3]}", "2.5"]) for line in once),
    )
    assert sorted(line[:-5] for line in kept(raw)) == sorted(line[:-5] for line in once)


def test_one_file_is_left_alone(raw):
    exported(raw / "0001-a.csv", "1 A 3 2011-01-05 2", "1 A 3 2011-01-05 2")
    lines = source.read(ingest.files(raw), LINES)
    assert ingest.reconcile(lines) is lines


def test_nothing_is_added_when_one_file_is_bad(raw, tmp_path):
    good = exported(tmp_path / "good.csv", "1 A 3 2011-01-05 2")
    for bad, error in (("a,b\n1,2\n", SchemaMismatch), ("nonsense", SourceUnreadable)):
        (tmp_path / "bad.csv").write_text(bad)
        with pytest.raises(error):
            ingest.add(raw, [good, tmp_path / "bad.csv"], LINES)
    assert [*raw.parent.rglob("*")] == [raw]


class Interrupted(Exception):
    pass


def test_interrupted_before_the_end(raw, tmp_path):
    def interrupt(share, note):
        if note == "adding":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ingest.add(raw, [exported(tmp_path / "a.csv", "1 A 3 2011-01-05 2")], LINES, interrupt)
    assert [*raw.parent.rglob("*")] == [raw]


def test_folder_that_takes_no_files(tmp_path):
    raw = tmp_path / "raw"
    raw.mkdir()
    path = exported(tmp_path / "a.csv", "1 A 3 2011-01-05 2")
    (tmp_path / ".0001-a.csv.draft").mkdir()
    with pytest.raises(SourceUnreadable, match="could not be copied .*; nothing was added"):
        ingest.add(raw, [path], LINES)
    assert ingest.files(raw) == []
