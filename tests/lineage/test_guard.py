"""One stage watched over: by itself, and as DVC runs it while somebody edits what it reads."""

import json
import os
from pathlib import Path

import pytest
import yaml

from pricetrail.errors import InputChanged, ShopMissing, StageFailed
from pricetrail.lineage import record
from pricetrail.lineage.guard import guarding
from pricetrail.shop import dvc, git, pipeline

STAGE = {
    "cmd": "python stage.py",
    "deps": ["data", "one.txt"],
    "params": [{"params.yaml": ["tune_backup_models.seed"]}],
    "outs": ["out.txt", "records/work.json"],
}

SETTINGS = "tune_backup_models: {{seed: {}}}\ninference_primary_model: {{seed: {}}}\n"


@pytest.fixture
def shop(tmp_path):
    (tmp_path / "dvc.yaml").write_text(yaml.safe_dump({"stages": {"work": STAGE}}))
    (tmp_path / "params.yaml").write_text(SETTINGS.format(7, 1))
    (tmp_path / "data").mkdir()
    for name in ("data/a.txt", "data/b.txt", "one.txt"):
        (tmp_path / name).write_text(name)
    return tmp_path


def work(root, meanwhile=lambda root: None):
    with guarding(root, "work"):
        (root / "out.txt").write_text("made")
        meanwhile(root)


def test_record_tells_what_was_read_and_made(shop):
    work(shop)
    found = record.read(shop, "work")
    assert [each.path for each in found.inputs] == ["data/a.txt", "data/b.txt", "one.txt"]
    assert [each.path for each in found.outputs] == ["out.txt"]
    assert found.settings == {"params.yaml": {"tune_backup_models.seed": 7}}
    assert "pricetrail.lineage.guard" in found.modules
    assert found.environment["packages"] == sorted(found.environment["packages"])


def test_two_clones_write_equal_records(shop, tmp_path_factory):
    texts = []
    for _ in range(2):
        work(shop)
        texts.append((shop / "records/work.json").read_bytes())
        shop = shop.rename(tmp_path_factory.mktemp("another place") / "shop")
    assert texts[0] == texts[1]
    assert b"another place" not in texts[1]


def edited(root):
    (root / "data/a.txt").write_text("edited")


def added(root):
    (root / "data/a.txt.new").write_text("new")


def removed(root):
    (root / "one.txt").unlink()


def put_back(root):
    os.utime(root / "one.txt", ns=(0, 0))


def set_anew(root):
    (root / "params.yaml").write_text(SETTINGS.format(8, 1))


CHANGES = {
    edited: "data/a.txt",
    added: "data/a.txt.new",
    removed: "one.txt",
    put_back: "one.txt",
    set_anew: "params.yaml: tune_backup_models.seed",
}


@pytest.mark.parametrize(("change", "named"), CHANGES.items(), ids=lambda each: getattr(each, "__name__", ""))
def test_change_meanwhile_is_named_and_nothing_recorded(shop, change, named):
    with pytest.raises(InputChanged, match=f"(?m)^  {named}$"):
        work(shop, change)
    assert not (shop / "records/work.json").exists()


def test_change_that_made_the_stage_fail_is_what_is_told(shop):
    def fails(root):
        removed(root)
        (root / "one.txt").read_text()

    with pytest.raises(InputChanged, match=r"one\.txt"):
        work(shop, fails)


def test_fault_of_the_stage_stays_its_own(shop):
    with pytest.raises(ZeroDivisionError), guarding(shop, "work"):
        raise ZeroDivisionError


def test_what_the_stage_does_not_read_may_change(shop):
    def change(root):
        (shop / "params.yaml").write_text(SETTINGS.format(7, 2))
        (shop / "elsewhere.txt").write_text("anything")

    work(shop, change)
    assert (shop / "records/work.json").exists()


def test_unknown_stage(shop):
    with pytest.raises(ShopMissing, match="declares no stage other"), guarding(shop, "other"):
        pass


SLOW = """
import time
from pathlib import Path
from pricetrail.stages.stage import main
def work(context):
    text = Path("one.txt").read_text()
    context.progress(0.5, "has read")
    while not Path("go").exists(): time.sleep(0.02)
    Path("out.txt").write_text(text)
main("work", work)
"""


class Editor:
    """Edits what the stage reads once it has said that it has read it."""

    def __init__(self, root: Path, name: str) -> None:
        self.root, self.name, self.events = root, name, []

    def stage(self, name, event):
        self.events.append(event)

    def progress(self, name, share, note):
        (self.root / self.name).write_text("edited")
        (self.root / "go").touch()


@pytest.fixture
def repository(shop):
    (shop / "stage.py").write_text(SLOW)
    (shop / ".gitignore").write_text("/go\n/out.txt\n/records/\n/ledger/\n/.pricetrail/\n")
    git.begin(shop)
    dvc.begin(shop)
    git.commit(shop, "start")
    return shop


def test_run_fails_where_dvc_alone_would_keep_the_lie(repository):
    with pytest.raises(StageFailed, match=r"(?s)^work failed:.*something that it reads.*\n  one\.txt\n"):
        pipeline.run(repository, Editor(repository, "one.txt"))
    assert not (repository / "dvc.lock").exists()


def test_record_agrees_with_the_lock_and_comes_back_from_the_cache(repository):
    pipeline.run(repository, Editor(repository, "elsewhere.txt"))
    lock = yaml.safe_load((repository / "dvc.lock").read_text())["stages"]["work"]
    first = (repository / "records/work.json").read_bytes()
    assert {each["path"]: each["md5"] for each in lock["outs"]}["out.txt"] == json.loads(first)["outputs"][0][
        "md5"
    ]
    editor = Editor(repository, "elsewhere.txt")
    for text in ("another", "one.txt"):
        (repository / "one.txt").write_text(text)
        pipeline.run(repository, editor)
    assert editor.events[-1] == "restored"
    assert (repository / "records/work.json").read_bytes() == first
