"""Trails through a small shop that ran twice, the second time with another parameter."""

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import yaml

from pricetrail.errors import AmbiguousId, Blocked, DigestMismatch, StageFailed, UnknownId
from pricetrail.lineage import canonical, channel, place
from pricetrail.lineage.receipts import Receipt, Writer, find, segment
from pricetrail.lineage.receipts.seal import seal
from pricetrail.lineage.trace import trace
from pricetrail.shop import production, trails

MODEL = "models/production/dfn_best.onnx"


@pytest.fixture
def ledger(ran):
    return place.ledger(ran.root)


@pytest.fixture
def release(ledger):
    return next(iter(channel.releases(ledger)))


@pytest.fixture
def issued(ledger, release):
    """The number of a receipt of the release."""
    at = datetime(2026, 3, 1, tzinfo=UTC)
    writer = Writer(ledger.store)
    number = writer.issue(
        Receipt(at, release, "cd" * 32, "85123A", None, {"cost": 1}, {"price": 2.5}, 2.5, 9.0)
    )
    writer.close()
    return number


def names(branch):
    """The names of the first branches, down to the ground."""
    return [branch.step.name, *(names(branch.branches[0]) if branch.branches else ())]


def test_receipt_leads_down_to_the_raw_bytes(ran, ledger, release, issued):
    found = trace(ledger, issued)
    assert [step.kind for step in found.steps.values()][:3] == ["receipt", "release", "run"]
    assert names(found.tree())[1:] == [
        release[:12], found.steps[f"release {release}"].behind[0][4:16], MODEL, "learn", "data/clean.txt", "prepare",
        "data/raw/0001-lines.csv",
    ]  # fmt: skip
    raw = next(step for step in found.steps.values() if step.kind == "raw")
    assert raw.digest == canonical.file_digest(ran.root / raw.name)
    assert {"parameters", "environment", "code", "commit"} <= {step.kind for step in found.steps.values()}


def test_every_step_has_a_digest_and_is_plain_data(ledger, issued):
    found = json.loads(json.dumps(trace(ledger, issued).to_dict()))
    assert all(each["digest"] for each in found["steps"] if each["kind"] != "code")
    ids = {each["id"] for each in found["steps"]}
    assert all(ids.issuperset(each["behind"]) for each in found["steps"])


def test_receipt_says_where_it_was_sealed(ledger, issued):
    assert trace(ledger, issued).root.facts["sealed"] is None
    entry = seal(ledger, who="x")
    assert trace(ledger, issued).root.facts["sealed"]["entry"] == entry.number


@pytest.mark.parametrize("kind", ["json", "jsonl.gz"])
def test_receipt_that_is_not_as_it_was_sealed(ledger, issued, kind):
    seal(ledger, who="x")
    [name] = segment.names(ledger.store)
    content = ledger.store.read(segment.path(name, kind))
    ledger.store.replace(segment.path(name, kind), content.replace(b"9.0", b"8.0") + b" ")
    with pytest.raises(DigestMismatch):
        trace(ledger, issued)


def test_receipt_of_a_release_that_the_ledger_does_not_have(ledger, release, issued):
    writer = Writer(ledger.store)
    strange = replace(find(ledger.store, issued).receipt, release="ff" * 32)
    with pytest.raises(UnknownId, match="The release ffffffffffff… is named, and the ledger"):
        trace(ledger, writer.issue(strange))


def test_release_says_who_let_it_serve(ledger, release):
    channel.promote(ledger, release, who="ann", why="better")
    channel.quarantine(ledger, release, who="bob", why="bad file")
    facts = trace(ledger, release[:8]).root.facts
    assert [(each["who"], each["why"]) for each in facts["promoted"]] == [("ann", "better")]
    assert facts["quarantined"]["who"] == "bob"


def test_what_a_run_was_judged_beside_leads_to_the_release_that_served(ran, release):
    production.promote(ran.root, release, why="")
    stages = yaml.safe_load((ran.root / "dvc.yaml").read_text())
    stages["stages"]["judge"]["deps"].append("production")
    (ran.root / "dvc.yaml").write_text(yaml.safe_dump(stages))
    ran.run()
    ledger = place.ledger(ran.root)
    found = trace(ledger, ran.entries("run")[0].objects[0])
    [model] = [step for step in found.steps.values() if step.name == "production/model.onnx"]
    assert found.steps[model.behind[0]].digest == release
    assert found.steps[model.behind[0]].behind == ()


