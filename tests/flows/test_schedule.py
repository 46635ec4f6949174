"""``pricetrail schedule`` as somebody gives it: a server, worker and deployment of its own, or those that are there."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.request import Request, urlopen

import psutil
import pytest

from pricetrail.flows import local
from pricetrail.flows.week import Week
from pricetrail.lineage import lease, place
from pricetrail.shop import git

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def heed_interrupts():
    """As what somebody types does: what starts in the background is told to pass them over."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def words(root, *more):
    return [sys.executable, "-m", "pricetrail", "schedule", str(root), *more]


def made(prefect, root, *more):
    """What ``schedule`` answered, and what else it said."""
    environment = {**os.environ, **prefect.server.environment}
    how = {"capture_output": True, "text": True, "check": True}
    done = subprocess.run(words(root, *more, "--json"), env=environment, **how)
    return json.loads(done.stdout), done.stderr


def add(prefect, id, name, **week):
    """Add a deployment like the one of that id, by another name, and of another week."""
    found = asked(prefect.server.address, f"deployments/{id}")
    kept = {each: found[each] for each in ("flow_id", "entrypoint", "work_pool_name")}
    body = json.dumps({**kept, "name": name, "parameters": {"week": {**found["parameters"]["week"], **week}}})
    asked(prefect.server.address, "deployments/", body.encode())


def asked(address, path, body=None):
    with urlopen(Request(f"{address}/api/{path}", body, {"Content-Type": "application/json"})) as answer:
        return json.load(answer)


@contextmanager
def scheduled(shop):
    """``schedule --local``, with the address of the dashboard that it told."""
    how = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "preexec_fn": heed_interrupts}
    environment = {**os.environ, "PREFECT_WORKER_QUERY_SECONDS": "1"}
    with subprocess.Popen(words(shop.root, "--local"), env=environment, **how) as process:
        try:
            process.address = process.stdout.readline().split()[4].rstrip(";")
            yield process
        finally:
            process.terminate()


def deployment(address, shop):
    return asked(address, f"deployments/name/pricetrail-weekly/{Week(shop=str(shop.root)).name}")


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
            server.begin(deployment(process.address, tiny)["id"])
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
    more = ("--work-pool-type", kind, "--pool", kind, "--image", "worker:1", "--interval", "weekly")
    made(prefect, tiny.root, *more)
    found = deployment(prefect.server.address, tiny)
    assert (found["work_pool_name"], found["job_variables"]) == (kind, {"image": "worker:1"})
    assert len(found["schedules"]) == 1
    pool = asked(prefect.server.address, f"work_pools/{kind}")
    assert (pool["type"], pool["concurrency_limit"]) == (kind, 3)
    assert "{{ image }}" in json.dumps(pool["base_job_template"]["job_configuration"])


def test_made_twice_there_is_one(prefect, tiny):
    made(prefect, tiny.root)
    more = ("--cron", "0 5 * * 2", "--source", "inbox", "--source", "s3://inbox/*.csv")
    first, second = (made(prefect, tiny.root, *more) for _ in range(2))
    assert first == second
    assert second[1] == ""
    found = deployment(prefect.server.address, tiny)
    assert [each["schedule"]["cron"] for each in found["schedules"]] == ["0 5 * * 2"]
    assert found["parameters"]["week"]["sources"] == [str(Path("inbox").absolute()), "s3://inbox/*.csv"]


def test_shops_whose_folders_are_called_alike_have_one_each(prefect, tiny, tmp_path):
    other = shutil.copytree(tiny.root, tmp_path / "elsewhere/shop")
    git.git(other, "commit", "--quiet", "--amend", "--message", "another beginning")
    ids = [made(prefect, root)[0]["id"] for root in (tiny.root, other)]
    weeks = [asked(prefect.server.address, f"deployments/{id}")["parameters"]["week"] for id in ids]
    assert [week["shop"] for week in weeks] == [str(tiny.root), str(other)]


def test_shop_that_moved_keeps_its_own(prefect, tiny, tmp_path):
    before, _ = made(prefect, tiny.root)
    moved = shutil.move(tiny.root, tmp_path / "elsewhere/shop")
    after, said = made(prefect, moved)
    assert after == before
    assert f"ran {tiny.root} until now; from here on it runs {moved}" in said


def test_shop_that_was_renamed_has_another_and_says_so(prefect, tiny, tmp_path):
    before, _ = made(prefect, tiny.root)
    renamed_to = tiny.root.rename(tmp_path / "renamed")
    after, said = made(prefect, renamed_to)
    assert before["id"] != after["id"]
    assert f"prefect deployment delete {before['name']}" in said


@pytest.mark.parametrize("elsewhere", [False, True])
def test_former_name_is_given_up_by_its_own_shop_alone(prefect, tiny, elsewhere):
    """Deployments were once called as the folder is."""
    current, _ = made(prefect, tiny.root)
    week = {"shop": "/somewhere/shop"} if elsewhere else {}
    add(prefect, current["id"], tiny.root.name, **week)
    _, said = made(prefect, tiny.root)
    left = {each["name"] for each in asked(prefect.server.address, "deployments/filter", b"{}")}
    assert (tiny.root.name in left, "is gone" in said) == (elsewhere, not elsewhere)


def test_local_is_for_processes(tiny):
    more = ("--local", "--work-pool-type", "ecs")
    done = subprocess.run(words(tiny.root, *more), capture_output=True, text=True)
    assert (done.returncode, "--local brings up a worker for processes" in done.stderr) == (2, True)
