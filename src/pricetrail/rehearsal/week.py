"""A rehearsal of a shop's week: simulated order lines, a local bucket, a Prefect server and worker, the service.

The first week brings new order lines, and a release that serves; in the second the prices have doubled: the run is
blocked, and the old release serves on. Then the machine is lost, and the shop is brought back from the bucket alone.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb

from pricetrail.errors import PricetrailError, StageFailed
from pricetrail.flows import local
from pricetrail.flows.command import command
from pricetrail.flows.credentials import Credentials
from pricetrail.flows.local import Server
from pricetrail.flows.service import answers
from pricetrail.lineage import place
from pricetrail.rehearsal.bucket import CREDENTIALS, NAME, bucket
from pricetrail.shop import production, settings
from pricetrail.transactions import simulator
from pricetrail.transactions.simulator import Change, Settings, Shock

Tell = Callable[[str], None]
POOL = "rehearsal"
LIMIT = 1800.0
"""Seconds that the whole rehearsal may take."""
BRISK = {"PREFECT_WORKER_QUERY_SECONDS": "1"}
LAST = 12
"""Lines of each log that are shown when a step fails."""
FEW = Settings(rows=18000, products=40, customers=150, weeks=30)
SMALL: dict[str, dict[str, Any]] = {
    "tune_primary_model": {"n_trials": 4, "members": 2, "trial_rows": 4000, "trial_epochs": 1},
    "inference_primary_model": {"shap_rows": 10, "background": 5},
    "assess_model_risk": {"resamples": 50, "min_invoices": 5, "mod_threshold": 1.0},
}
"""Budgets of a shop so small that its pipeline takes seconds; and the shop."""


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """The seconds that each part took, and what was seen at its end."""

    steps: list[dict[str, Any]] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {**asdict(self), "seconds": round(sum(each["seconds"] for each in self.steps), 1)}


def rehearse(scratch: Path, tell: Tell, *, small: bool = False, limit: float = LIMIT) -> Rehearsed:
    """Rehearse in ``scratch``; ``small`` takes a shop of a third of the demo's size, and less thorough models.

    Args:
        scratch: an empty folder.
        tell: is given a line when a step begins, and one when it ended.
        small: see above.
        limit: seconds after which it is given up.

    Raises:
        StageFailed: a step did not end as it should, or not in time.
        UsageError: what a rehearsal needs is not installed.
    """
    with ExitStack() as stack:
        there = stack.enter_context(bucket())
        stack.enter_context(Credentials(CREDENTIALS).used())
        week = _Week(scratch, there.endpoint, tell, limit)
        with week.step("a shop of simulated order lines, its first run, and a bucket"):
            week.make(small=small)
        with week.step("server, pool, worker, deployment, service"):
            server = stack.enter_context(local.server(scratch / "prefect", 0))
            service = stack.enter_context(_service(week.shop, scratch / "service.log"))
            deployment = week.schedule(server, service)
            stack.enter_context(local.worker(server, POOL, **BRISK))
        with week.step("a week with new order lines"):
            week.trade("new.parquet", server, deployment, "Released")
            week.expect(answers(service) == week.serving(), "and the running service answers from it")
        with week.step("a week with doubled prices"):
            week.trade("drifted.parquet", server, deployment, "Blocked")
            week.expect(answers(service) == week.serving(), "the old release serves on")
            week.expect(week.stopped() == "data_drift_gate", "the evidence is in the ledger")
        with week.step("the machine lost: back from the bucket alone"):
            week.restore()
    return week.done


class _Week:
    def __init__(self, scratch: Path, endpoint: str, tell: Tell, limit: float) -> None:
        self.scratch, self.tell, self.limit = scratch, tell, limit
        self.there = (f"s3://{NAME}/shop", "--endpoint", endpoint)
        self.until = time.monotonic() + limit
        self.shop = scratch / "shop"
        self.done = Rehearsed()
        self.found: list[str] = []

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a part, and tell what was seen in it; of one that fails, show what the logs end with."""
        self.tell(f"{name} ...")
        began = time.perf_counter()
        self.found = []
        try:
            yield
        except PricetrailError as error:
            raise StageFailed(f"The rehearsal failed in '{name}': {error}{_logs(self.scratch)}") from error
        seconds, found = round(time.perf_counter() - began, 1), ", ".join(self.found)
        self.done.steps.append({"step": name, "seconds": seconds, "found": found})
        self.tell(f"  {seconds:.1f} s: {found}")

    def make(self, *, small: bool) -> None:
        lines(self.scratch, FEW if small else Settings())
        self.run("init", str(self.shop), "--data", str(self.scratch / "history.parquet"))
        for block, values in (SMALL if small else {}).items():
            settings.change(self.shop, block, **values)
        self.run("run", str(self.shop))
        self.run("remote", "set", *self.there, "--shop", str(self.shop))
        self.run("promote", "--shop", str(self.shop), "--why", "the first release")
        self.expect(bool(self.serving()), "the first release serves")

    def schedule(self, server: Server, service: str) -> str:
        (self.scratch / "inbox").mkdir()
        words = ("schedule", str(self.shop), "--source", str(self.scratch / "inbox"), "--service", service)
        more = ("--pool", POOL, "--interval", "weekly")
        made = self.run(*words, *more, **server.environment)
        self.expect(bool(made["id"]), f"{made['name']} is scheduled, and {service} answers")
        return str(made["id"])

    def trade(self, lines: str, server: Server, deployment: str, wanted: str) -> None:
        """Let a week's order lines arrive, and the scheduled run take them up."""
        before = self.serving()
        os.replace(self.scratch / lines, self.scratch / "inbox" / lines)
        name, said = server.ended(server.begin(deployment), self.left())
        self.expect(name == wanted, f"{name}: {said}")
        self.expect((self.serving() != before) == (wanted == "Released"), f"{self.serving()[:12]} stands")

    def stopped(self) -> str | None:
        """The gate that the newest run in the ledger was blocked by."""
        ledger = place.ledger(self.shop)
        entry = next(ledger.topic("run"))
        manifest = json.loads(ledger.object(entry.objects[0]))
        return str(manifest["stopped"]["stage"]) if entry.body["outcome"] == "blocked" else None

    def restore(self) -> None:
        lost = self.shop.rename(self.scratch / "lost")
        self.run("restore", *self.there, str(self.shop))
        shutil.copytree(lost / place.KEYS, self.shop / place.KEYS, dirs_exist_ok=True)
        self.run("verify", str(self.shop), "--deep")
        self.found.append("verified to the last byte")
        restored, before = self.shop / "dvc.lock", (lost / "dvc.lock").read_bytes()
        command("run", str(self.shop), seconds=self.left())
        self.expect(restored.read_bytes() == before, "a run changes nothing")

    def serving(self) -> str:
        return str(production.figures(self.shop).get("release", ""))

    def left(self) -> float:
        left = self.until - time.monotonic()
        if left <= 0:
            raise StageFailed(f"it took longer than the {self.limit:,.0f} seconds that it may.")
        return left

    def run(self, *words: str, **more: str) -> Any:
        return command(*words, seconds=self.left(), environment=more).value

    def expect(self, seen: bool, text: str) -> None:
        """Note what was seen, or end here."""
        if not seen:
            raise StageFailed(f"it did not go as it should: {text}")
        self.found.append(text)


