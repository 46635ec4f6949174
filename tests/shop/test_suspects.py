"""Which raw files are suspect, in a shop whose second file was replaced after the first run."""

import json
from datetime import UTC, datetime

import pytest
import typer
import yaml
from typer.testing import CliRunner

from pricetrail.cli.recall import recall
from pricetrail.cli.receipts import receipts
from pricetrail.errors import DigestMismatch, UnknownId, UsageError
from pricetrail.lineage import artifact, canonical, channel, place
from pricetrail.lineage.receipts import Receipt, Writer
from pricetrail.shop import cache

HEADINGS = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
LINES = {
    "data/raw/0001-a.csv": "1,A,a,2,2011-01-05 10:00:00,1.5,7,France",
    "data/raw/0002-b.csv": "2,B,b,3,2011-06-05 10:00:00,2.5,8,Spain",
}


def run(root, ledger, at, **more):
    """Record a run, and its release, of the raw files as they are."""
    found = [artifact.read(root, name).to_dict() for name in LINES]
    made = {
        "outcome": "passed",
        "shop": {"commit": f"{at}" * 40},
        "code": {"commit": None},
        "sources": {"data/raw": found, **more},
    }
    id = ledger.keep(canonical.dumps(made))
    ledger.append("run", {"run": id, "outcome": "passed"}, who="x", objects=(id,))
    release = canonical.digest(f"release {at}".encode())
    body = {"release": release, "run": id, "gates": {"model": "passed"}}
    ledger.append("release", body, who="x", objects=(release,))
    return release


@pytest.fixture
def shop(tmp_path):
    root = tmp_path / "shop"
    (root / "data/raw").mkdir(parents=True)
    columns = {name.lower(): name for name in HEADINGS.split(",")}
    (root / "params.yaml").write_text(yaml.safe_dump({"source": {"columns": columns}}))
    for name, line in LINES.items():
        (root / name).write_text(f"{HEADINGS}\n{line}\n")
    ledger = place.ledger(root)
    run(root, ledger, 1)
    old = artifact.read(root, "data/raw/0002-b.csv")
    kept = cache.local(root).path(old.md5)
    kept.parent.mkdir(parents=True)
    (root / old.path).rename(kept)
    (root / old.path).write_text(f"{HEADINGS}\n3,C,c,1,2011-08-05 10:00:00,9,9,Italy\n")
    run(root, ledger, 2)
    return root


def typed(command, *words):
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(command)
    return CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)


def recalled(shop, *words):
    return json.loads(typed(recall, shop, *words, "--json").stdout)


@pytest.mark.parametrize(
    ("words", "runs"),
    [
        (["--file", "data/raw/0001-a.csv"], 2),
        (["--file", "data/raw/0002-b.csv"], 2),
        (["--rows", "invoicedate < '2011-02-01'"], 2),
        (["--rows", "country = 'Spain'"], 1),
        (["--rows", "country = 'Italy' AND unitprice > 5"], 1),
        (["--rows", "quantity > 100"], 0),
        (["--column", "CustomerID"], 2),
        (["--column", "country"], 2),
        (["--commit", "1111"], 1),
    ],
)
def test_leads_to_the_runs(shop, words, runs):
    found = recalled(shop, *words)
    assert (len(found["runs"]), len(found["releases"]), found["unread"]) == (runs, runs, [])


def test_column_that_another_is_worked_out_from(shop):
    said = yaml.safe_load((shop / "params.yaml").read_text())
    said["source"]["columns"]["quantity"] = "Quantity * 12"
    (shop / "params.yaml").write_text(yaml.safe_dump(said))
    assert [len(recalled(shop, "--column", name)["runs"]) for name in ("quantity", "Quantity")] == [2, 2]


def test_refused_condition_is_told_of_conditions_alone(shop):
    with pytest.raises(UsageError, match="getenv is not allowed") as error:
        typed(recall, shop, "--rows", "getenv('HOME') = country")
    assert "--map" not in str(error.value)


def test_file_by_its_digest_or_from_elsewhere(shop, tmp_path):
    old = next((shop / cache.DEFAULT).rglob("??????????*"))
    copy = tmp_path / "mail.csv"
    copy.write_bytes(old.read_bytes())
    for given in (copy, canonical.file_digest(old)[:12]):
        assert len(recalled(shop, "--file", given)["runs"]) == 1


def test_bytes_that_are_nowhere_are_named_and_not_cleared(shop):
    next((shop / cache.DEFAULT).rglob("??????????*")).unlink()
    [said] = recalled(shop, "--rows", "country = 'Spain'")["unread"]
    assert said.startswith("data/raw/0002-b.csv (")
    assert " is not in cache. Bring it with 'pricetrail pull'" in said


