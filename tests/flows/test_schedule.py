"""``pricetrail schedule`` as somebody gives it: a server, worker and deployment of its own, or those that are there."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from urllib.request import urlopen

import psutil
import pytest

from pricetrail.flows import local
from pricetrail.lineage import lease, place

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def heed_interrupts():
    """As what somebody types does: what starts in the background is told to pass them over."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def words(shop, *more):
    return [sys.executable, "-m", "pricetrail", "schedule", str(shop.root), *more]


@contextmanager
def scheduled(shop):
    """``schedule --local``, with the address of the dashboard that it told."""
    how = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "preexec_fn": heed_interrupts}
    environment = {**os.environ, "PREFECT_WORKER_QUERY_SECONDS": "1"}
    with subprocess.Popen(words(shop, "--local"), env=environment, **how) as process:
        try:
            process.address = process.stdout.readline().split()[4].rstrip(";")
            yield process
        finally:
            process.terminate()


def deployment(address, name):
    with urlopen(f"{address}/api/deployments/name/pricetrail-weekly/{name}") as answer:
        return json.load(answer)


def belonging(shop):
    """The processes that work on the shop, or on its Prefect server."""
    found = []
    for each in psutil.process_iter():
        with suppress(psutil.Error):
            if str(shop.root) in " ".join([*each.cmdline(), each.environ().get("PREFECT_HOME", "")]):
                found.append(each)
    return found


def test_local_ends_with_all_that_it_began(tiny):
    tiny.write("wanted.txt", "hang")
    with socket.socket() as taken:
        with suppress(OSError):  # somebody else's server does as well
            taken.bind(("127.0.0.1", local.PORT))
        with scheduled(tiny) as process:
            assert not process.address.endswith(f":{local.PORT}")
            server = local.Server(process.address, tiny.root)
            server.begin(deployment(process.address, tiny.root.name)["id"])
            while not (tiny.root / "records/learn.json").exists():
                time.sleep(0.1)
            process.send_signal(signal.SIGINT)
            assert process.wait(120) == 130
    assert [each.cmdline() for each in belonging(tiny)] == []
    lease.take(place.store(tiny.root), "the next")


@pytest.mark.parametrize("name", ["server", "worker"])
def test_local_says_what_ended_by_itself(tiny, name):
    with scheduled(tiny) as process:
        (ended,) = (each for each in belonging(tiny) if each.cmdline()[1:4] == ["-m", "prefect", name])
        ended.kill()
        assert process.wait(120) == 1
        assert f"Prefect's {name} ended by itself" in process.stderr.read()
    assert belonging(tiny) == []


@pytest.mark.parametrize("kind", ["docker", "ecs"])
def test_pool_of_containers_has_a_template_and_the_image(prefect, tiny, kind):
    more = ("--work-pool-type", kind, "--pool", kind, "--image", "worker:1", "--interval", "weekly", "--json")
    environment = {**os.environ, **prefect.server.environment}
    twice = [
        json.loads(
            subprocess.run(words(tiny, *more), env=environment, capture_output=True, check=True).stdout
        )
        for _ in range(2)
    ]
    assert twice[0] == twice[1]
    made = deployment(prefect.server.address, tiny.root.name)
    assert (made["work_pool_name"], made["job_variables"]) == (kind, {"image": "worker:1"})
    assert len(made["schedules"]) == 1
    with urlopen(f"{prefect.server.address}/api/work_pools/{kind}") as answer:
        pool = json.load(answer)
    assert (pool["type"], pool["concurrency_limit"]) == (kind, 3)
    assert "{{ image }}" in json.dumps(pool["base_job_template"]["job_configuration"])
