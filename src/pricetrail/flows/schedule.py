"""Makes the work pool and the deployment of a shop's weekly flow; made twice, there is one of each."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.deployments.runner import RunnerDeployment
from prefect.exceptions import ObjectNotFound
from prefect.schedules import Cron, Interval, Schedule
from prefect.settings import get_current_settings
from prefect.types.entrypoint import EntrypointType
from prefect.workers.utilities import get_default_base_job_template_for_infrastructure_type

from pricetrail.errors import UsageError
from pricetrail.flows.week import Week
from pricetrail.flows.weekly import weekly

INTERVALS = {"hourly": timedelta(hours=1), "daily": timedelta(days=1), "weekly": timedelta(weeks=1)}
MONDAY = "0 6 * * 1"


@dataclass(frozen=True, slots=True)
class Pool:
    """Where runs are done: the work pool's name and type, how many at once, and the image of container types."""

    name: str
    kind: str = "process"
    at_once: int | None = None
    image: str | None = None


@dataclass(frozen=True, slots=True)
class Deployed:
    """What was made: the deployment's whole name and id, and its pool."""

    name: str
    id: str
    pool: str


def timetable(cron: str | None, interval: str | None, timezone: str) -> Schedule:
    """When runs begin: by a cron line, an interval's name, or else on Monday at six.

    Raises:
        UsageError: both are given, or one of them cannot be used.
    """
    if cron and interval:
        raise UsageError("A schedule has a cron line or an interval, not both.")
    if interval is not None:
        if interval not in INTERVALS:
            raise UsageError(f"There is no interval {interval!r}. There are: {', '.join(INTERVALS)}.")
        return Interval(INTERVALS[interval], timezone=timezone)
    try:
        return Cron(cron or MONDAY, timezone=timezone)
    except ValueError as error:
        raise UsageError(f"{cron!r} is no cron line such as '{MONDAY}' ({error}).") from error


def deploy(week: Week, pool: Pool, when: Schedule) -> Deployed:
    """Make the pool and the deployment, or bring those that are there to this.

    The deployment has no limit of Prefect's: a worker that dies keeps its slot for minutes, and that somebody has it is
    in the server's memory alone. The lease in the shop's store lets one run work at a time, and others wait.

    Raises:
        UsageError: no server is named, or it does not answer; or the pool is of another type.
    """
    _answering()
    _pool(pool)
    name = deployment(week)
    made = RunnerDeployment.from_flow(
        weekly,
        name,
        schedule=when,
        parameters={"week": week.model_dump(mode="json")},
        entrypoint_type=EntrypointType.MODULE_PATH,
        work_pool_name=pool.name,
        description=f"The weekly run of {week.root.name}: new order lines, pipeline, release.",
    )
    id = made.apply(work_pool_name=pool.name, image=pool.image)
    return Deployed(f"{weekly.name}/{name}", str(id), pool.name)


def deployment(week: Week) -> str:
    """The name of a shop's deployment."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", week.root.resolve().name).strip("-") or "shop"


def _answering() -> None:
    """Without a server's address Prefect would begin a server of its own, and end it at once."""
    address = get_current_settings().api.url
    if address is None:
        raise UsageError(
            "No Prefect server is named. Set PREFECT_API_URL (http://HOST:4200/api), or give --local to have one here."
        )
    with get_client(sync_client=True) as client:
        if (fault := client.api_healthcheck()) is not None:
            raise UsageError(
                f"No Prefect server answers at {address}, named by PREFECT_API_URL ({type(fault).__name__}). Begin one"
                " with 'prefect server start', or correct the address."
            )


def _pool(pool: Pool) -> None:
    with get_client(sync_client=True) as client:
        try:
            found = client.read_work_pool(pool.name)
        except ObjectNotFound:
            client.create_work_pool(
                WorkPoolCreate(
                    name=pool.name,
                    type=pool.kind,
                    base_job_template=_template(pool.kind),
                    concurrency_limit=pool.at_once,
                )
            )
            return
        if found.type != pool.kind:
            raise UsageError(
                f"The work pool {pool.name} is of type {found.type}, not {pool.kind}. Name another with --pool."
            )
        client.update_work_pool(pool.name, WorkPoolUpdate(concurrency_limit=pool.at_once))


def _template(kind: str) -> dict[str, Any]:
    found = asyncio.run(get_default_base_job_template_for_infrastructure_type(kind))
    if found is None:
        raise UsageError(f"There is no work pool type {kind!r} here. Use process, docker or ecs.")
    return found