def test_file_names_the_runs_that_made_or_read_it(ran, ledger, release):
    first = canonical.file_digest(ran.root / MODEL)
    ran.write("params.yaml", "tune_backup_models:\n  seed: 8\n")
    ran.run()
    [use] = trace(ledger, first).uses
    assert (use.did, use.releases) == ("made", (release,))
    raw = trails.find(ran.root, ledger, "data/raw/0001-lines.csv")
    assert (raw.root.kind, [use.did for use in raw.uses if use.path == raw.root.name]) == (
        "raw",
        ["read"] * 2,
    )


def test_settings_are_files_that_a_run_read(ran, ledger):
    found = trails.find(ran.root, ledger, "params.yaml")
    assert [(use.did, use.path) for use in found.uses] == [("read", "params.yaml")]
    assert trace(ledger, found.root.digest[:8]).root == found.root
    assert trails.find(ran.root, ledger, "dvc.lock").uses[0].did == "made"


def test_file_that_changed_since_is_unknown_and_its_versions_are_named(ran, ledger):
    known = canonical.file_digest(ran.root / MODEL)
    (ran.root / MODEL).write_text("by hand")
    with pytest.raises(UnknownId, match=f"as it is now .* versions of it, the newest first: {known[:12]}"):
        trails.find(ran.root, ledger, MODEL)
    (ran.root / MODEL).unlink()
    with pytest.raises(UnknownId, match=f"There is no file .*{known[:12]}"):
        trails.find(ran.root, ledger, MODEL)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("zz", "Expected a receipt's number"),
        ("abc", "at least the first 4"),
        ("a1-b2-c3-d4", "A receipt's number looks like"),
        ("ffffffff", "No release, run or file has an id that begins with ffffffff"),
        ("k7q2m9xa-3f", "There is no receipt"),
        ("data/none.csv", "There is no file data/none.csv. No run knows"),
        ("0001-none.csv", "There is no file 0001-none.csv. No run knows"),
        ("data/raw", "'data/raw' is a folder. Name a file in it"),
        ("9" * 5000, "Expected a receipt's number"),
    ],
)
def test_what_names_nothing(ran, ledger, given, said):
    with pytest.raises(UnknownId, match=said):
        trails.find(ran.root, ledger, given)


def test_beginning_that_fits_three(ledger):
    for n in "123":
        ledger.append("run", {"outcome": "passed"}, who="x", objects=(f"abcd{n * 60}",))
    with pytest.raises(AmbiguousId, match="3 ids begin with abcd"):
        trace(ledger, "abcd")


def test_needs_neither_dvc_nor_a_terminal():
    heavy = "{'dvc', 'rich', 'pandas', 'duckdb', 'pyarrow', 'numpy'}"
    modules = "pricetrail.lineage.trace, pricetrail.lineage.drawing.page, pricetrail.lineage.drawing.mermaid"
    code = f"import sys, {modules}; print(*{heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_run_that_was_blocked_leads_to_as_much_as_it_made(ran):
    ran.write("data/raw/0002-more.csv", "3,4\n")
    ran.dvc("add", "data/raw")
    ran.write("wanted.txt", "block")
    with pytest.raises(Blocked):
        ran.run()
    [entry, _] = ran.entries("run")
    found = trace(place.ledger(ran.root), entry.objects[0][:10])
    assert found.root.facts["outcome"] == "blocked"
    assert "stage judge" not in found.steps
    assert {"stage prepare", "stage learn"} <= found.steps.keys()
    assert [step.name for step in found.steps.values() if step.kind == "raw"] == [
        "data/raw/0001-lines.csv", "data/raw/0002-more.csv",
    ]  # fmt: skip


def test_run_that_failed_in_its_first_stage_has_its_parameters_still(tiny):
    tiny.write("stage.py", "raise SystemExit(1)")
    with pytest.raises(StageFailed):
        tiny.run()
    found = trace(place.ledger(tiny.root), tiny.entries("run")[0].objects[0])
    assert [step.kind for step in found.steps.values()] == ["run", "parameters", "code", "commit"]
    assert found.tree().branches[0].step.facts == {"tune_backup_models": {"seed": 7}}
