"""The service as several real processes behind one port: shared work, a killed one, and an orderly end."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from pricetrail.flows.local import free
from pricetrail.lineage.receipts import find


class Running:
    """A service of two processes, and the words that it says."""

    def __init__(self, shop, **more):
        self.address = f"http://127.0.0.1:{free(0)}"
        settings = {
            **os.environ,
            "PRICETRAIL_LEDGER": str(shop.root / "ledger"),
            "PRICETRAIL_BLOBS": str(shop.root / "cache"),
            "PRICETRAIL_RATE": "0",
            "HOST": "127.0.0.1",
            "PORT": self.address.rpartition(":")[2],
            "PROCESSES": "2",
            **more,
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pricetrail.serving"], env=settings, stderr=subprocess.PIPE, text=True
        )

    def get(self, path):
        with urllib.request.urlopen(self.address + path, timeout=30) as answer:
            return answer.read()

    def price(self, cost):
        return json.loads(self.get(f"/v1/predict-price/85123A?cost={cost}"))

    def counted(self, name):
        found = re.search(rf"^{re.escape(name)}(?:{{[^}}]*}})? (\S+)$", self.get("/metrics").decode(), re.M)
        return float(found[1]) if found else 0.0

    def workers(self):
        pid = self.process.pid
        return {int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}

    def until(self, done):
        for _ in range(300):
            try:
                if done():
                    return
            except OSError:
                pass
            time.sleep(0.05)
        raise AssertionError("It never came to that.")


@pytest.fixture
def running(served):
    running = Running(served)
    running.until(lambda: running.counted("pricetrail_release") == 2)
    yield running
    running.process.terminate()
    running.process.communicate()


needs_proc = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks for processes in /proc")


def test_receipts_of_all_are_found_and_what_all_did_is_counted(running, served):
    numbers = [running.price(1 + at / 100)["receipt"] for at in range(40)]
    for number in numbers:
        assert str(find(served.ledger.store, number).number) == number
        assert json.loads(running.get(f"/v1/receipts/{number}"))["number"] == number
    if sys.platform == "linux":  # elsewhere whoever is first takes who comes in, and may be always the same
        assert len({number.partition("-")[0] for number in numbers}) == 2
    trail = json.loads(running.get(f"/v1/lineage/{numbers[0]}"))
    assert any(step["kind"] == "release" for step in trail["steps"])
    route = '{method="GET",route="/v1/predict-price/<path:stockcode>",status="200"}'
    assert running.counted(f"pricetrail_requests_total{route}") == 40


@needs_proc
def test_one_that_is_killed_is_replaced_and_what_it_counted_stays(running):
    before = {running.price(1 + at / 100)["receipt"] for at in range(20)}
    killed, other = running.workers()
    os.kill(killed, signal.SIGKILL)
    running.until(lambda: len(running.workers() - {killed}) == 2)
    running.until(lambda: running.counted("pricetrail_release") == 2)
    assert other in running.workers()
    route = '{method="GET",route="/v1/predict-price/<path:stockcode>",status="200"}'
    assert running.counted(f"pricetrail_requests_total{route}") == len(before) == 20
    assert running.price(2.0)["receipt"] not in before


@needs_proc
def test_what_has_begun_is_answered_before_all_stop(running):
    rows = [{"stockcode": "85123A", "cost": 1 + at / 10_000} for at in range(1500)]
    body, found = json.dumps({"products": rows}).encode(), []

    def ask():
        asked = urllib.request.Request(
            f"{running.address}/v1/recommendations", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(asked, timeout=60) as answer:
            found.append(json.load(answer))

    asking = threading.Thread(target=ask)
    asking.start()
    time.sleep(0.2)
    workers = running.workers()
    running.process.terminate()
    asking.join()
    assert running.process.wait(20) == 0
    assert len(found[0]["products"]) == 1500
    assert not any(Path(f"/proc/{each}").exists() for each in workers)
    with pytest.raises(urllib.error.URLError):
        running.get("/livez")


def test_port_that_is_taken_is_said_to_be(shop):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        running = Running(shop, PORT=str(taken.getsockname()[1]))
        _, said = running.process.communicate(timeout=30)
    assert running.process.returncode == 1
    assert said.startswith("Error: Nothing can be served at 127.0.0.1, port")


def test_what_cannot_start_is_said_once_and_not_tried_for_ever(shop):
    running = Running(shop, PRICETRAIL_REDIS="rubbish://")
    _, said = running.process.communicate(timeout=30)
    assert running.process.returncode == 1
    assert "The cache's address is none that Redis knows" in said
    assert "Traceback" not in said
