"""Releases: what may serve and what does, how good each is, what changed between two, and moving the channel."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, render_template, request

from pricetrail.errors import UnknownId
from pricetrail.lineage import ids, named
from pricetrail.lineage.artifact import Artifact
from pricetrail.lineage.catalogue import Known, releases
from pricetrail.lineage.diff import diff
from pricetrail.serving.pages import chart
from pricetrail.serving.service import Service

DRIFT = "reports/data_drift_report.html"
RISK = "metrics/dfn_risk_fairness.json"
CHECK = "metrics/data_drift.json"
FIGURES = {"mse_inf": "MSE(log)", "rmsle_inf": "RMSLE", "mae_inf": "MAE"}
TESTED = "metrics/dfn_inf.json"
# So many changes of one kind are shown at once; more, when somebody wants to see them.
FEW = 12
DIGEST = re.compile("[0-9a-f]{32,}")
SECTIONS = {
    "verdicts": "Verdicts",
    "figures": "Figures",
    "parameters": "Parameters",
    "code": "Code",
    "environment": "Environment",
    "files": "Files by digest",
}
REPORT_POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'unsafe-inline'; img-src data: blob:; font-src data:"
)
"""Evidently's report is one file with its scripts in it: it may run them, and reach nothing."""


def add(site: Blueprint, service: Service) -> None:
    """``/releases``, one of them, its drift report, and two of them compared."""
    site.app_template_filter("brief")(_brief)

    @site.get("/releases")
    def all_releases() -> str:
        known = releases(service.ledger)
        return render_template(
            "releases.html",
            releases=known,
            figures=FIGURES,
            chart=_over_time(known),
            channel=service.settings.channel,
            writable=bool(service.settings.key),
        )

    @site.get("/releases/diff")
    def compared() -> str:
        pair = [named.run(service.ledger, request.args.get(side, "")) for side in ("before", "after")]
        found = diff(pair[0].manifest, pair[1].manifest)
        sections = {title: getattr(found, name) for name, title in SECTIONS.items()}
        return render_template(
            "diff.html",
            pair=pair,
            sections=sections,
            modules=found.modules,
            few=FEW,
            lead=[(title, *(_figure(run.manifest, name) for run in pair)) for name, title in FIGURES.items()],
        )

    @site.get("/releases/<id>")
    def one_release(id: str) -> str:
        known = _known(service, id)
        run = named.run(service.ledger, known.id).manifest
        return render_template(
            "release.html",
            release=known,
            risk=run["metrics"].get(RISK),
            drift=run["metrics"].get(CHECK),
            report=_artifact(run, DRIFT) is not None,
            figures=FIGURES,
        )

    @site.get("/releases/<id>/drift-report")
    def drift_report(id: str) -> Response:
        found = _artifact(named.run(service.ledger, _known(service, id).id).manifest, DRIFT)
        if found is None:
            raise UnknownId(f"The run behind the release {id[:12]} made no {DRIFT}.")
        content = service.shelf.vault.file(found)
        return Response(content, mimetype="text/html", headers={"Content-Security-Policy": REPORT_POLICY})


def _known(service: Service, id: str) -> Known:
    known = {each.id: each for each in releases(service.ledger)}
    return known[ids.resolve(id, known, "release")]


def _artifact(run: Mapping[str, Any], path: str) -> Artifact | None:
    return next((Artifact.from_dict(each) for each in run["artifacts"] if each["path"] == path), None)


def _figure(run: Mapping[str, Any], name: str) -> float | None:
    """A figure of the test lines, of a run."""
    found = run["metrics"].get(TESTED, {}).get(name)
    return None if found is None else float(found)


def _brief(value: Any) -> str:
    """A value as a person reads it: few digits, and of a digest its beginning."""
    if value is None:
        return "none"
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value)[:12] if DIGEST.fullmatch(str(value)) else str(value)


def _over_time(known: list[Known]) -> Any:
    """The error on the test lines, release by release, oldest first; nothing to draw of fewer than two."""
    figures = [
        (f"{each.id[:12]}, {each.entry.when[:10]}", float(each.manifest["metrics"]["mse_inf"]))
        for each in reversed(known)
        if "mse_inf" in each.manifest["metrics"]
    ]
    return chart.line(figures, "MSE(log) on the test lines of each release") if len(figures) > 1 else None
