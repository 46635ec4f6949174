import hashlib

import pytest
import yaml

from pricetrail.lineage import artifact
from pricetrail.shop import dvc, git

CONTENTS = {"b.txt": "b", "sub/a.txt": "a", "sub.txt": "s", "sub/deep/c.txt": "", "Z.txt": "z"}


@pytest.fixture
def folder(tmp_path):
    for name, text in CONTENTS.items():
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def found(root, *paths):
    return [artifact.read(root, name) for name in artifact.files(root, paths)]


def test_both_digests_and_the_size(tmp_path):
    content = b"x" * (artifact.CHUNK + 1)
    (tmp_path / "a").write_bytes(content)
    made = artifact.read(tmp_path, "a")
    assert made.size == len(content)
    assert (made.sha256, made.md5) == (hashlib.sha256(content).hexdigest(), hashlib.md5(content).hexdigest())
    assert artifact.Artifact.from_dict(made.to_dict()) == made


def test_folders_stand_for_their_files_but_not_for_drafts(folder):
    (folder / "data/.b.txt.draft").write_text("half")
    names = list(artifact.files(folder, ["data/sub", "data", "data/b.txt", "absent"]))
    assert names == sorted(f"data/{name}" for name in CONTENTS)


def test_digest_is_the_one_that_dvc_gives(folder):
    git.begin(folder)
    dvc.begin(folder)
    dvc.track(folder, "data")
    known = yaml.safe_load((folder / "data.dvc").read_text())["outs"][0]["md5"]
    assert artifact.md5("data", found(folder, "data")) == known


def test_nothing_has_no_digest(folder):
    assert artifact.md5("absent", found(folder, "data")) is None
    assert artifact.md5("data/su", found(folder, "data")) is None
