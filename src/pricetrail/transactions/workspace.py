"""Drift over time: an Evidently workspace in a folder of the shop's, and an Evidently Cloud project if named.

The folder is the record: one entry per comparison, however often it is made. What it holds and the cloud does
not is sent with the next check, so that a day without network leaves no hole.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import uuid
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from pricetrail.transactions.drift import Drift
from pricetrail.transactions.observations import CATEGORICAL, NUMERIC
from pricetrail.transactions.report import evidently_quiet

if TYPE_CHECKING:
    from evidently.core.report import Snapshot
    from evidently.sdk.models import DashboardModel

FOLDER = "drift"
CLOUD = "cloud:"
TOKEN, SERVER = "EVIDENTLY_API_KEY", "EVIDENTLY_URL"
PROJECT = uuid.uuid5(uuid.NAMESPACE_URL, "urn:pricetrail:drift")
NAME = "Data drift"
SENT = "sent.txt"
PATIENCE = 60.0
DONE = "done"
LABELS = ("type", "column", "method")
"""What tells a panel's lines apart. By thresholds too, which differ each time, no line would go on."""


def folder_of(root: Path, setting: str) -> Path:
    """Where a shop's entries are kept: the folder that ``data_drift_check.workspace`` names.

    With an Evidently Cloud project (``cloud:`` and its name) the shop keeps its own record in ``drift``.
    """
    return root / (FOLDER if setting.startswith(CLOUD) else setting)


def keep(folder: Path, drift: Drift, snapshot: Snapshot) -> None:
    """Add a comparison to the workspace in ``folder``; the same one again takes the place of its entry.

    Nothing is read: what a killed run left half-written is written anew.
    """
    with evidently_quiet():
        from evidently.sdk.models import ProjectModel
        from evidently.ui.storage.local.base import LocalState

        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".gitignore").write_text("*\n", encoding="utf-8")
        state = LocalState(str(folder))
        state.write_project(ProjectModel(id=PROJECT, name=NAME))
        state.write_dashboard(PROJECT, dashboard())
        model = snapshot.to_snapshot_model().copy(deep=True)
        for result in model.metric_results.values():
            settled = result.metric_value_location.metric.params
            for name in settled.keys() - set(LABELS):
                del settled[name]
        state.write_snapshot(PROJECT, identity(drift), model)


def identity(drift: Drift) -> uuid.UUID:
    """What tells one comparison from another: both sides and the distances between them."""
    told = [asdict(drift.reference), asdict(drift.current), [(s.column, s.statistic) for s in drift.shifts]]
    return uuid.uuid5(PROJECT, hashlib.sha256(json.dumps(told).encode()).hexdigest())


def dashboard() -> DashboardModel:
    """Two lines over time: how many columns drifted, and each column's distance. The same at every call."""
    from evidently.sdk.models import DashboardModel, DashboardTabModel, PanelMetric
    from evidently.sdk.panels import line_plot_panel

    count = PanelMetric(metric="DriftedColumnsCount", legend="columns", metric_labels={"value_type": "count"})
    distances = [
        PanelMetric(metric="ValueDrift", legend=name, metric_labels={"column": name})
        for name in (*NUMERIC, *CATEGORICAL)
    ]
    panels = [
        line_plot_panel("Drifted columns", [count]),
        line_plot_panel("Distance from the reference", distances),
    ]
    for panel in panels:
        panel.id = uuid.uuid5(PROJECT, panel.title)
    tab = DashboardTabModel(id=uuid.uuid5(PROJECT, NAME), title=NAME, panels=[panel.id for panel in panels])
    return DashboardModel(tabs=[tab], panels=panels)


def share(folder: Path, setting: str, *, patience: float = PATIENCE) -> str | None:
    """Send to the Evidently Cloud project that ``setting`` names what the workspace holds and it does not.

    The token is read from ``EVIDENTLY_API_KEY``; ``EVIDENTLY_URL`` names another server. A check is good
    without the cloud: what went wrong is answered, not raised, and the next check sends what is missing.

    Returns:
        what went wrong, in plain words, or None.
    """
    if not setting.startswith(CLOUD):
        return None
    name, token = setting.removeprefix(CLOUD), os.environ.get(TOKEN)
    if not token:
        return f"Nothing was sent to Evidently Cloud: set {TOKEN} to send to the project '{name}'."
    outcome = ["no answer within the time allowed"]
    sending = threading.Thread(target=_attempt, args=(folder, name, token, outcome), daemon=True)
    sending.start()
    sending.join(patience)
    if outcome[-1] == DONE:
        return None
    wrong = f"Not everything was sent to the Evidently Cloud project '{name}' ({outcome[-1]})."
    return f"{wrong} The next check tries again."


def _attempt(folder: Path, name: str, token: str, outcome: list[str]) -> None:
    try:
        with evidently_quiet():
            _send(folder, name, token)
    except Exception as error:  # whatever a network and another's service may do must not spoil a check
        outcome.append(f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no detail'}")
    else:
        outcome.append(DONE)


def _send(folder: Path, name: str, token: str) -> None:
    from evidently.core.report import Snapshot
    from evidently.sdk.models import ProjectModel
    from evidently.ui.workspace import CloudWorkspace

    cloud = CloudWorkspace(token, os.environ.get(SERVER))
    found = [project for project in cloud.list_projects() if name in {project.name, str(project.id)}]
    project = found[0] if found else cloud.add_project(ProjectModel(name=name))
    if not found:
        cloud.save_dashboard(project.id, dashboard())
    record = folder / SENT
    record.touch()
    done = set(record.read_text(encoding="utf-8").split())
    for path in entries(folder):
        if (entry := f"{project.id}/{path.stem}") not in done:
            cloud.add_run(project.id, Snapshot.load(path))
            with record.open("a", encoding="utf-8") as file:
                file.write(f"{entry}\n")


def entries(folder: Path) -> list[Path]:
    """The files of the comparisons kept in a workspace, in the order of their names."""
    return sorted((folder / str(PROJECT) / "snapshots").glob("*.json"))
