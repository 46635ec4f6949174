"""The weekly flow: ingest, check, seal, run, push, publish, refresh, report.

Each task is a command of pricetrail. What may pass by itself is tried again with growing pauses; nothing else is. A
blocked gate is an outcome: the run ends as *Blocked*, is reported like any other, and the old release serves on.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.runtime import flow_run
from prefect.states import Completed
from prefect.tasks import Task, exponential_backoff

from pricetrail.errors import StoreFailed
from pricetrail.flows import credentials, killed, notice, report
from pricetrail.flows.command import Answer, command, passing
from pricetrail.flows.service import answers
from pricetrail.flows.week import Week
from pricetrail.lineage import lease, place
from pricetrail.lineage.receipts.seal import seal as seal_receipts
from pricetrail.shop import git, production, readiness

TRIES = 4
MINUTES = 60.0
FRESH = 120.0
"""Seconds for a service to find a new release, before it is asked again."""
OUTCOMES = {"blocked": "Blocked", "unchanged": "Unchanged", "passed": "Passed", "released": "Released"}

P = ParamSpec("P")
R = TypeVar("R")


def _may_pass(task: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:
    try:
        state.result(raise_on_failure=True)
    except Exception as error:
        return passing(error)
    return False


def _patient(work: Task[P, R], week: Week) -> Callable[P, R]:
    """The task, tried again after the pauses that the shop asks for."""
    patient = work.with_options(
        retries=TRIES - 1, retry_delay_seconds=exponential_backoff(week.pause), retry_condition_fn=_may_pass
    )
    return cast(Callable[P, R], patient)


@task(cache_policy=NO_CACHE)
def ingest(week: Week) -> int:
    """Bring the shop, if the worker has none, and its new order lines; how many rows are new."""
    if not week.here and week.remote is not None:
        spoken = ["--endpoint", week.endpoint] if week.endpoint else []
        command("restore", week.remote, week.shop, *spoken, seconds=60 * MINUTES)
    if not week.sources:
        return 0
    words = ("ingest", *week.sources, "--shop", week.shop)
    report = command(*words, seconds=len(week.sources) * 60 * MINUTES).value["report"]
    return int(report["new"]) if report else 0


@task(cache_policy=NO_CACHE)
def check(week: Week) -> dict[str, Any]:
    """Look for what would let a long run fail at its end."""
    return readiness.check(week.root)


@task(cache_policy=NO_CACHE)
def seal(week: Week) -> int | None:
    """Put the receipts that nobody writes any more under a signed root; the number of its entry, if there were any."""
    entry = seal_receipts(place.ledger(week.root), who=git.somebody(week.root))
    return entry.number if entry else None


@task(cache_policy=NO_CACHE)
def run(week: Week) -> Answer:
    """Run the pipeline."""
    return command("run", week.shop, seconds=week.hours * 60 * MINUTES)


@task(cache_policy=NO_CACHE)
def push(week: Week) -> dict[str, Any] | None:
    """Send data, history and record to the remote, blocked or not; nothing where there is none."""
    if not place.shared(week.root):
        return None
    found: dict[str, Any] = command("push", week.shop, seconds=120 * MINUTES).value
    return found


@task(cache_policy=NO_CACHE)
def publish(week: Week) -> str | None:
    """Let the newest release serve, if it never did and is another than the one that does; its id."""
    pending = production.pending(week.root) if week.publish else None
    if pending is None:
        return None
    words = ("promote", pending, "--shop", week.shop, "--why", f"weekly run {flow_run.name}")
    done = command(*words, seconds=60 * MINUTES)
    return None if done.blocked else pending


@task(cache_policy=NO_CACHE)
def refresh(week: Week, release: str) -> dict[str, str]:
    """Wait until every service answers from the release."""
    return {service: _served(service, release) for service in week.services}


@flow(name="pricetrail-weekly", on_failure=[report.failed], on_crashed=[report.failed])
def weekly(week: Week) -> State[dict[str, Any]]:
    """One week of a shop; alone, whatever else is scheduled, and on whichever machine: others wait for it to end."""
    longest = week.hours * 60 * MINUTES
    with (
        credentials.environment(week.credentials).used(),
        lease.held(week.store(), killed.me(), seconds=week.lease, patience=longest) as held,
    ):
        killed.clear(held.abandoned)
        found = _work(week, held)
    return Completed(name=OUTCOMES[found["outcome"]], message=found["text"], data=found)


def _work(week: Week, held: lease.Lease) -> dict[str, Any]:
    new = _patient(ingest, week)(week)
    _patient(check, week)(week)
    _patient(seal, week)(week)
    held.check()
    before = production.figures(week.root)
    ran = _patient(run, week)(week)
    held.check()
    _patient(push, week)(week)
    release = None if ran.blocked else _patient(publish, week)(week)
    served = _patient(refresh, week)(week, release) if release else dict[str, str]()
    found = report.facts(week, ran, new=new, release=release, served=served)
    report.report(week, found, ran.value, before)
    notice.tell(week, found["outcome"], found["text"], found)
    return found


def _served(service: str, release: str) -> str:
    deadline = time.monotonic() + FRESH
    found = "nothing"
    while time.monotonic() < deadline:
        found = answers(service) or found
        if found == release:
            return found
        time.sleep(1)
    raise StoreFailed(
        f"{service} answers from {found[:12]} and not from {release[:12]}; its /readyz may say why."
    )
