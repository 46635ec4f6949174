"""The one screen at the end of a run, read from the tracked metrics and gates."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table

from pricetrail.shop import note
from pricetrail.standing import STANDINGS

Facts = dict[str, Any]
SHORT = 12
GATES = {"etl": "data", "data_drift": "drift", "model": "model"}
FACTS = {
    "etl": {"rows": "metrics/etl.json"},
    "data_drift": {"drift": "metrics/data_drift.json"},
    "model": {
        "validation": "metrics/dfn_val.json",
        "test": "metrics/dfn_inf.json",
        "fairness": "metrics/dfn_risk_fairness.json",
        "response": "metrics/price_response.json",
    },
}
REPORTS = {
    "etl": {"data/rejected.parquet": "rejected rows"},
    "data_drift": {"reports/data_drift_report.html": "drift by column"},
    "model": {
        "reports/trials.html": "the search",
        "reports/dfn_shap_mean_abs.json": "what drives the forecasts",
    },
}
"""What is made up to each gate, and behind the one before it."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What the newest run left: figures as the stages wrote them, null where a stage has not run."""

    shop: str
    rows: Facts | None
    drift: Facts | None
    validation: Facts | None
    test: Facts | None
    fairness: Facts | None
    response: Facts | None
    gates: dict[str, Facts | None]
    reports: list[str]
    recorded: Facts | None

    def to_dict(self) -> Facts:
        """As plain data."""
        return asdict(self)


def read(root: Path) -> Summary:
    """Collect what lies in the shop's ``metrics`` and ``gates``; not what an earlier run left behind a block."""
    gates: dict[str, Facts | None] = {}
    facts: dict[str, Facts | None] = {}
    reports: list[str] = []
    blocked = False
    for gate, made in FACTS.items():
        facts |= {name: None if blocked else _json(root / path) for name, path in made.items()}
        gates[gate] = None if blocked else _json(root / f"gates/{gate}.json")
        reports += [path for path in REPORTS[gate] if not blocked and (root / path).exists()]
        blocked = blocked or (gates[gate] or {}).get("verdict") == "blocked"
    run = note.read(root).recorded
    return Summary(
        shop=str(root), gates=gates, reports=reports, recorded=asdict(run) if run else None, **facts
    )


def screen(found: Summary, called: str = "pricetrail") -> RenderableType:
    """The summary for a person's eyes; ``called`` is what they type for this program."""
    parts = [_rows(found.rows), _gates(found), _recorded(found.recorded), _errors(found)]
    parts += [_response(found), _reports(found), _next(found, called)]
    return Panel(
        Group(*[part for part in parts if part is not None]),
        title=f"Shop {Path(found.shop).resolve().name}",
        expand=False,
    )


def _rows(rows: Facts | None) -> RenderableType | None:
    if rows is None:
        return None
    table = Table(box=None, show_header=False, padding=(0, 2))
    table.add_row(
        "Rows read", f"{rows['rows']:,}", f"{rows['first']} to {rows['last']}" if rows["first"] else ""
    )
    table.add_row(
        "Sales", f"{rows['accepted']:,}", f"{rows['products']:,} products, {rows['customers']:,} customers"
    )
    for kind in ("rejected", "removed"):
        for reason, count in rows[f"reasons_{kind}"].items():
            table.add_row(f"  {kind}", f"{count:,}", reason)
    return table


def _gates(found: Summary) -> RenderableType:
    table = Table("Gate", "Verdict", "Figures", box=None, padding=(0, 2), header_style="bold")
    for name, title in GATES.items():
        gate = found.gates[name]
        table.add_row(title, gate["verdict"] if gate else "not run", "\n".join(_figures(found, name)))
    return table


def _recorded(run: Facts | None) -> RenderableType | None:
    """What the run is from now on called, and whether it may serve."""
    if run is None:
        return None
    table = Table(box=None, show_header=False, padding=(0, 2))
    table.add_row("Run", run["run"][:SHORT], "in the ledger")
    if run["release"]:
        table.add_row("Release", run["release"][:SHORT], "may serve")
    for obstacle in run["obstacles"]:
        table.add_row("No release", "", obstacle)
    return table


def _figures(found: Summary, gate: str) -> list[str]:
    if gate == "etl" and found.rows:
        return [f"{found.rows['rejected_share']:.2%} of the rows rejected"]
    if gate == "data_drift" and found.drift:
        tested = f"{found.drift['num_drifts']} of {len(found.drift['columns'])} columns drifted"
        return [found.drift["reason"] or tested]
    if gate == "model" and found.fairness:
        return [f"{rule['rule']} {rule['verdict']}: {rule['words']}" for rule in found.fairness["rules"]]
    return []


def _errors(found: Summary) -> RenderableType | None:
    if found.test is None:
        return None
    table = Table(
        "On the test rows", "MSE(log)", "RMSLE", "MAE", box=None, padding=(0, 2), header_style="bold"
    )
    for title, suffix in (("network", "inf"), ("naive heuristic", "naive")):
        table.add_row(title, *(f"{found.test[f'{name}_{suffix}']:.4f}" for name in ("mse", "rmsle", "mae")))
    return table


def _response(found: Summary) -> RenderableType | None:
    if found.response is None:
        return None
    told, counted = found.response, sum(found.response[name] for name in STANDINGS)
    things = "products" if found.rows is None or counted <= found.rows["products"] else "products in stores"
    table = Table("Response to price", "", box=None, padding=(0, 2), header_style="bold")
    for name in STANDINGS:
        table.add_row(name, f"{told[name]:,} {things}")
    table.add_row("pooled slope of units", _slope(told) if told["changes"] else "no price ever changed")
    return table


def _slope(told: Facts) -> str:
    slope = told["pool"]["slope"]
    low, high = (slope["mean"] + side * 1.96 * slope["sd"] for side in (-1, 1))
    return f"{slope['mean']:.2f} ({low:.2f} to {high:.2f})"


def _reports(found: Summary) -> RenderableType:
    said = {path: words for made in REPORTS.values() for path, words in made.items()}
    return _listed("Look at", {f"{found.shop}/{path}": said[path] for path in found.reports})


def _next(found: Summary, called: str) -> RenderableType:
    ready = {
        f"{called} promote --shop {found.shop}": "let this release serve",
        f"{called} serve {found.shop}": "prices over HTTP, and a page",
        f"{called} reprice --shop {found.shop}": "a price for every product",
    }
    told = {
        f"{called} recommend CODE --shop {found.shop}": "a price without a release, and so without a receipt"
    }
    always = {
        f"{called} ingest FILE --shop {found.shop}": "new order lines",
        f"{called} drift {found.shop}": "drift over time",
    }
    released = found.recorded and found.recorded["release"]
    return _listed("Next", (ready if released else told if found.response else {}) | always)


def _listed(title: str, lines: dict[str, str]) -> RenderableType:
    table = Table(box=None, padding=(0, 2), header_style="bold")
    table.add_column(title, no_wrap=True)
    table.add_column()
    for line, words in lines.items():
        table.add_row(line, words)
    return table


def _json(path: Path) -> Facts | None:
    if not path.exists():
        return None
    found: Facts = json.loads(path.read_text(encoding="utf-8"))
    return found
