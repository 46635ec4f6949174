"""Releases: what may serve and what does, how good each is, what changed between two, and moving the channel."""

from __future__ import annotations

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
        return render_template("diff.html", pair=pair, sections=sections, modules=found.modules)

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


def _over_time(known: list[Known]) -> Any:
    """The error on the test lines, release by release, oldest first; nothing to draw of fewer than two."""
    figures = [
        (f"{each.id[:12]}, {each.entry.when[:10]}", float(each.manifest["metrics"]["mse_inf"]))
        for each in reversed(known)
        if "mse_inf" in each.manifest["metrics"]
    ]
    return chart.line(figures, "MSE(log) on the test lines of each release") if len(figures) > 1 else None
