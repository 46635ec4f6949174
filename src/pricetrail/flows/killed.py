"""Runs of the flow that were killed: Prefect takes them to be running for good, and the lease knows better."""

from __future__ import annotations

import platform
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound
from prefect.runtime import flow_run
from prefect.states import Crashed

MARK = "flow run "


def me() -> str:
    """This run, as a lease names it."""
    return f"{MARK}{flow_run.id} on {platform.node()}"


def clear(abandoned: str | None) -> bool:
    """Have Prefect know that the run which left its lease behind is dead; the shop's own record is closed by its next
    run."""
    if abandoned is None or not abandoned.startswith(MARK):
        return False
    id = UUID(abandoned.removeprefix(MARK).partition(" ")[0])
    with get_client(sync_client=True) as client:
        try:
            if not client.read_flow_run(id).state.is_running():  # type: ignore[union-attr]
                return False
        except ObjectNotFound:
            return False
        client.set_flow_run_state(
            id, Crashed(message="It stopped without a word, and its lease ran out."), force=True
        )
    return True
