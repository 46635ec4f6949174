"""What a weekly run leaves to look at: Prefect artifacts, and a word to whoever is to be told."""

from __future__ import annotations

import re
from typing import Any

from prefect import task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import FlowRun, State
from prefect.flows import Flow

from pricetrail.flows import notice
from pricetrail.flows.command import Answer
from pricetrail.flows.week import Week

FIGURES = {"mse_inf": "MSE(log)", "rmsle_inf": "RMSLE", "mae_inf": "MAE"}
DIGITS = 4


def facts(
    week: Week, ran: Answer, *, new: int, release: str | None, served: dict[str, str]
) -> dict[str, Any]:
    """How the run ended, as plain data."""
    if ran.blocked:
        why = " ".join(ran.said.rpartition("Blocked: ")[2].split())
        outcome, text = "blocked", f"{week.root.name} is blocked: {why}"
    elif release:
        outcome, text = "released", f"{week.root.name}: release {release[:12]} serves."
    elif new:
        outcome, text = "passed", f"{week.root.name}: {new:,} new rows, and no release to put into service."
    else:
        outcome, text = "unchanged", f"{week.root.name}: nothing new."
    return {"outcome": outcome, "text": text, "new": new, "release": release, "served": served}


@task(cache_policy=NO_CACHE)
def report(week: Week, found: dict[str, Any], summary: dict[str, Any], before: dict[str, Any]) -> None:
    """Lay down the verdicts, the metrics with their change, and where the reports are."""
    key = re.sub(r"[^a-z0-9]+", "-", week.name.lower()).strip("-")
    create_table_artifact(verdicts(summary), key=f"{key}-verdicts", description=found["text"])
    create_table_artifact(
        changes(summary, before), key=f"{key}-metrics", description="Beside what served before."
    )
    create_markdown_artifact(_links(week, summary), key=f"{key}-reports")


def verdicts(summary: dict[str, Any]) -> list[dict[str, str]]:
    """A row per gate; those behind one that blocked were not asked."""
    return [
        {"gate": name, "verdict": gate["verdict"] if gate else "not asked"}
        for name, gate in summary["gates"].items()
    ]


def changes(summary: dict[str, Any], before: dict[str, Any]) -> list[dict[str, Any]]:
    """A row per metric, as it is read: now, what served before the run, and the change."""
    return [
        {"metric": shown, **_changed((summary["test"] or {}).get(name), before.get(name))}
        for name, shown in FIGURES.items()
    ]


def _changed(now: float | None, before: float | None) -> dict[str, Any]:
    return {
        "now": now and round(now, DIGITS),
        "before": before and round(before, DIGITS),
        "change": f"{now / before - 1:+.1%}" if now and before else None,
    }


def failed(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Tell that a run ended with a fault."""
    week = Week.model_validate(flow_run.parameters["week"])
    notice.tell(
        week, "failed", f"{week.root.name} failed: {state.message or state.name}", {"run": str(flow_run.id)}
    )


def _links(week: Week, summary: dict[str, Any]) -> str:
    lines = [f"- [{path}]({(week.root / path).resolve().as_uri()})" for path in summary["reports"]]
    return "\n".join(["Reports, on the worker:", "", *lines])
