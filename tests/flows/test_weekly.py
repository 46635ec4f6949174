"""Weekly runs by a real Prefect server and a real worker, on shops whose pipelines are quick."""

import json
import os
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import psutil
import pytest

from pricetrail.flows import local
from pricetrail.lineage import channel, lease, place
from pricetrail.shop import production, remote, settings
from pricetrail.shop.remote import Place

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
POOL = "test"
DEPLOY = """
import json, sys
from pricetrail.flows import schedule
from pricetrail.flows.week import Week
pool, when = schedule.Pool("test", at_once=3), schedule.timetable(None, "weekly", "UTC")
made = schedule.deploy(Week(**json.loads(sys.argv[1])), pool, when)
print(json.dumps([made.name, made.id]))
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with local.server(tmp_path_factory.mktemp("prefect"), 0) as running:
        yield running


@pytest.fixture(scope="module")
def worker(server):
    deploy(server, "none")
    with local.worker(server, POOL) as running:
        yield running


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


def deploy(server, root, **week):
    """Make the deployment of a shop in a process of its own: its name and id."""
    words = [sys.executable, "-c", DEPLOY, json.dumps({"shop": str(root), "pause": 0.1, **week})]
    done = subprocess.run(
        words, env={**os.environ, **server.environment}, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def begin(server, shop, **week):
    _, id = deploy(server, shop.root, **week)
    return server.begin(id)


def ended(server, run):
    return server.ended(run, 300)


def test_new_release_serves_and_a_blocked_one_does_not(server, worker, ran, tmp_path, heard):
    remote.move(ran.root, Place.of(str(tmp_path / "kept"), None, None))
    assert ended(server, begin(server, ran, webhook=heard[0]))[0] == "Released"
    first = channel.current(place.ledger(ran.root)).release
    settings.change(ran.root, "tune_backup_models", seed=8)
    assert ended(server, begin(server, ran, webhook=heard[0]))[0] == "Released"
    second = channel.current(place.ledger(ran.root)).release
    assert first != second == production.figures(ran.root)["release"]
    ran.write("wanted.txt", "block")
    name, said = ended(server, begin(server, ran, webhook=heard[0]))
    assert (name, "too much error" in said) == ("Blocked", True)
    assert channel.current(place.ledger(ran.root)).release == second
    assert ran.entries("run")[0].body["outcome"] == "blocked"
    assert ran.entries("push")[0].number > ran.entries("run")[0].number
    assert [each["outcome"] for each in heard[1:]] == ["released", "released", "blocked"]


def test_killed_run_is_cleared_by_the_next(server, worker, tiny):
    tiny.write("wanted.txt", "hang")
    run = begin(server, tiny, lease=5)
    while not (tiny.root / "records/learn.json").exists():
        time.sleep(0.2)
    kill(tiny.root)
    tiny.write("wanted.txt", "pass")
    time.sleep(6)
    assert ended(server, begin(server, tiny, lease=5))[0] == "Released"
    assert ended(server, run)[0] == "Crashed"
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


def test_second_run_on_one_shop_is_refused(server, worker, ran):
    with lease.held(place.store(ran.root), "somebody"):
        name, said = ended(server, begin(server, ran))
    assert (name, "somebody is at work on the shop" in said) == ("Failed", True)


def test_fault_is_not_tried_again_and_is_told(server, worker, tiny, heard):
    tiny.write("wanted.txt", "fail")
    name, said = ended(server, begin(server, tiny, webhook=heard[0], pause=60))
    assert (name, "judge failed" in said) == ("Failed", True)
    assert len(tiny.entries("run")) == 1
    assert heard[1]["outcome"] == "failed"


def test_made_twice_there_is_one(server, ran):
    assert deploy(server, ran.root) == deploy(server, ran.root)
