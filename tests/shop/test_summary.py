"""The screen at the end of a run shows that run, and nothing of an earlier one."""

import io

import pytest
from rich.console import Console

from pricetrail.files import write_json
from pricetrail.shop import note, summary
from pricetrail.shop.note import Note, Recorded

ROWS = {
    "rows": 10,
    "first": None,
    "last": None,
    "accepted": 0,
    "rejected_share": 1.0,
    "products": 0,
    "customers": 0,
    "reasons_rejected": {"quantity is zero": 10},
    "reasons_removed": {},
}
DRIFT = {"num_drifts": 0, "columns": {}, "reason": "Too few order lines to tell."}


def shown(root):
    console = Console(width=120, file=io.StringIO())
    console.print(summary.screen(summary.read(root)))
    return console.file.getvalue()


@pytest.fixture
def shop(tmp_path):
    write_json(tmp_path / "metrics/etl.json", ROWS)
    write_json(tmp_path / "gates/etl.json", {"verdict": "passed"})
    write_json(tmp_path / "metrics/data_drift.json", DRIFT)
    write_json(tmp_path / "gates/data_drift.json", {"verdict": "inconclusive"})
    return tmp_path


def test_inconclusive_says_why(shop):
    assert "Too few order lines to tell." in shown(shop)


def test_what_lies_behind_a_block_was_not_run(shop):
    write_json(shop / "gates/etl.json", {"verdict": "blocked"})
    found = summary.read(shop)
    assert (found.drift, found.gates["data_drift"]) == (None, None)
    assert "not run" in shown(shop)


def test_folder_without_a_run(tmp_path):
    assert "pricetrail ingest FILE" in shown(tmp_path)


def test_blocked_model_names_the_rule(shop):
    rules = [{"rule": "fairness", "verdict": "blocked", "words": "A difference of +0.2."}]
    write_json(shop / "metrics/dfn_risk_fairness.json", {"rules": rules})
    write_json(shop / "gates/model.json", {"verdict": "blocked"})
    assert "fairness blocked: A difference of +0.2." in shown(shop)


def test_release_may_be_promoted_next(shop):
    note.write(shop, Note(recorded=Recorded("a" * 64, None, ("gate drift: inconclusive",))))
    assert "gate drift: inconclusive" in shown(shop)
    assert "pricetrail promote" not in shown(shop)
    note.write(shop, Note(recorded=Recorded("a" * 64, "b" * 64, ())))
    assert "bbbbbbbbbbbb" in shown(shop)
    assert "pricetrail promote" in shown(shop)


def test_prices_can_be_asked_for_without_a_release(shop):
    standing = {"identified": 1, "borrowed": 0, "unknown": 0, "changes": 2}
    pool = {"pool": {"slope": {"mean": -2.0, "sd": 0.1}}}
    write_json(shop / "gates/model.json", {"verdict": "inconclusive"})
    write_json(shop / "metrics/etl.json", ROWS | {"products": 1})
    write_json(shop / "metrics/price_response.json", standing | pool)
    assert ("1 products " in shown(shop), "-2.00 (-2.20 to -1.80)" in shown(shop)) == (True, True)
    write_json(shop / "metrics/price_response.json", standing | pool | {"unknown": 3, "changes": 0})
    assert ("3 products in stores" in shown(shop), "no price ever changed" in shown(shop)) == (True, True)
    assert "pricetrail recommend CODE" in shown(shop)
