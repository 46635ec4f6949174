import json

import pytest
import typer
from typer.testing import CliRunner

from pricetrail.cli.graph import graph
from pricetrail.errors import ShopMissing, UsageError


def typed(*words):
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(graph)
    return CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)


def test_page_of_the_newest_run(ran, tmp_path):
    said = typed("--shop", ran.root, "--output", tmp_path / "page.html")
    assert "page.html: the trail of release" in said.stderr
    assert (tmp_path / "page.html").read_text().startswith("<!DOCTYPE html>")
    assert json.loads(typed("--shop", ran.root, "--json").stdout)["root"].startswith("release ")


def test_mermaid_of_one_file_on_stdout(ran):
    said = typed("models/production/dfn_best.onnx", "--shop", ran.root, "--format", "mermaid").stdout
    assert "file models/production/dfn_best.onnx<br>" in said
    assert "gates/model.json" not in said


def test_shop_that_never_ran_shows_what_it_declares(tiny, tmp_path):
    found = json.loads(typed("--shop", tiny.root, "--json").stdout)
    kinds = {each["name"]: each["kind"] for each in found["steps"]}
    assert (kinds["data/raw"], kinds["learn"], kinds["gates/model.json"]) == ("raw", "stage", "file")
    with pytest.raises(ShopMissing):
        typed("--shop", tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["file/page.html", "folder"])
def test_place_that_cannot_be_written(ran, tmp_path, name):
    (tmp_path / "file").write_text("as before")
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError, match=f"{name} cannot be written"):
        typed("--shop", ran.root, "--output", tmp_path / name)
    assert (tmp_path / "file").read_text() == "as before"
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "shop") == ["file", "folder"]
