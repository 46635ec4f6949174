import json

from benchmarks.others import OTHERS, sections, tables


def test_records_are_tables_and_the_rest_one_of_its_own():
    found = list(tables({"runs": [{"workers": 1, "clock": 2.5}, {"workers": 2}], "same": True}))
    assert found[0] == "runs:\n\n| workers | clock |\n| --- | --- |\n| 1 | 2.5 |\n| 2 |  |"
    assert found[1] == "| what | value |\n| --- | --- |\n| same | yes |"


def test_records_by_name_keep_their_names():
    (found,) = tables({"exponents": {"etl_pipeline": {"seconds": 1.01, "memory": {"peak": 0.5}}}})
    assert "|  | seconds | memory peak |" in found
    assert "| etl_pipeline | 1.01 | 0.5 |" in found


def test_what_was_not_measured_names_its_command(tmp_path):
    (tmp_path / "week.json").write_text(json.dumps({"seconds": 12}))
    found = "\n".join(sections(tmp_path))
    assert "Not measured yet: `python -m benchmarks.growth --json > benchmarks/results/growth.json`." in found
    assert "From `pricetrail rehearse week --json" in found
    assert len(OTHERS) == found.count("## ")
