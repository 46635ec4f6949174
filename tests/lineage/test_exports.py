"""A small real run in the formats of others, read by their own libraries."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from in_toto_attestation.v1.statement import STATEMENT_TYPE_URI
from openlineage.client.event_v2 import RunEvent
from typer.testing import CliRunner

from pricetrail.cli.main import app
from pricetrail.errors import Blocked, DataError, StoreFailed, UsageError
from pricetrail.lineage import envelope, place
from pricetrail.lineage.exports import bom, events, provenance, subject


@pytest.fixture
def found(ran):
    ledger = place.ledger(ran.root)
    return subject.find(ledger, ran.entries("release")[0].objects[0][:8])


@pytest.fixture
def blocked(ran):
    ran.write("wanted.txt", "block")
    with pytest.raises(Blocked):
        ran.run()
    return subject.find(place.ledger(ran.root), ran.entries("run")[0].objects[0])


@pytest.fixture
def server():
    """A server that takes events, or refuses those without a key; it remembers what it took."""

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self):
            content = self.rfile.read(int(self.headers["Content-Length"]))
            refused = self.server.key and self.headers.get("Authorization") != f"Bearer {self.server.key}"
            if not refused:
                self.server.taken.append((self.path, json.loads(content)))
            self.send_response(401 if refused else 201)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Taking) as listening:
        listening.taken, listening.key = [], None
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        yield listening
        listening.shutdown()
        thread.join()


def address(server):
    return f"http://127.0.0.1:{server.server_address[1]}"


def states(told):
    return [(each.job.name, each.eventType.value) for each in told]


def test_start_and_end_of_every_stage_in_order(found):
    told = events.events(found)
    assert all(isinstance(each, RunEvent) for each in told)
    stages = ["pipeline", "prepare", "prepare", "learn", "learn", "judge", "judge", "pipeline"]
    assert states(told) == list(zip(stages, ["START", *["START", "COMPLETE"] * 3, "COMPLETE"], strict=True))
    assert len({each.run.runId for each in told}) == 4


def test_a_file_is_one_dataset_and_its_version_its_digest(found):
    made = {each.name: each for told in events.events(found) for each in told.outputs}
    read = {each.name: each for told in events.events(found) for each in told.inputs}
    assert made["data/clean.txt"].facets["version"] == read["data/clean.txt"].facets["version"]
    known = {each["path"]: each["sha256"] for each in found.run["artifacts"]}
    assert {name: each.facets["version"].datasetVersion for name, each in made.items()} == known
    assert read["data/raw/0001-lines.csv"].inputFacets["inputStatistics"].size == 4


def test_a_stage_that_was_not_run_again_is_the_same_run(ran, found):
    ran.write("params.yaml", "tune_backup_models: {seed: 8}\n")
    ran.run()
    later = subject.find(place.ledger(ran.root), ran.entries("run")[0].objects[0])
    before, after = ({each.job.name: each.run.runId for each in events.events(of)} for of in (found, later))
    assert {name for name in before if before[name] == after[name]} == {"prepare"}


def test_blocked_run_fails_where_it_was_stopped(blocked):
    *_, stopped, last = events.events(blocked)
    assert states([stopped, last]) == [("judge", "FAIL"), ("pipeline", "FAIL")]
    assert "too much error" in stopped.run.facets["errorMessage"].message


def test_events_in_a_file_and_at_a_server_are_the_same(found, server, tmp_path):
    told = events.events(found)
    events.write(told, tmp_path / "events.jsonl")
    events.send(told, address(server))
    written = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert [each for _, each in server.taken] == written
    assert {path for path, _ in server.taken} == {"/api/v1/lineage"}
    assert written == [json.loads(line) for line in events.lines(events.events(found)).splitlines()]


def test_server_that_asks_for_a_key(found, server, monkeypatch):
    server.key = "secret"
    with pytest.raises(StoreFailed, match="not all taken"):
        events.send(events.events(found), address(server))
    monkeypatch.setenv("OPENLINEAGE_API_KEY", "secret")
    events.send(events.events(found), address(server))
    assert len(server.taken) == 8


def test_no_address_of_a_server(found):
    with pytest.raises(UsageError, match="address of a server"):
        events.send(events.events(found), "somewhere")


def test_provenance_is_signed_and_says_what_went_in(ran, found):
    ledger = place.ledger(ran.root)
    key = place.keyring(ran.root).first()
    sealed = envelope.parse(provenance.provenance(found, key).to_bytes())
    assert sealed.fits(ledger.key())
    statement = sealed.statement()
    assert statement["_type"] == STATEMENT_TYPE_URI
    assert {each["name"]: each["digest"]["sha256"] for each in statement["subject"]} == {
        each["path"]: each["sha256"] for each in found.release["files"]
    }
    names = {each.get("name") for each in statement["predicate"]["buildDefinition"]["resolvedDependencies"]}
    assert {"shop", "data/raw/0001-lines.csv", "dvc.lock", "pricetrail.lineage.guard"} <= names
    assert sealed == provenance.provenance(found, key)


def test_provenance_of_a_run_that_is_no_release(blocked):
    statement = provenance.provenance(blocked, None).statement()
    assert {each["name"] for each in statement["subject"]} == {
        each["path"] for each in blocked.run["artifacts"]
    }


def test_unknown_field_does_not_pass_for_provenance(found):
    statement = provenance.provenance(found, None).statement()
    statement["predicate"]["runDetails"]["bilder"] = {}
    with pytest.raises(Exception, match="bilder"):
        provenance.check(statement)


def test_bill_of_materials_holds_the_model_its_data_and_its_packages(found):
    told = json.loads(bom.bom(found))
    assert told["metadata"]["component"]["modelCard"]["modelParameters"]["datasets"][0] == {
        "ref": "file:data/raw/0001-lines.csv"
    }
    kinds = {each["name"]: each["type"] for each in told["components"]}
    assert (kinds["data/raw/0001-lines.csv"], kinds["preprocessors/encoder.json"]) == ("data", "file")
    assert kinds["numpy"] == "library"
    assert bom.bom(found) == bom.bom(found)


def test_schema_refuses_what_it_does_not_know(found):
    told = json.loads(bom.bom(found))
    told["metadata"]["component"]["modelCard"]["mood"] = "good"
    with pytest.raises(DataError, match=r"CycloneDX 1\.6"):
        bom.check(json.dumps(told).encode())


def test_no_bill_of_materials_without_a_release(blocked):
    with pytest.raises(UsageError, match="is no release"):
        bom.bom(blocked)


@pytest.mark.parametrize("form", ["openlineage", "intoto", "cyclonedx"])
def test_command_writes_to_a_file_or_to_stdout(ran, tmp_path, form):
    words = ["emit", ran.entries("release")[0].objects[0][:8], "--format", form, "--shop", str(ran.root)]
    shown = CliRunner().invoke(app, words)
    told = CliRunner().invoke(app, [*words, "--output", str(tmp_path / "out"), "--json"])
    assert (shown.exit_code, told.exit_code) == (0, 0)
    assert (tmp_path / "out").read_text().strip() == shown.stdout.strip()
    assert json.loads(told.stdout)["format"] == form
