import hashlib
import http.server
import sqlite3
import threading
import urllib.request
from dataclasses import replace

import duckdb
import pyarrow.parquet as pq
import pytest

from pricetrail.errors import SourceUnreadable
from pricetrail.flows.local import free
from pricetrail.rehearsal.bucket import simulator
from pricetrail.transactions import fetch
from pricetrail.transactions.fetch import UCI, Pinned

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table")  # ibis 12 under duckdb 2
BODY = b"InvoiceNo;StockCode\r\n1;A\r\n" * 100


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers by path: what stands under ``/gone`` is missing, ``/flaky`` fails the first two times, ..."""

    def do_GET(self):
        self.server.asked.append(self.path)
        name = self.path.partition("?")[0].rpartition("/")[2]
        status = {"gone.csv": 404, "secret.csv": 403, "broken.csv": 500}.get(name, 200)
        if name == "flaky.csv" and len(self.server.asked) < 3:
            status = 503
        self.send_response(status)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        if self.command == "GET" and status == 200:
            self.wfile.write(BODY[: -10 if name == "cut.csv" else None])

    do_HEAD = do_GET

    def log_message(self, *args):
        pass


@pytest.fixture
def web(monkeypatch):
    monkeypatch.setattr(fetch, "WAITS", (0.01, 0.01, 0.01))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.asked = []
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


def url(server, path):
    return f"http://127.0.0.1:{server.server_port}/{path}"


@pytest.fixture
def into(tmp_path):
    (tmp_path / "into").mkdir()
    return tmp_path / "into"


def test_path_folder_and_pattern(tmp_path, into):
    for name in ("b.csv", "a.csv", ".hidden"):
        (tmp_path / name).write_bytes(BODY)
    both = [tmp_path / "a.csv", tmp_path / "b.csv"]
    assert fetch.fetch([str(both[1]), str(tmp_path / "?.csv")], into) == [both[1], *both]
    assert fetch.fetch([str(tmp_path)], into) == both


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("orders.csb", r"There is no file .*orders\.csb\. Did you mean .*orders\.csv\?"),
        ("nothing-like-it", "There is no file .* Check the spelling"),
        ("nowhere/orders.csv", "There is no folder .*nowhere either"),
        ("*.xlsx", r"No file matches .*\*\.xlsx"),
        ("into", "The folder .*into holds no files"),
    ],
)
def test_local_file_that_is_not_there(tmp_path, into, place, message):
    (tmp_path / "orders.csv").write_bytes(BODY)
    with pytest.raises(SourceUnreadable, match=message):
        fetch.fetch([str(tmp_path / place)], into)


def test_nothing_named(into):
    with pytest.raises(SourceUnreadable, match="No source was named"):
        fetch.fetch([], into)


def test_file_url(tmp_path, into):
    (tmp_path / "a b.csv").write_bytes(BODY)
    (got,) = fetch.fetch([f"file://{tmp_path}/a b.csv"], into)
    assert (got.name, got.read_bytes()) == ("a b.csv", BODY)


def test_web_keeps_bytes_and_tells(web, into):
    told = []
    place = url(web, "x/Online%20Retail.csv?token=1")
    (got,) = fetch.fetch([place], into, lambda share, note: told.append((share, note)))
    assert (got.name, got.read_bytes()) == ("Online Retail.csv", BODY)
    assert told[-1] == (1.0, "Online Retail.csv")


def test_web_comes_back_after_failing(web, into):
    (got,) = fetch.fetch([url(web, "flaky.csv")], into)
    assert got.read_bytes() == BODY
    assert web.asked.count("/flaky.csv") >= 3


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("gone.csv", r"There is nothing at http://127\.0\.0\.1:\d+/gone\.csv\. Check the spelling"),
        ("secret.csv?key=hush", "secret.csv may not be read with the credentials at hand"),
        ("broken.csv", "broken.csv could not be fetched. Try again later"),
        ("cut.csv", "cut.csv could(?: not be fetched|.*)"),
    ],
)
def test_web_that_does_not_give(web, into, path, message):
    with pytest.raises(SourceUnreadable, match=message) as caught:
        fetch.fetch([url(web, path)], into)
    assert "hush" not in str(caught.value)
    assert list(into.iterdir()) == []


def test_no_network(into):
    with pytest.raises(SourceUnreadable, match=r"cannot be reached\. Check the network and the address"):
        fetch.fetch([f"http://127.0.0.1:{free(0)}/orders.csv"], into)


def test_unknown_kind_of_address(into):
    with pytest.raises(SourceUnreadable, match="gopher://x/y is no kind of address that is known"):
        fetch.fetch(["gopher://x/y"], into)


def test_pinned_file(web, into):
    known = Pinned(url(web, "known.csv"), hashlib.sha256(BODY).hexdigest(), len(BODY), "A known file")
    assert fetch.pinned(known, into).read_bytes() == BODY
    with pytest.raises(SourceUnreadable, match=r"other bytes than it is known for\.\n  expected 9 bytes"):
        fetch.pinned(replace(known, sha256="0" * 64, size=9), into)


def test_uci_without_a_network(into):
    offline = replace(UCI, url=f"http://127.0.0.1:{free(0)}/online+retail.zip")
    with pytest.raises(SourceUnreadable, match=r"Online Retail[\s\S]*cannot be reached[\s\S]*'--data demo'"):
        fetch.pinned(offline, into)


@pytest.fixture(scope="module")
def s3():
    """The address of a moto server: a simulator that speaks S3's protocol over HTTP."""
    with simulator("exports") as address:
        for path in ("2011/jan.csv", "2011/feb.csv"):
            put = urllib.request.Request(f"{address}/exports/{path}", BODY, method="PUT")
            put.add_header("Content-Type", "text/csv")
            urllib.request.urlopen(put, timeout=10).close()
        yield address


