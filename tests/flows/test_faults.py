"""Weekly runs on a machine that fails them: the worker killed in each task, the server gone, no room on the disk."""

import json
import os
import resource
import subprocess
import sys
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer

import psutil
import pytest

from pricetrail.flows import local
from pricetrail.lineage import channel, place
from pricetrail.shop import production, remote, settings
from pricetrail.shop.remote import Place
from pricetrail.shop.verification import verify

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
LEASE = 5
FLOW = """
import json, sys
from pricetrail.flows.week import Week
from pricetrail.flows.weekly import weekly
state = weekly(Week(**json.loads(sys.argv[1])), return_state=True)
print(json.dumps([state.name, str(state.message)]))
"""


@pytest.fixture
def kept(ran, tmp_path):
    """A shop that ran, is kept in a folder, and has new order lines to take up."""
    remote.move(ran.root, Place.of(str(tmp_path / "kept"), None, None))
    production.promote(ran.root, None, why="the first")
    settings.change(ran.root, "tune_backup_models", seed=8)
    return ran


def standing(shop):
    return channel.current(place.ledger(shop.root)).release


def holds(shop):
    return verify(shop.root, deep=True).findings == ()


def flow(prefect, shop, **how):
    """A run of the flow in a process of its own."""
    words = [sys.executable, "-c", FLOW, json.dumps({"shop": str(shop.root), "pause": 0.1, "lease": LEASE})]
    environment = {**os.environ, **prefect.server.environment}
    return subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True, **how)


def ended(process):
    """The name of its last state, and what was said of it."""
    said, _ = process.communicate(timeout=300)
    return json.loads(said.splitlines()[-1])


def kill(whole):
    """A process, and all that it began."""
    tree = [whole, *whole.children(recursive=True)]
    for each in tree:
        with suppress(psutil.Error):
            each.kill()
    psutil.wait_procs(tree)


def begun(pid, word):
    """Whether a command of pricetrail is at work below a process."""
    with suppress(psutil.Error):
        for each in psutil.Process(pid).children(recursive=True):
            with suppress(psutil.Error):
                if each.cmdline()[1:4] == ["-m", "pricetrail", word]:
                    return True
    return False


@pytest.mark.parametrize("word", ["run", "push", "promote"])
def test_worker_killed_in_a_task(prefect, kept, word):
    before = standing(kept)
    with prefect.worker() as worker:
        run = prefect.begin(kept, lease=LEASE)
        while not begun(worker.pid, word):
            time.sleep(0.02)
        kill(psutil.Process(worker.pid))
    with prefect.worker():
        assert prefect.ended(prefect.begin(kept, lease=LEASE))[0] in ("Released", "Unchanged")
    assert standing(kept) != before
    assert holds(kept)
    assert prefect.ended(run)[0] == "Crashed"


def test_worker_killed_while_it_waits_for_a_service(prefect, kept):
    class Old(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.set()
            self.send_error(503)

        def log_message(self, *_):
            pass

    asked, silent = threading.Event(), HTTPServer(("127.0.0.1", 0), Old)
    threading.Thread(target=silent.serve_forever, daemon=True).start()
    with prefect.worker() as worker:
        prefect.begin(kept, lease=LEASE, services=[f"http://127.0.0.1:{silent.server_port}"])
        assert asked.wait(120)
        kill(psutil.Process(worker.pid))
    silent.shutdown()
    silent.server_close()
    assert ended(flow(prefect, kept))[0] == "Unchanged"
    assert holds(kept)


def test_server_gone_during_a_run(kept, tmp_path, prefect):
    kept.write("wanted.txt", "hang")
    with local.server(tmp_path / "prefect", 0) as gone:
        process = flow(type(prefect)(gone), kept)
        while not begun(process.pid, "run"):
            time.sleep(0.02)
    kept.write("wanted.txt", "pass")
    process.communicate(timeout=300)
    assert ended(flow(prefect, kept))[0] in ("Released", "Unchanged")
    assert holds(kept)


def test_disk_that_is_full(prefect, kept):
    before = standing(kept)
    small = flow(prefect, kept, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4000, -1)))
    name, said = ended(small)
    assert (name, "no room left to write in" in said) == ("Failed", True)
    assert standing(kept) == before
    assert ended(flow(prefect, kept))[0] == "Released"
    assert holds(kept)


def test_release_promoted_while_a_run_is_at_work(prefect, kept):
    kept.run()
    by_hand = production.releases(kept.root)[0].id
    settings.change(kept.root, "tune_backup_models", seed=9)
    process = flow(prefect, kept)
    while not begun(process.pid, "run"):
        time.sleep(0.02)
    production.promote(kept.root, by_hand, why="by hand, meanwhile")
    assert ended(process)[0] == "Released"
    newest, before, *_ = channel.history(place.ledger(kept.root))
    assert (before.body["release"], newest.body["release"]) == (by_hand, production.releases(kept.root)[0].id)
    assert holds(kept)
