import pytest
import yaml

from pricetrail.lineage import declared

VALUES = {
    "none": None,
    "yes": True,
    "no": False,
    "int": -3,
    "tiny": 1e-05,
    "huge": 1e20,
    "half": 0.5,
    "list": [1, "a"],
}
WORDS = ["on", "no", "12:30", "2011-10-31", "1_000", "=", "85e"]


def test_values_come_back(tmp_path):
    (tmp_path / "a.yaml").write_text(yaml.safe_dump(VALUES))
    assert declared.load(tmp_path / "a.yaml") == VALUES


@pytest.mark.parametrize("word", WORDS)
def test_word_stays_a_word_as_for_dvc(tmp_path, word):
    (tmp_path / "a.yaml").write_text(f"a: {word}\n")
    assert declared.load(tmp_path / "a.yaml") == {"a": word}


def test_absent_file_is_empty(tmp_path):
    assert declared.load(tmp_path / "a.yaml") == {}
