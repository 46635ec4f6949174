"""The model card of a release: one page of HTML that needs nothing else, in which every figure names its source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from importlib.resources import files
from typing import Any

import yaml
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from pricetrail.lineage.drawing import page as drawing
from pricetrail.lineage.entry import Entry
from pricetrail.lineage.exports import words
from pricetrail.shop.report import marks
from pricetrail.shop.report.annex import HEADINGS
from pricetrail.shop.report.facts import GATES, SHAP, Facts
from pricetrail.shop.report.sources import Sources

PARTS = {
    "purpose": "What it is for",
    "accountability": "Who answers for it",
    "data": "Data",
    "training": "How it was made",
    "accuracy": "How good it is",
    "groups": "For whom it is how good",
    "response": "What is known of the answer to price",
    "drivers": "What moves its forecasts",
    "gates": "Gates",
    "oversight": "Human oversight",
    "limits": "Limits",
    "reproduction": "Made again",
    "checklist": "Annex IV as a checklist",
    "lineage": "Lineage",
    "sources": "Sources",
}
PATHS = {
    "INF": "metrics/dfn_inf.json",
    "VAL": "metrics/dfn_val.json",
    "ETL": "metrics/etl.json",
    "DRIFT": "metrics/data_drift.json",
    "RISK": "metrics/dfn_risk_fairness.json",
    "BACKUP": "metrics/backup_val.json",
    "RESPONSE": "metrics/price_response.json",
    "SHAP": SHAP,
}
GATED = {"error": "mean_error_difference", "outcome": "mean_outcome_difference"}
FEATURES = 15
NAMES = {
    "mean_error_difference": "mean error, log1p scale",
    "mean_outcome_difference": "mean forecast, log1p scale",
    "mse_diff": "MSE(log)",
    "mae_diff": "mean absolute error, units",
    "mean_error_units_difference": "mean error, units",
}


def page(facts: Facts, links: Mapping[str, str] | None = None) -> str:
    """The whole page.

    Args:
        facts: all that is known of the release.
        links: where each source lies beside the page, by its path, if it does.
    """
    sources = facts.sources()
    template = _environment(sources).from_string(_asset("page.html"))
    return template.render(
        **PATHS,
        **_figures(facts),
        facts=facts,
        run=facts.run,
        reproduced=facts.reproduction,
        parts=PARTS,
        annex=HEADINGS,
        words=words,
        marks=marks,
        GATES=GATES,
        links=links or {},
        bundled=links is not None,
        style=Markup(drawing.style() + _asset("page.css")),
        script=Markup(drawing.script()),
        trail=Markup(drawing.fragment(facts.trail)),
        cite=lambda path: _cite(sources, path),
        known=sources.has,
        sources=lambda: list(sources.cited.values()),
        most=_most,
    )


def _figures(facts: Facts) -> dict[str, Any]:
    """What the template draws, each empty where the run has none of it."""
    risk = facts.figures(PATHS["RISK"])
    return {
        "tested": _sorted(facts.figures(PATHS["INF"])),
        "validated": facts.figures(PATHS["VAL"]),
        "etl": facts.figures(PATHS["ETL"]),
        "unused": sorted(_unused(facts.figures(PATHS["ETL"])), key=lambda each: -each[2]),
        "names": NAMES,
        "drift": facts.figures(PATHS["DRIFT"]),
        "risk": risk,
        "gated": GATED.get(risk.get("gate_on", ""), ""),
        "backups": facts.figures(PATHS["BACKUP"]),
        "response": facts.figures(PATHS["RESPONSE"]),
        "shap": sorted(facts.figures(SHAP), key=lambda each: -each["mean_abs_shap"])[:FEATURES],
        "stages": _ordered(facts.run),
        "environments": list(facts.run["environments"].values()),
        "raw": [
            each for path, found in facts.run["sources"].items() if path.startswith("data/") for each in found
        ],
    }


def _sorted(tested: Mapping[str, Any]) -> Mapping[str, Any]:
    """The figures on held-out lines with the tenths in their order; empty where there are none by channel."""
    if "by_channel" not in tested:
        return {}
    tenths = sorted(tested.get("by_decile", {}).items(), key=lambda each: int(each[0]))
    return {**tested, "by_decile": dict(tenths)}


def _unused(etl: Mapping[str, Any]) -> Iterator[tuple[str, str, int]]:
    """Why rows were not used, what became of them, and how many there are."""
    for what in ("rejected", "removed"):
        for reason, count in etl.get(f"reasons_{what}", {}).items():
            yield reason, what, count


def _ordered(run: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The stages, each behind those that made what it read."""
    records = run["records"]
    made = {each["path"]: name for name, record in records.items() for each in record["outputs"]}
    behind = {
        name: [made[each["path"]] for each in record["inputs"] if each["path"] in made]
        for name, record in records.items()
    }
    return [(name, records[name]) for name in TopologicalSorter(behind).static_order()]


def _environment(sources: Sources) -> Environment:
    found = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    found.filters |= {
        "figure": _figure,
        "signed": _signed,
        "plain": lambda name: str(name).replace("_", " "),
        "plain_value": _value,
        "pretty": lambda values: yaml.safe_dump(values, sort_keys=False, allow_unicode=True),
        "said": _said,
    }
    return found


def _figure(value: Any, places: int = 4) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.{places}f}"


def _signed(value: float, places: int = 4) -> str:
    return f"{value:+.{places}f}"


def _value(value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case [] | None:
            return "none"
        case list():
            return ", ".join(map(str, value))
    return _figure(value)


def _said(entry: Entry) -> str:
    """What an entry says beside who and when."""
    body = entry.body
    return str(body.get("why") or body.get("verdict") or body.get("outcome") or "")


def _most(groups: Mapping[str, Mapping[str, float]]) -> float:
    """The greatest error of any group: what their bars are drawn against."""
    return max(max(each["mse_inf"], each["mse_naive"]) for each in groups.values())


def _cite(sources: Sources, path: str) -> Markup:
    if not sources.has(path):
        return Markup("")
    found = sources.cite(path)
    link = '<sup class="cite"><a href="#source-{0}" title="{1}" aria-label="Source {0}: {1}">{0}</a></sup>'
    return Markup(link).format(found.number, path)


def _asset(name: str) -> str:
    return (files("pricetrail.shop.report") / name).read_text(encoding="utf-8")
