"""Weekly runs by a real Prefect server and a real worker, on shops whose pipelines are quick."""

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import psutil
import pytest

from pricetrail.lineage import channel, lease, place
from pricetrail.shop import production, remote, settings
from pricetrail.shop.remote import Place

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def heard():
    """What a webhook was told."""
    told = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    listening = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    told.append(f"http://127.0.0.1:{listening.server_port}")
    yield told
    listening.shutdown()
    listening.server_close()


def test_new_release_serves_and_a_blocked_one_does_not(prefect, worker, ran, tmp_path, heard, quoted):
    remote.move(ran.root, Place.of(str(tmp_path / "kept"), None, None))
    assert prefect.ended(prefect.begin(ran, webhook=heard[0]))[0] == "Released"
    first = channel.current(place.ledger(ran.root)).release
    quoted(ran.root, first)
    settings.change(ran.root, "tune_backup_models", seed=8)
    assert prefect.ended(prefect.begin(ran, webhook=heard[0]))[0] == "Released"
    second = channel.current(place.ledger(ran.root)).release
    assert first != second == production.figures(ran.root)["release"]
    ran.write("wanted.txt", "block")
    run = prefect.begin(ran, webhook=heard[0])
    name, said = prefect.ended(run)
    assert (name, said) == ("Blocked", prefect.artifacts(run)["said"])
    assert "too much error" in said
    assert channel.current(place.ledger(ran.root)).release == second
    assert ran.entries("run")[0].body["outcome"] == "blocked"
    assert ran.entries("push")[0].number > ran.entries("run")[0].number
    assert [each.body["segments"][0]["count"] for each in ran.entries("receipts")] == [1]
    assert [each["outcome"] for each in heard[1:]] == ["released", "released", "blocked"]


def test_what_a_run_found_is_in_the_dashboard(prefect, worker, ran):
    ran.write("data/rejected.parquet", "rows")
    production.promote(ran.root, None, why="the first")
    settings.change(ran.root, "tune_backup_models", seed=8)
    run = prefect.begin(ran)
    assert prefect.ended(run)[0] == "Released"
    found = prefect.artifacts(run)
    gates = ("etl", "data_drift", "model")
    assert found["verdicts"] == [{"gate": each, "verdict": "passed"} for each in gates]
    assert {"metric": "MAE", "now": 4.5, "before": 4.0, "change": "+12.5%"} in found["metrics"]
    assert f"[data/rejected.parquet]({(ran.root / 'data/rejected.parquet').as_uri()})" in found["reports"]
    assert production.figures(ran.root)["release"][:12] in found["said"]


def test_inbox_that_is_empty_brings_nothing(prefect, worker, ran, tmp_path):
    (tmp_path / "inbox").mkdir()
    production.promote(ran.root, None, why="the first")
    sources = [str(tmp_path / "inbox"), str(tmp_path / "*.csv")]
    assert prefect.ended(prefect.begin(ran, sources=sources))[0] == "Unchanged"


def test_killed_run_is_cleared_by_the_next(prefect, worker, tiny):
    tiny.write("wanted.txt", "hang")
    run = prefect.begin(tiny, lease=5)
    while not (tiny.root / "records/learn.json").exists():
        time.sleep(0.2)
    kill(tiny.root)
    tiny.write("wanted.txt", "pass")
    assert prefect.ended(prefect.begin(tiny, lease=5))[0] == "Released"
    assert prefect.ended(run)[0] == "Crashed"
    assert [entry.body["outcome"] for entry in tiny.entries("run")] == ["passed", "killed"]


def kill(root):
    """The run of the flow that works on the shop, and then all that it began."""
    working = [each for each in psutil.process_iter(["cmdline"]) if each.info["cmdline"] == command(root)]
    (run,) = working
    begun = [run, *run.children(recursive=True)]
    for each in (run.parent(), *begun):
        each.kill()


def command(root):
    return [sys.executable, "-m", "pricetrail", "run", str(root), "--json"]


def test_second_run_on_one_shop_waits_for_the_first(prefect, worker, ran):
    with lease.held(place.store(ran.root), "somebody"):
        first = prefect.begin(ran, hours=0.001)
        name, said = prefect.ended(first)
        second = prefect.begin(ran)
        time.sleep(10)
    assert (name, "somebody is at work on the shop" in said) == ("Failed", True)
    assert prefect.ended(second)[0] == "Released"


def test_fault_is_not_tried_again_and_is_told(prefect, worker, tiny, heard):
    tiny.write("wanted.txt", "fail")
    name, said = prefect.ended(prefect.begin(tiny, webhook=heard[0], pause=60))
    assert (name, "judge failed" in said) == ("Failed", True)
    assert len(tiny.entries("run")) == 1
    assert heard[1]["outcome"] == "failed"
