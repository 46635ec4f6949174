"""A rehearsal of a shop's week: simulated order lines, a local bucket, a Prefect server and worker, the service.

The first week brings new order lines, and a release that serves; in the second the prices have doubled: the run is
blocked, and the old release serves on. Then the machine is lost, and the shop is brought back from the bucket alone.
"""

from __future__ import annotations

import os
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

from pricetrail.errors import StageFailed
from pricetrail.flows import local
from pricetrail.flows.command import command
from pricetrail.flows.local import Server
from pricetrail.flows.service import answers
from pricetrail.rehearsal.bucket import NAME, bucket
from pricetrail.shop import production, settings
from pricetrail.transactions import simulator
from pricetrail.transactions.simulator import Change, Settings, Shock

Tell = Callable[[str], None]
Environment = dict[str, str]
POOL = "rehearsal"
LONG = 1800.0
SMALL: dict[str, dict[str, Any]] = {
    "tune_primary_model": {"n_trials": 4, "members": 2, "trial_rows": 4000, "trial_epochs": 1},
    "inference_primary_model": {"shap_rows": 10, "background": 5},
    "assess_model_risk": {"resamples": 50, "min_invoices": 5, "mod_threshold": 1.0},
}
"""Budgets of a shop so small that its pipeline takes seconds."""


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """The seconds that each part took, and what was seen at its end."""

    steps: list[dict[str, Any]] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {**asdict(self), "seconds": round(sum(each["seconds"] for each in self.steps), 1)}


def rehearse(scratch: Path, tell: Tell, *, small: bool = False) -> Rehearsed:
    """Rehearse in ``scratch``; ``small`` takes a shop of a third of the demo's size, and less thorough models.

    Raises:
        StageFailed: a part did not end as it should.
        UsageError: what a rehearsal needs is not installed.
    """
    done = Rehearsed()
    with ExitStack() as stack:
        there = stack.enter_context(bucket())
        environment = there.environment
        week = _Week(scratch, environment, done, tell)
        with week.step("a shop of simulated order lines, its first run, and a bucket"):
            week.make(f"s3://{NAME}/shop", there.endpoint, small=small)
        with week.step("server, pool, worker, deployment, service"):
            server = stack.enter_context(local.server(scratch / "prefect", 0))
            service = stack.enter_context(_service(week.shop, environment))
            deployment = week.schedule(server, service)
            stack.enter_context(local.worker(server, POOL, **environment))
        with week.step("a week with new order lines"):
            week.trade("new.parquet", server, deployment, "Released")
        with week.step("a week with doubled prices"):
            week.trade("drifted.parquet", server, deployment, "Blocked")
            week.expect(answers(service) == week.serving(), "the old release serves on")
        with week.step("the machine lost: back from the bucket alone"):
            week.restore(f"s3://{NAME}/shop", there.endpoint)
    return done


@dataclass
class _Week:
    scratch: Path
    environment: Environment
    done: Rehearsed
    tell: Tell
    found: str = ""

    @property
    def shop(self) -> Path:
        return self.scratch / "shop"

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        self.tell(name)
        began = time.perf_counter()
        yield
        self.done.steps.append(
            {"step": name, "seconds": round(time.perf_counter() - began, 1), "found": self.found}
        )

    def make(self, url: str, endpoint: str, *, small: bool) -> None:
        _lines(self.scratch, small=small)
        self.run("init", str(self.shop), "--data", str(self.scratch / "history.parquet"))
        for block, values in (SMALL if small else {}).items():
            settings.change(self.shop, block, **values)
        self.run("run", str(self.shop))
        self.run("remote", "set", url, "--endpoint", endpoint, "--shop", str(self.shop))
        self.run("promote", "--shop", str(self.shop), "--why", "the first release")
        self.expect(bool(self.serving()), "the first release serves")

    def schedule(self, server: Server, service: str) -> str:
        (self.scratch / "inbox").mkdir()
        words = ("schedule", str(self.shop), "--source", str(self.scratch / "inbox"), "--service", service)
        more = ("--pool", POOL, "--interval", "weekly")
        made = self.run(*words, *more, **server.environment)
        self.run(*words, *more, **server.environment)
        self.expect(bool(made["id"]), f"{made['name']} is scheduled, and {service} answers")
        return str(made["id"])

    def trade(self, lines: str, server: Server, deployment: str, wanted: str) -> None:
        """Let a week's order lines arrive, and the scheduled run take them up."""
        before = self.serving()
        os.replace(self.scratch / lines, self.scratch / "inbox" / lines)
        name, said = server.ended(server.begin(deployment), LONG)
        self.expect(name == wanted, f"{name}: {said}")
        self.expect((self.serving() != before) == (wanted == "Released"), f"{name}: {said}")

    def restore(self, url: str, endpoint: str) -> None:
        lost = self.shop.rename(self.scratch / "lost")
        self.run("restore", url, str(self.shop), "--endpoint", endpoint)
        (self.shop / ".pricetrail").mkdir(exist_ok=True)
        (lost / ".pricetrail" / "keys").rename(self.shop / ".pricetrail" / "keys")
        verified = command("verify", str(self.shop), "--deep", seconds=LONG, environment=self.environment)
        self.expect(not verified.blocked, "verified to the last byte")

    def serving(self) -> str:
        return str(production.figures(self.shop).get("release", ""))

    def run(self, *words: str, **more: str) -> Any:
        return command(*words, seconds=LONG, environment={**self.environment, **more}).value

    def expect(self, seen: bool, text: str) -> None:
        self.found = text
        if not seen:
            raise StageFailed(f"The rehearsal did not go as it should: {text}.")


def _lines(scratch: Path, *, small: bool) -> None:
    """Three files: the history, the week after it, and the one after that with doubled prices."""
    demo = Settings(rows=18000, products=40, customers=150, weeks=30) if small else Settings()
    whole = replace(demo, weeks=demo.weeks + 2, rows=round(demo.rows * (1 + 2 / demo.weeks)))
    shocked = replace(whole, shocks=(Shock(Change.PRICE, 1.0, demo.weeks + 1),))
    first, second = (simulator.START + timedelta(weeks=demo.weeks + n) for n in (0, 1))
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
def _service(shop: Path, environment: Environment) -> Iterator[str]:
    port = local.free(0)
    words = [sys.executable, "-m", "pricetrail", "serve", str(shop), "--port", str(port)]
    with subprocess.Popen(words, env=environment, stderr=subprocess.DEVNULL) as running:
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