@pytest.mark.parametrize("condition", ["colour = 'red'", "((", "country = (SELECT 1)", "quantity"])
def test_condition_that_cannot_be_used(shop, condition):
    with pytest.raises(UsageError, match="cannot be used"):
        typed(recall, shop, "--rows", condition)


def test_says_which_files_and_how_many_rows(shop):
    [file] = recalled(shop, "--rows", "country IN ('Spain', 'Italy') AND unitprice < 5")["files"]
    assert (file["path"], file["rows"]) == ("data/raw/0002-b.csv", 1)
    assert typed(recall, shop, "--rows", "country = 'Spain'").stdout.startswith("data/raw/0002-b.csv ")


def test_looks_into_the_raw_files_and_no_others(shop):
    ledger = place.ledger(shop)
    (shop / "production").mkdir()
    (shop / "production/README.md").write_text("no table")
    run(shop, ledger, 3, **{"production": [artifact.read(shop, "production/README.md").to_dict()]})
    assert recalled(shop, "--rows", "country = 'Spain'")["unread"] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--column", "colour"], "No raw file has a column 'colour'. Their columns are: Country, CustomerID"),
        (
            ["--commit", "ffff"],
            "No run was made at a commit, of the shop or of pricetrail, that begins with ffff",
        ),
        (["--commit", "main"], "A commit is named by its first 4 to 40 hexadecimal digits; found 'main'"),
    ],
)
def test_what_was_mistyped_clears_nothing(shop, words, said):
    with pytest.raises(UsageError, match=said):
        typed(recall, shop, *words)


def test_says_what_still_serves(shop):
    ledger = place.ledger(shop)
    release = next(iter(channel.releases(ledger)))
    channel.promote(ledger, release, who="x", why="")
    assert recalled(shop, "--release", release)["serving"] == {"production": release}
    said = typed(recall, shop, "--release", release, "--quarantine")
    assert f"{release[:12]} still serves as production." in said.stderr


def test_unknown_file_and_no_way_or_two(shop):
    with pytest.raises(UsageError, match=r"No run made or read a file elsewhere\.csv"):
        typed(recall, shop, "--file", "elsewhere.csv")
    for words in ([], ["--commit", "1", "--release", "2"]):
        with pytest.raises(UsageError, match="exactly one of --file, --rows"):
            typed(recall, shop, *words)


def test_quarantine_is_recorded(shop):
    found = recalled(shop, "--rows", "country = 'Spain'", "--quarantine", "--why", "prices off by ten")
    assert found["quarantined"] == found["releases"]
    assert set(channel.quarantined(place.ledger(shop))) == set(found["releases"])


def test_screen_says_it_in_one_sentence(shop):
    said = typed(recall, shop, "--rows", "country = 'Spain'").stdout
    assert "Touched: runs 1, releases 1, receipts 0, products 0, weekly" in said


class TestReceipts:
    @pytest.fixture
    def issued(self, shop, make):
        writer = Writer(place.store(shop))
        numbers = [writer.issue(make(n)) for n in range(3)]
        writer.close()
        return numbers

    @pytest.fixture
    def make(self):
        at = datetime(2026, 3, 1, tzinfo=UTC)
        return lambda n: Receipt(at, "ab" * 32, "cd" * 32, "P1", None, {"cost": n}, {"price": 1.0}, 1.0, None)

    def test_sealed_checked_found_and_proved(self, shop, issued):
        said = json.loads(typed(receipts, shop, "--seal", "--json").stdout)
        assert (said["receipts"], said["faults"], len(said["entries"])) == (3, [], 1)
        found = json.loads(typed(receipts, shop, "--find", issued[1], "--json").stdout)
        assert (found["receipt"]["request"], found["proof"]["index"]) == ({"cost": 1}, 1)
        assert typed(receipts, shop, "--find", issued[1]).stdout.endswith(
            "under the root in entry 6 of the ledger\n"
        )

    def test_deleted_by_policy(self, shop, issued):
        typed(receipts, shop, "--seal")
        said = json.loads(typed(receipts, shop, "--before", "2026-03-02", "--json").stdout)
        assert (said["receipts"], said["forgotten"], said["faults"]) == (0, 1, [])
        with pytest.raises(UnknownId, match="not kept any more"):
            typed(receipts, shop, "--find", issued[1])

    def test_fault_is_an_error(self, shop, issued):
        typed(receipts, shop, "--seal")
        next(shop.rglob("*.jsonl.gz")).unlink()
        with pytest.raises(DigestMismatch, match=r"Faults in the receipts: 1. The first: .*jsonl\.gz"):
            typed(receipts, shop)
