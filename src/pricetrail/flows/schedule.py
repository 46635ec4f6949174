"""Makes the work pool and the deployment of a shop's weekly flow; made twice, there is one of each.

A deployment is named after the shop's folder and the commit that its history began with. So two shops whose folders
are called alike have one each, and a shop that was moved or restored keeps its own. A copied folder is the same shop:
the one that was scheduled last has the deployment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterName,
    FlowFilter,
    FlowFilterName,
)
from prefect.client.schemas.responses import DeploymentResponse
from prefect.deployments.runner import RunnerDeployment
from prefect.exceptions import ObjectNotFound
from prefect.schedules import Cron, Interval, Schedule
from prefect.settings import get_current_settings
from prefect.types.entrypoint import EntrypointType
from prefect.workers.utilities import get_default_base_job_template_for_infrastructure_type

from pricetrail.errors import UsageError
from pricetrail.flows.week import Week
from pricetrail.flows.weekly import weekly

CONTAINED = Path("/shops")
"""Where a container has shops: the working folder of ``deploy/Dockerfile.worker``. Its disk is not the scheduler's."""
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
    """What was made: the deployment's whole name and id, its pool, and what is to be said of others."""

    name: str
    id: str
    pool: str
    remarks: tuple[str, ...] = ()


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
    there = week if pool.kind == "process" else week.model_copy(update={"shop": str(CONTAINED / week.folder)})
    remarks = (*_others(week, there.shop), *_unreached(there, pool))
    made = RunnerDeployment.from_flow(
        weekly,
        week.name,
        schedule=when,
        parameters={"week": there.model_dump(mode="json")},
        entrypoint_type=EntrypointType.MODULE_PATH,
        work_pool_name=pool.name,
        description=f"The weekly run of {week.root.name}: new order lines, pipeline, release.",
    )
    id = made.apply(work_pool_name=pool.name, image=pool.image)
    return Deployed(f"{weekly.name}/{week.name}", str(id), pool.name, remarks)


def _others(week: Week, there: str) -> Iterator[str]:
    """Say whose the deployment was until now, and what becomes of others that are the shop's, by another name.

    Deployments were once named after the folder alone; the shop's own of that name is taken away, or two would run it.
    """
    with get_client(sync_client=True) as client:
        for each in _named(client, any_=[week.folder]):
            if _same(week, _asked(each)):
                client.delete_deployment(each.id)
                yield f"{weekly.name}/{each.name} was this shop's deployment, and is gone: it is {week.name} now."
        for each in _named(client, like_=week.id):
            whole, folder = f"{weekly.name}/{each.name}", _asked(each).get("shop")
            if each.name != week.name:
                yield (
                    f"{whole}, which runs {folder}, is of this shop too, and goes on. To end it:"
                    f" prefect deployment delete {whole}"
                )
            elif folder != there:
                yield f"{whole} ran {folder} until now; from here on it runs {there}."


def _unreached(week: Week, pool: Pool) -> Iterator[str]:
    """Say what a container lacks to have the shop."""
    if pool.kind != "process" and week.remote is None:
        yield (
            f"Containers of the pool {pool.name} bring a shop from its remote, and this one has none in a bucket. Name"
            f" one with 'pricetrail remote set' and schedule again, or have the pool mount the folder at {week.shop}."
        )


def _named(client: SyncPrefectClient, **name: Any) -> list[DeploymentResponse]:
    """The deployments of the weekly flow whose names are so."""
    return client.read_deployments(
        flow_filter=FlowFilter(name=FlowFilterName(any_=[weekly.name])),
        deployment_filter=DeploymentFilter(name=DeploymentFilterName(**name)),
    )


def _asked(found: DeploymentResponse) -> dict[str, Any]:
    """What a deployment asks of its runs."""
    return dict(found.parameters.get("week", {}))


def _same(week: Week, other: dict[str, Any]) -> bool:
    """Whether another week is of this shop: a remote is one shop's alone, and a folder is on one machine."""
    remote = other.get("remote")
    if remote is not None and week.remote is not None:
        return (remote, other.get("endpoint")) == (week.remote, week.endpoint)
    return bool(other.get("shop") == week.shop)


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
