"""``pricetrail schedule``: have a shop run every week."""

from __future__ import annotations

import os
import signal
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from pricetrail.cli.console import AsJson, answer, say, stdout
from pricetrail.errors import UsageError
from pricetrail.shop import settings

HOME = Path(".pricetrail/prefect")


def schedule(
    shop: Annotated[Path, typer.Argument(help="The shop's folder, on the worker too.")] = Path(),
    source: Annotated[
        list[str] | None,
        typer.Option(help="Where new order lines are: a file, folder, pattern, URL or table. Repeatable."),
    ] = None,
    cron: Annotated[
        str | None, typer.Option(help="When, as a cron line. Without one: on Monday at six.")
    ] = None,
    interval: Annotated[str | None, typer.Option(help="Or how often: hourly, daily, weekly.")] = None,
    pool: Annotated[str, typer.Option(help="The work pool.")] = "pricetrail",
    work_pool_type: Annotated[
        Literal["process", "docker", "ecs"], typer.Option(help="What the pool runs in.")
    ] = "process",
    concurrency_limit: Annotated[int, typer.Option(min=1, help="Runs at once in the pool.")] = 3,
    image: Annotated[str | None, typer.Option(help="The image of docker and ecs pools.")] = None,
    service: Annotated[
        list[str] | None,
        typer.Option(help="The address of a service that must take a release up. Repeatable."),
    ] = None,
    webhook: Annotated[
        str | None,
        typer.Option(help="Where to tell how a run ended. Or set PRICETRAIL_WEBHOOK on the worker."),
    ] = None,
    credentials: Annotated[
        str | None, typer.Option(help="A Prefect block of AWS credentials. Without one: the worker's role.")
    ] = None,
    publish: Annotated[bool, typer.Option(help="Let a release that passed its gates serve at once.")] = True,
    hours: Annotated[float, typer.Option(min=0.01, help="How long the pipeline may take.")] = 6.0,
    local: Annotated[
        bool, typer.Option("--local", help="Bring up server, worker and pool here, until interrupted.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a Prefect deployment of the weekly flow; made twice, there is one."""
    if find_spec("prefect") is None:
        raise UsageError("Schedules need Prefect. Install it with: pip install 'pricetrail[flows]'")
    if local and work_pool_type != "process":
        raise UsageError(
            f"--local brings up a worker for processes, and none for {work_pool_type}. Leave one out."
        )
    known = settings.read(shop)
    wanted = {
        "shop": str(shop.resolve()),
        "remote": known.ledger.url if "://" in known.ledger.url else None,
        "endpoint": known.ledger.endpoint,
        "sources": tuple(map(_whole, source or ())),
        "services": tuple(service or ()),
        "webhook": webhook,
        "credentials": credentials,
        "publish": publish,
        "hours": hours,
    }
    there = {"name": pool, "kind": work_pool_type, "at_once": concurrency_limit, "image": image}
    when = {"cron": cron, "interval": interval, "timezone": known.source.timezone}
    if local:
        _local(wanted, there, when, shop / HOME)
        return
    made = _deploy(wanted, there, when)
    if as_json:
        answer(made)
    else:
        say(
            f"{made['name']} runs in the pool {made['pool']}. A worker: prefect worker start -p {pool}",
            to=stdout,
        )


def _whole(source: str) -> str:
    """A path from the root on: a worker stands in a folder of its own."""
    named = "://" in source or source == "uci"
    return source if named else str(Path(source).expanduser().absolute())


def _deploy(wanted: dict[str, Any], there: dict[str, Any], when: dict[str, Any]) -> dict[str, str]:
    """Make it, and say what becomes of others."""
    from pricetrail.flows import schedule as making
    from pricetrail.flows.week import Week

    made = making.deploy(Week(**wanted), making.Pool(**there), making.timetable(**when))
    for each in made.remarks:
        say(each)
    return {"name": made.name, "id": made.id, "pool": made.pool}


def _local(wanted: dict[str, Any], there: dict[str, Any], when: dict[str, Any], home: Path) -> None:
    from pricetrail.flows import local

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with local.server(home.resolve()) as server:
        os.environ.update(server.environment)
        made = _deploy(wanted, there, when)
        with local.worker(server, there["name"]) as worker:
            say(f"The dashboard is at {server.address}; the deployment is {made['name']}.", to=stdout)
            say(
                f"Begin a run now: PREFECT_API_URL={server.address}/api prefect deployment run '{made['name']}'"
            )
            say("Interrupt to end all of it.")
            local.watch(server, worker)
