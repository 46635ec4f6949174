"""Stage ``model_gate``: stops the run when the model may not serve. It reads the verdicts and decides."""

from __future__ import annotations

import json
from typing import Any

from pricetrail.demand.verdict import Rule, Verdict, overall
from pricetrail.errors import Blocked, DataError
from pricetrail.files import write_json
from pricetrail.stages.stage import Context, main

ADVICE = {
    "fairness": "See the groups' figures in metrics/dfn_risk_fairness.json: features that tell the groups "
    "apart, or more lines of the smaller one, may help. The limit is assess_model_risk.mod_threshold.",
    "naive": "Look at metrics/dfn_inf.json for where it falls short, and give the search more trials "
    "(tune_primary_model.n_trials) or the shop more order lines.",
    "production": "The production release stays. Give the search more trials (tune_primary_model.n_trials); "
    "the accepted margin is model_gate.worse_than_production.",
}
UNDECIDED = "Ingest more order lines, or set model_gate.on_inconclusive to warn to go on without a verdict."


def work(context: Context) -> None:
    """Write the gate's verdict, or stop.

    Raises:
        Blocked: a rule says no, or could not be decided and ``on_inconclusive`` is ``stop``.
        DataError: the metrics are of two models.
    """
    assessed = _read(context, "metrics/dfn_risk_fairness.json")
    if assessed["model_version"] != _read(context, "metrics/dfn_inf.json")["model_version"]:
        raise DataError(
            "metrics/dfn_risk_fairness.json and metrics/dfn_inf.json are about two models. Make both again "
            "with 'pricetrail run'."
        )
    rules = [Rule.from_dict(each) for each in assessed["rules"]]
    verdict = overall(rules)
    write_json(
        context.root / "gates/model.json",
        {"gate": "model", "verdict": str(verdict), "rules": [rule.to_dict() for rule in rules]},
    )
    if verdict is Verdict.BLOCKED or (
        verdict is Verdict.INCONCLUSIVE and context.params.model_gate.on_inconclusive == "stop"
    ):
        raise Blocked("\n".join(_complaint(rules)))


def _complaint(rules: list[Rule]) -> list[str]:
    """Each rule that did not pass, with its figures and what to do."""
    lines = ["The model may not serve:"]
    for rule in rules:
        if rule.verdict is not Verdict.PASSED:
            advice = ADVICE[rule.rule] if rule.verdict is Verdict.BLOCKED else UNDECIDED
            lines.append(f"  {rule.rule} ({rule.verdict}): {rule.words} {advice}")
    return lines


def _read(context: Context, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((context.root / name).read_text(encoding="utf-8"))
    return found


if __name__ == "__main__":
    main("model_gate", work)