@pytest.fixture
def aws(s3, monkeypatch, tmp_path):
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    return monkeypatch


def test_s3_object_and_pattern(aws, into):
    got = fetch.fetch(["s3://exports/2011/jan.csv", "s3://exports/2011/*.csv"], into)
    assert [path.name for path in got] == ["jan.csv", "feb.csv", "2-jan.csv"]
    assert {path.read_bytes() for path in got} == {BODY}


@pytest.mark.parametrize(
    "place", ["s3://exports/2012/jan.csv", "s3://nowhere/jan.csv", "s3://exports/2012/*.csv"]
)
def test_s3_nothing_there(aws, into, place):
    with pytest.raises(SourceUnreadable, match=r"There is nothing at|Nothing matches"):
        fetch.fetch([place], into)


def test_s3_without_credentials(aws, into):
    aws.delenv("AWS_ACCESS_KEY_ID")
    aws.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(SourceUnreadable, match=r"No credentials were found .* AWS_PROFILE"):
        fetch.fetch(["s3://exports/2011/jan.csv"], into)


ROWS = [("2", "B", 1, 2.5), ("1", "A", 3, 0.1 + 0.2), ("1", "A", None, 2.5)]


@pytest.fixture
def database(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def fill(kind, rows):
        path = tmp_path / f"{kind}.db"
        path.unlink(missing_ok=True)
        with sqlite3.connect(path) if kind == "sqlite" else duckdb.connect(path) as connection:
            connection.execute(
                "CREATE TABLE orders (InvoiceNo TEXT, StockCode TEXT, Quantity INTEGER, Price DOUBLE)"
            )
            connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?)", rows)
        connection.close()
        return f"{kind}://{path.name}::orders"

    return fill


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_table_in_any_order_gives_the_same_bytes(database, into, kind):
    (path,) = fetch.fetch([database(kind, ROWS)], into)
    first = path.read_bytes()
    fetch.fetch([database(kind, ROWS[::-1])], into)
    assert (path.name, path.read_bytes()) == ("orders.parquet", first)
    rows = [tuple(row.values()) for row in pq.read_table(path).to_pylist()]
    assert rows == [ROWS[1], ROWS[2], ROWS[0]]


def test_text_in_a_number_of_sqlite(database, into):
    (path,) = fetch.fetch([database("sqlite", [("1", "A", "two", 2.5)])], into)
    assert pq.read_table(path).to_pylist() == [
        {"InvoiceNo": "1", "StockCode": "A", "Quantity": "two", "Price": "2.5"}
    ]


@pytest.mark.parametrize("spelled", ["sqlite://{}::orders", "sqlite:///{}::orders"])
def test_database_paths(database, into, tmp_path, spelled):
    database("sqlite", ROWS)
    for path in ("sqlite.db", tmp_path / "sqlite.db"):
        (got,) = fetch.fetch([spelled.format(path)], into)
        assert pq.read_table(got).num_rows == 3


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("sqlite://none.db::orders", r"There is no database none\.db\. Expected sqlite://orders\.db::TABLE"),
        ("sqlite://sqlite.db::order", "has no table 'order'. Did you mean 'orders'?"),
        ("duckdb://duckdb.db::order", "has no table 'order'. Did you mean 'orders'?"),
        ("sqlite://sqlite.db::zebra", "has no table 'zebra'. It has: orders"),
        ("sqlite.db::orders", "is not a table of a database. Expected SCHEME"),
        ("sqlite://sqlite.db::", "is not a table of a database. Expected SCHEME"),
        ("sqlite://text.db::orders", "The database sqlite://text.db cannot be read"),
        ("duckdb://text.db::orders", "The database duckdb://text.db cannot be read"),
        (
            "nosuch://me:hush@host/db::orders",
            r"The database nosuch://me:\*\*\*@host/db cannot be read. Expected",
        ),
    ],
)
def test_database_that_is_not_there(database, into, tmp_path, place, message):
    database("sqlite", ROWS)
    database("duckdb", ROWS)
    (tmp_path / "text.db").write_text("hello " * 1000)
    with pytest.raises(SourceUnreadable, match=message) as caught:
        fetch.fetch([place], into)
    assert "hush" not in str(caught.value)
    assert list(into.iterdir()) == []
