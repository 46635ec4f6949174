from benchmarks.figures import OURS, Result, compared
from benchmarks.page import page

MACHINE = {
    "processor": "A processor", "cores": 2, "memory_gb": 8.0, "system": "Linux", "python": "3.11.7", "load_before": 0.1
}  # fmt: skip


def rendered(result, **run):
    about = {"date": "2026-11-27", "quick": False, "machine": MACHINE, "versions": {"polars": "2.1.0"}, **run}
    return page({**about, "parts": {"etl": result.to_dict()}}, {"etl": "ETL"}, name="bench.json")


def result(samples, *, less=True, fault=None):
    return Result(
        "What is compared.", {"rows": 1000}, (compared("a stage", "s", samples, less=less),), 12, fault
    )


def test_a_ratio_stands_with_its_spread():
    found = rendered(result({OURS: [1.0, 2.0, 4.0], "polars": [2.0, 2.0, 2.0]}))
    assert "| a stage | 2 s | polars | 2 s | **1** (0.5 to 2) |" in found
    assert "rows 1,000; 12 s." in found


def test_a_peer_that_is_missing_has_no_figure():
    assert "| polars | not installed |  |" in rendered(result({OURS: [1.0], "polars": None}))


def test_the_second_peer_has_a_row_of_its_own():
    found = rendered(result({OURS: [1.0], "pandas": [4.0], "polars": [2.0]}))
    assert "| a stage | 1 s | pandas | 4 s | **0.25** |\n|  |  | polars | 2 s | **0.5** |" in found


def test_a_part_that_failed_is_named():
    assert "**This part failed:** no disk" in rendered(result({OURS: [1.0]}, fault="no disk"))


def test_the_measure_and_the_machine_are_told():
    found = rendered(result({OURS: [1.0]}), quick=True)
    assert "a quick measure" in found
    assert "A processor, 2 cores, 8 GB" in found
    assert "polars 2.1.0" in found


def test_more_is_better_where_it_is():
    assert "a stage (more is better)" in rendered(result({OURS: [1.0]}, less=False))
