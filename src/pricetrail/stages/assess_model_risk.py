"""Stage ``assess_model_risk``: the model's errors by group, and beside those of its rivals.

It judges and never stops: the rules and what decided them are tracked, whatever ``model_gate`` makes of
them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from pricetrail.demand import fairness, rivals
from pricetrail.demand.encode import Encoder
from pricetrail.demand.fairness import Limits, Sides
from pricetrail.demand.inference import Forecasts, Model, Numbers
from pricetrail.demand.interval import Resamples
from pricetrail.demand.rivals import Trial
from pricetrail.demand.verdict import Rule, Verdict
from pricetrail.errors import DataError, ParamsInvalid, translating
from pricetrail.files import write_json
from pricetrail.params import Risk
from pricetrail.stages.lines import matched
from pricetrail.stages.stage import Context, main
from pricetrail.stages.tables import columns

RESULTS = "data/dfn_inference_results.parquet"
LINES = "data/x_test_df.parquet"
ACCEPTABLE = {Verdict.PASSED: 1, Verdict.BLOCKED: 0, Verdict.INCONCLUSIVE: None}


def work(context: Context) -> None:
    """Write the figures by group, their differences, and every rule's verdict."""
    root, settings = context.root, context.params.assess_model_risk
    results = pq.read_table(root / RESULTS)
    lines = matched(pq.read_table(root / LINES), results["line"].to_numpy(), name=LINES)
    found = _forecasts(results)
    resamples = Resamples(found.invoices, number=settings.resamples, seed=settings.seed)
    assessed, fair = _assess(found, resamples, settings, [results, lines])
    context.progress(0.5, "groups compared")
    trial = Trial(found, resamples, settings.min_invoices)
    rules = [*fair, rivals.beats_naive(trial), _production(root, lines, trial, context)]
    tested = json.loads((root / "metrics/dfn_inf.json").read_text(encoding="utf-8"))
    described = {name: tested[name] for name in ("stockcode", "model_version")}
    judged = {"rules": [each.to_dict() for each in rules]}
    write_json(root / "metrics/dfn_risk_fairness.json", {**described, **assessed, **judged})


def _assess(
    found: Forecasts, resamples: Resamples, settings: Risk, tables: list[pa.Table]
) -> tuple[dict[str, Any], list[Rule]]:
    """The figures by group, and the rule over them; neither where no feature is asked about."""
    feature = settings.sensitive_feature
    if feature is None:
        return {"sensitive_feature": None, "verdict": None, "is_mod_acceptable": None}, []
    sides = Sides.of(_groups(feature, tables), feature=feature, privileged=settings.privileged_group)
    sizes = fairness.counts(sides, resamples)
    differences = fairness.differences(found, sides, resamples)
    limits = Limits(settings.gate_on, settings.mod_threshold, settings.min_group, settings.min_invoices)
    rule = fairness.fair(sides, sizes, differences, limits)
    assessed = {
        "sensitive_feature": feature,
        "privileged_group": settings.privileged_group,
        "gate_on": settings.gate_on,
        "mod_threshold": settings.mod_threshold,
        "verdict": str(rule.verdict),
        "is_mod_acceptable": ACCEPTABLE[rule.verdict],
        **sizes,
        **fairness.figures(found, sides),
        **{name: each and each.estimate for name, each in differences.items()},
        "intervals": {
            name: None if each is None else {"low": each.low, "high": each.high}
            for name, each in differences.items()
        },
    }
    return assessed, [rule]


def _forecasts(results: pa.Table) -> Forecasts:
    known = columns(results.select(["invoiceno", "y_true_log", "y_pred_log", "naive_log"]))
    return Forecasts(known["invoiceno"], known["y_true_log"], known["y_pred_log"], known["naive_log"])


def _groups(feature: str, tables: list[pa.Table]) -> npt.NDArray[Any]:
    """The sensitive feature's value of each line."""
    for table in tables:
        if feature in table.column_names:
            return np.array(table[feature].to_pylist(), dtype=object)
    names = sorted({name for table in tables for name in table.column_names})
    raise ParamsInvalid(
        f"assess_model_risk.sensitive_feature is {feature!r}, which no test line has. Choose one of: "
        f"{', '.join(names)}."
    )


def _production(root: Path, lines: pa.Table, trial: Trial, context: Context) -> Rule:
    folder = root / "production"
    if not (folder / "release.json").exists():
        return rivals.unrivalled()
    with translating(
        {Exception: DataError}, "production/ holds a release.json, but no encoder to go with it."
    ):
        encoder = Encoder.from_json(json.loads((folder / "encoder.json").read_text(encoding="utf-8")))
    wanted = [each.name for each in encoder.numeric] + [each.name for each in encoder.categorical]
    if missing := sorted(set(wanted) - set(lines.column_names)):
        return rivals.incomparable(f"they no longer have {', '.join(missing)}.")
    forecasts = _forecast(folder, encoder, lines.select(wanted))
    margin = context.params.model_gate.worse_than_production
    return rivals.keeps_up(trial, forecasts, margin=margin)


def _forecast(folder: Path, encoder: Encoder, lines: pa.Table) -> Numbers:
    with translating({OSError: DataError}, "production/ holds a release.json, but no model to go with it."):
        onnx = (folder / "model.onnx").read_bytes()
    model = Model(onnx, name="production/model.onnx")
    return model.predict(*encoder.transform(columns(lines)))


if __name__ == "__main__":
    main("assess_model_risk", work)
