import subprocess

import pytest
import yaml

from pricetrail.errors import DataError, ParamsInvalid, ShopExists
from pricetrail.lineage import declared, record
from pricetrail.params import Params
from pricetrail.shop import create, dvc, settings

LAID = ("dvc.yaml", ".gitignore", ".dvcignore", ".github/dependabot.yml", ".github/workflows/pipeline.yml")


def fill(raw):
    raw.mkdir(parents=True, exist_ok=True)
    (raw / "0001-lines.csv").write_text("a,b\n1,2\n")
    return Params()


@pytest.fixture
def shop(tmp_path):
    create.create(tmp_path / "shop", fill)
    return tmp_path / "shop"


def test_shop_is_whole_and_committed(shop):
    for path in (*LAID, "params.yaml", ".dvc/config", "data/raw.dvc", "production.dvc"):
        assert (shop / path).exists()
    status = subprocess.run(
        ["git", "status", "--porcelain"], cwd=shop, capture_output=True, text=True, check=True
    )
    assert status.stdout == ""


def test_what_dvc_keeps_git_leaves_alone(shop):
    """From the start: DVC itself says so to git only at the end of a run, which may not come."""
    stages = yaml.safe_load((shop / "dvc.yaml").read_text())["stages"].values()
    kept = [out for stage in stages for key in ("outs", "plots") for out in stage.get(key, [])]
    paths = [path for out in kept for path in cached(out)]
    ignored = subprocess.run(["git", "check-ignore", *paths], cwd=shop, capture_output=True, text=True)
    assert ignored.stdout.split() == paths


def cached(out):
    return [out] if isinstance(out, str) else [path for path, how in out.items() if how.get("cache", True)]


def test_every_stage_declares_its_record(shop):
    stages = [stage for stage in declared.stages(shop) if stage.name != "code"]
    assert [stage.name for stage in stages if record.path(stage.name) not in stage.writes] == []


def test_graph_is_one_piece_from_the_raw_files(shop):
    found = subprocess.run(
        dvc.command("dag", "--mermaid"), cwd=shop, capture_output=True, text=True, check=True
    )
    edges = [line.split("-->") for line in found.stdout.splitlines() if "-->" in line]
    groups = [{start.strip(), end.strip()} for start, end in edges]
    whole = groups.pop()
    while touching := [group for group in groups if group & whole]:
        whole |= set().union(*touching)
        groups = [group for group in groups if group not in touching]
    assert groups == []


def test_nothing_is_left_of_a_shop_that_cannot_be_filled(tmp_path):
    def broken(raw):
        fill(raw)
        raise DataError("no such column")

    with pytest.raises(DataError, match="no such column"):
        create.create(tmp_path / "shop", broken)
    assert list(tmp_path.iterdir()) == []


def test_folder_with_something_in_it_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ShopExists, match="pricetrail ingest"):
        create.create(tmp_path, fill)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_setting_is_changed_and_kept(shop):
    settings.change(shop, "preprocess", test_share=0.2)
    assert settings.read(shop).preprocess.test_share == 0.2


@pytest.mark.parametrize(("name", "value"), [("test_share", 2), ("test_share", "much"), ("no_such", 1)])
def test_setting_that_cannot_be_used_changes_nothing(shop, name, value):
    before = (shop / "params.yaml").read_text()
    with pytest.raises(ParamsInvalid, match=rf"preprocess\.{name}"):
        settings.change(shop, "preprocess", **{name: value})
    assert (shop / "params.yaml").read_text() == before
