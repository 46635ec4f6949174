"""Two runs of a small shop, compared; its raw files are no order lines, so its data cannot be."""

import json
import re
import subprocess
from dataclasses import replace
from io import StringIO

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from pricetrail.cli.diff import diff, screen
from pricetrail.errors import Blocked, UnknownId
from pricetrail.lineage import named, place
from pricetrail.shop import changes
from pricetrail.shop.rows import Column, Rows


@pytest.fixture
def twice(ran):
    """The shop after a second run, with another seed."""
    ran.write("params.yaml", "tune_backup_models:\n  seed: 8\n")
    ran.run()
    return ran


def runs(tiny):
    ledger = place.ledger(tiny.root)
    return [named.run(ledger, entry.objects[0]) for entry in reversed(list(ledger.topic("run")))]


def typed(*words):
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(diff)
    return CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)


def test_parameter_and_what_followed_from_it(twice):
    found = changes.between(twice.root, *runs(twice))
    assert [(each.name, each.before, each.after) for each in found.told.parameters] == [
        ("tune_backup_models.seed", 7, 8)
    ]
    assert [each.name for each in found.told.figures] == ["dfn_inf.mae_inf", "dfn_inf.model_version"]
    assert {each.name for each in found.told.files} == {
        "models/production/dfn_best.onnx", "preprocessors/encoder.json", "metrics/dfn_inf.json",
    }  # fmt: skip
    assert (found.told.modules, found.told.environment, found.data) == ((), (), {})
    assert found.shop["params.yaml"].added == found.shop["params.yaml"].removed == 1


def test_same_run_has_nothing_to_tell(ran):
    [run] = runs(ran)
    found = changes.between(ran.root, run, run).to_dict()
    empty = {
        name: found[name]
        for name in ("code", "modules", "parameters", "figures", "verdicts", "files", "missing")
    }
    assert not any(empty.values())


def test_what_cannot_be_compared_is_named(twice):
    twice.write("data/raw/0001-lines.csv", "3,4\n")
    twice.dvc("add", "data/raw")
    twice.run()
    _, before, after = runs(twice)
    before.manifest["code"]["commit"], after.manifest["code"]["commit"] = "1" * 40, "2" * 40
    found = changes.between(twice.root, before, after)
    code, orders = found.missing
    assert code == "lines of code: the commits 111111111111 and 222222222222 of pricetrail are not both here"
    assert orders.startswith("raw order lines: ")


def test_blob_that_is_gone_is_named(twice):
    twice.write("data/raw/0001-lines.csv", "3,4\n")
    twice.dvc("add", "data/raw")
    twice.run()
    subprocess.run(["rm", "-r", twice.root / ".dvc/cache"], check=True)
    _, before, after = runs(twice)
    (said,) = changes.between(twice.root, before, after).missing
    assert "'pricetrail pull' or 'dvc fetch --all-commits'" in said


def test_run_that_was_blocked_beside_one_that_passed(ran):
    ran.write("wanted.txt", "block")
    with pytest.raises(Blocked):
        ran.run()
    before, after = runs(ran)
    found = changes.between(ran.root, before, after).told
    assert [(each.name, each.after) for each in found.verdicts] == [("run", "blocked"), ("gate model", None)]
    assert typed(before.id, after.id, "--shop", ran.root).exit_code == 0


def test_screen_and_json(twice):
    before, after = runs(twice)
    said = typed(before.id[:8], after.release, "--shop", twice.root).stdout
    assert "tune_backup_models.seed" in said
    found = json.loads(typed(before.release, after.id, "--shop", twice.root, "--json").stdout)
    assert (found["before"]["run"], found["after"]["release"]) == (before.id, after.release)
    with pytest.raises(UnknownId, match="No release or run has an id that begins with ffff"):
        typed("ffff", after.id, "--shop", twice.root)


def test_screen_shows_the_columns_that_moved_most(ran):
    [run] = runs(ran)
    columns = tuple(Column(f"moved_{at}", 0.9 - at / 100, 1.0, 2.0, (0.0, 0.25)) for at in range(12))
    table = Rows(100, 110, 20, 10, 5, ("store",), (), columns)
    found = replace(changes.between(ran.root, run, run), data={"orders": table})
    console = Console(width=160, record=True, file=StringIO())
    console.print(screen(found))
    said = console.export_text()
    assert re.search(r"100 rows +110 rows: 20 added, 10 removed, 5 worked out otherwise", said)
    assert re.search(r"moved_0 +1 +2, 25\.0% without +distance 0\.900", said)
    assert "moved_4" in said
    assert "moved_5" not in said
    assert "and 7 more in --json" in said