def _logs(scratch: Path) -> str:
    """What each log ends with."""
    ends = []
    for path in sorted((*scratch.glob("*.log"), *scratch.glob("prefect/*.log"))):
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()[-LAST:]
        ends += [f"\n{path.name} ends with:", *(f"  {line}" for line in lines)] if lines else []
    return "\n".join(ends)


def lines(scratch: Path, shop: Settings) -> None:
    """Three files: the history, the week after it, and the one after that with doubled prices."""
    whole = replace(shop, weeks=shop.weeks + 2, rows=round(shop.rows * (1 + 2 / shop.weeks)))
    shocked = replace(whole, shocks=(Shock(Change.PRICE, 1.0, shop.weeks + 1),))
    first, second = (simulator.START + timedelta(weeks=shop.weeks + n) for n in (0, 1))
    for made in (whole, shocked):
        simulator.write(simulator.build(made), scratch / f"{len(made.shocks)}.parquet", "parquet")
    cuts = (
        ("history", 0, f"< '{first}'"),
        ("new", 0, f"BETWEEN '{first}' AND '{second}'"),
        ("drifted", 1, f">= '{second}'"),
    )
    for name, shocks, days in cuts:
        duckdb.sql(
            f"COPY (FROM '{scratch}/{shocks}.parquet' WHERE InvoiceDate {days})"
            f" TO '{scratch}/{name}.parquet' (FORMAT parquet)"
        )


@contextmanager
def _service(shop: Path, log: Path) -> Iterator[str]:
    port = local.free(0)
    words = [sys.executable, "-m", "pricetrail", "serve", str(shop), "--port", str(port)]
    with log.open("wb") as said, subprocess.Popen(words, stdout=said, stderr=said) as running:
        address = f"http://127.0.0.1:{port}"
        try:
            until = time.monotonic() + local.PATIENCE
            while answers(address) is None:
                if running.poll() is not None or time.monotonic() > until:
                    raise StageFailed("The service did not come up.")
                time.sleep(0.2)
            yield address
        finally:
            running.terminate()
