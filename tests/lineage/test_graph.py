import subprocess

import pytest

from pricetrail.errors import ShopMissing
from pricetrail.lineage import graph
from pricetrail.params import Params
from pricetrail.shop import create, dvc


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    def fill(raw):
        raw.mkdir(parents=True, exist_ok=True)
        (raw / "0001-lines.csv").write_text("a,b\n1,2\n")
        return Params()

    root = tmp_path_factory.mktemp("graph") / "shop"
    create.create(root, fill)
    return root


def drawn(root):
    done = subprocess.run(dvc.command("dag", "--dot"), cwd=root, capture_output=True, text=True, check=True)
    pairs = [line.strip(" ;").split(" -> ") for line in done.stdout.splitlines() if "->" in line]
    return {(start.strip('"'), end.strip('"')) for start, end in pairs}


def test_edges_are_those_that_dvc_draws(shop):
    assert graph.read(shop).edges() == drawn(shop)


def test_every_stage_comes_after_what_it_reads(shop):
    found = graph.read(shop)
    place = {stage.name: position for position, stage in enumerate(found.order())}
    assert all(place[parent] < place[child] for parent, child in found.edges())


def test_folder_and_file_in_it_are_the_same_data(shop):
    behind = [stage.name for stage in graph.read(shop).ancestry("models/production/dfn_best.onnx")]
    assert behind[0] == "tune_primary_model"
    assert {"data/raw.dvc", "etl_pipeline", "code"} <= set(behind)
    assert "model_gate" not in behind


@pytest.mark.parametrize(
    ("one", "other", "same"), [("a", "a/b", True), ("a/b", "a", True), ("a", "ab", False)]
)
def test_overlap(one, other, same):
    assert graph.overlap(one, other) is same


def test_settings_are_named_by_file(tmp_path):
    (tmp_path / "dvc.yaml").write_text(
        "stages: {one: {cmd: c, deps: [in.txt], outs: [out: {cache: false}], params: [a.b, p.json: ]}}"
    )
    stage = graph.read(tmp_path)["one"]
    assert (stage.reads, stage.writes) == (("in.txt",), ("out",))
    assert dict(stage.settings) == {"params.yaml": ("a.b",), "p.json": ()}


def test_folder_without_pipeline(tmp_path):
    with pytest.raises(ShopMissing, match="no dvc"):
        graph.read(tmp_path)
