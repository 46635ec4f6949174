"""Weekly runs on a machine that fails them: the worker killed in each task, the server gone, no room on the disk."""

import json
import os
import resource
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer

import psutil
import pytest
from benchmarks import proxy as wire

from pricetrail.flows import local
from pricetrail.lineage import channel, place
from pricetrail.shop import git, production, remote, settings
from pricetrail.shop.remote import Place
from pricetrail.shop.verification import verify

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
LEASE = 5
HEADINGS = "invoiceno,stockcode,quantity,invoicedate,unitprice"
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


def flow(prefect, shop, sources=(), more=None, **how):
    """A run of the flow in a process of its own; ``more`` is added to its environment."""
    week = {"shop": str(shop.root), "sources": list(sources), "pause": 0.1, "lease": LEASE}
    words = [sys.executable, "-c", FLOW, json.dumps(week)]
    environment = {**os.environ, **prefect.server.environment, **(more or {})}
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


def until(process, seen):
    """Wait for something to be seen, while a process is at work."""
    while not (found := seen()):
        assert process.poll() is None, ended(process)
        time.sleep(0.02)
    return found


def end(process):
    """Kill a flow, and all that it began."""
    kill(psutil.Process(process.pid))
    process.communicate()


def begun(pid, word):
    """Whether a command of pricetrail is at work below a process."""
    with suppress(psutil.Error):
        for each in psutil.Process(pid).children(recursive=True):
            with suppress(psutil.Error):
                if each.cmdline()[1:4] == ["-m", "pricetrail", word]:
                    return True
    return False


def written(pipe):
    """A pipe's other end, once somebody reads from it."""
    with suppress(OSError):
        return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)


def read(pipe):
    """Whether somebody reads from it now."""
    if (found := written(pipe)) is not None:
        os.close(found)
    return found is not None


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


@pytest.fixture
def supplied(kept, tmp_path):
    """The same shop, with raw lines that can be read, and an inbox with a week's."""
    settings.change(kept.root, "source", columns={name: name for name in HEADINGS.split(",")})
    kept.write("data/raw/0001-lines.csv", f"{HEADINGS}\n1,A,2,2025-01-01,1.5\n")
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox/new.csv").write_text(f"{HEADINGS}\n2,A,3,2025-01-08,1.5\n")
    return kept


def test_killed_while_new_lines_are_committed(prefect, supplied, tmp_path):
    before, source = standing(supplied), str(tmp_path / "inbox")
    (supplied.root / ".git/info/attributes").write_text("raw.dvc filter=slow")
    git.git(supplied.root, "config", "filter.slow.clean", "sleep 600; cat")
    process = flow(prefect, supplied, sources=[source])
    until(process, (supplied.root / ".git/index.lock").exists)
    assert begun(process.pid, "ingest")
    end(process)
    git.git(supplied.root, "config", "filter.slow.clean", "cat")
    assert ended(flow(prefect, supplied, sources=[source]))[0] == "Released"
    assert "2025-01-08" in (supplied.root / "data/clean.txt").read_text()
    assert standing(supplied) != before
    assert holds(supplied)


def test_killed_while_it_checks(prefect, kept, tmp_path):
    """The key is to come from a pipe, and does not."""
    os.mkfifo(tmp_path / "key")
    process = flow(prefect, kept, more={"PRICETRAIL_SIGNING_KEY_FILE": str(tmp_path / "key")})
    held = until(process, lambda: written(tmp_path / "key"))
    end(process)
    os.close(held)
    assert ended(flow(prefect, kept))[0] == "Released"
    assert holds(kept)


def test_killed_while_it_seals(prefect, kept, quoted, tmp_path):
    """The key comes from a pipe: once, for the check; and not again, to sign."""
    quoted(kept.root, standing(kept))
    os.mkfifo(tmp_path / "key")
    (key,) = (kept.root / place.KEYS).glob("*.pem")
    process = flow(prefect, kept, more={"PRICETRAIL_SIGNING_KEY_FILE": str(tmp_path / "key")})
    given = until(process, lambda: written(tmp_path / "key"))
    os.write(given, key.read_bytes())
    os.close(given)
    until(process, lambda: not read(tmp_path / "key"))
    held = until(process, lambda: written(tmp_path / "key"))
    end(process)
    os.close(held)
    assert kept.entries("receipts") == []
    assert ended(flow(prefect, kept))[0] == "Released"
    assert [each.body["segments"][0]["count"] for each in kept.entries("receipts")] == [1]
    assert holds(kept)


def test_killed_while_it_reports(prefect, kept):
    asked, go = threading.Event(), threading.Event()

    def hold(request):
        if (request.method, request.path) == ("POST", "/api/artifacts/"):
            asked.set()
            go.wait()

    with wire.before(prefect.server.address) as proxy:
        proxy.script = hold
        process = flow(type(prefect)(replace(prefect.server, address=proxy.address)), kept)
        assert asked.wait(300)
        end(process)
        go.set()
    serves = standing(kept)
    assert ended(flow(prefect, kept))[0] == "Unchanged"
    assert standing(kept) == serves
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
