import json

import pytest

from pricetrail.demand.verdict import Rule, Verdict
from pricetrail.errors import Blocked, DataError
from pricetrail.files import write_json
from pricetrail.params import Params
from pricetrail.stages.model_gate import work
from pricetrail.stages.stage import Context


def gate(root, fairness="passed", naive="passed", production="passed", on_inconclusive="stop", version="abc"):
    said = {"fairness": fairness, "naive": naive, "production": production}
    rules = [Rule(name, Verdict(verdict), f"{name} 0.25.").to_dict() for name, verdict in said.items()]
    write_json(root / "metrics/dfn_risk_fairness.json", {"model_version": "abc", "rules": rules})
    write_json(root / "metrics/dfn_inf.json", {"model_version": version})
    params = Params.model_validate({"model_gate": {"on_inconclusive": on_inconclusive}})
    work(Context(root, params, lambda share, note: None))
    return json.loads((root / "gates/model.json").read_text())


def test_all_rules_passed(tmp_path):
    found = gate(tmp_path)
    assert (found["gate"], found["verdict"]) == ("model", "passed")
    assert [rule["rule"] for rule in found["rules"]] == ["fairness", "naive", "production"]


@pytest.mark.parametrize("rule", ["fairness", "naive", "production"])
def test_one_blocked_rule_blocks(tmp_path, rule):
    with pytest.raises(Blocked, match=rf"{rule} \(blocked\): {rule} 0\.25\. \w+"):
        gate(tmp_path, **{rule: "blocked"}, on_inconclusive="warn")
    assert json.loads((tmp_path / "gates/model.json").read_text())["verdict"] == "blocked"


def test_every_rule_that_failed_is_named(tmp_path):
    with pytest.raises(Blocked, match=r"(?s)fairness \(inconclusive\).*naive \(blocked\)") as block:
        gate(tmp_path, fairness="inconclusive", naive="blocked")
    assert "production" not in str(block.value)
    assert block.value.exit_code == 3


def test_undecided_stops_unless_told_otherwise(tmp_path):
    with pytest.raises(Blocked, match="on_inconclusive"):
        gate(tmp_path, fairness="inconclusive")
    assert gate(tmp_path, fairness="inconclusive", on_inconclusive="warn")["verdict"] == "inconclusive"


def test_metrics_of_two_models_are_a_fault(tmp_path):
    with pytest.raises(DataError, match="about two models"):
        gate(tmp_path, version="def")
