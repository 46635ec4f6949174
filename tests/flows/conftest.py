"""A real Prefect server, and weekly runs on it: by a worker, or in a process of their own."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from urllib.request import Request, urlopen

import pytest

from pricetrail.flows import local
from pricetrail.lineage import place
from pricetrail.lineage.receipts import Receipt, Writer

POOL = "test"
DEPLOY = """
import json, sys
from pricetrail.flows import schedule
from pricetrail.flows.week import Week
pool, when = schedule.Pool("test", at_once=3), schedule.timetable(None, "weekly", "UTC")
made = schedule.deploy(Week(**json.loads(sys.argv[1])), pool, when)
print(json.dumps([made.name, made.id]))
"""


class Prefect:
    """A server, and what is asked of it."""

    def __init__(self, server):
        self.server = server

    def deploy(self, root, **week):
        """Make the deployment of a shop in a process of its own: its name and id."""
        words = [sys.executable, "-c", DEPLOY, json.dumps({"shop": str(root), "pause": 0.1, **week})]
        environment = {**os.environ, **self.server.environment}
        done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
        return json.loads(done.stdout.splitlines()[-1])

    def begin(self, shop, **week):
        _, id = self.deploy(shop.root, **week)
        return self.server.begin(id)

    def ended(self, run):
        return self.server.ended(run, 300)

    def artifacts(self, run):
        """What a run laid down, as whoever opens the dashboard is given it: by the end of its key."""
        asked = json.dumps({"flow_runs": {"id": {"any_": [run]}}}).encode()
        kind = {"Content-Type": "application/json"}
        with urlopen(Request(f"{self.server.address}/api/artifacts/filter", asked, kind)) as answer:
            found = {each["key"].rpartition("-")[2]: each for each in json.load(answer)}
        tables = {each: json.loads(found[each]["data"]) for each in ("verdicts", "metrics")}
        return {**tables, "said": found["verdicts"]["description"], "reports": found["reports"]["data"]}

    def worker(self):
        return local.worker(self.server, POOL, PREFECT_WORKER_QUERY_SECONDS="1")


@pytest.fixture(scope="module")
def prefect(fresh, tmp_path_factory):
    with local.server(tmp_path_factory.mktemp("prefect"), 0) as running:
        found = Prefect(running)
        found.deploy(fresh)
        yield found


@pytest.fixture(scope="module")
def worker(prefect):
    with prefect.worker() as running:
        yield running


@pytest.fixture
def quoted():
    """Has a shop answer a price: one receipt, of a service that has ended since."""

    def quote(root, release):
        writer = Writer(place.store(root))
        at, asked = datetime(2026, 3, 1, tzinfo=UTC), {"stockcode": "85123A"}
        writer.issue(Receipt(at, release, "cd" * 32, "85123A", None, asked, {"price": 2.5}, 2.5, None))
        writer.close()

    return quote
