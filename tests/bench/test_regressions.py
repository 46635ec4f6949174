import pytest
from benchmarks.figures import OURS, Result, compared
from benchmarks.regressions import regressions


def run(*ours, theirs=1.0, less=True, part="etl"):
    figure = compared("a stage", "s", {OURS: ours, "pandas": [theirs] * len(ours)}, less=less)
    return {"parts": {part: Result("About.", {}, (figure,), 1.0).to_dict()}}


@pytest.mark.parametrize(
    ("before", "now", "less", "worse"),
    [
        ((1.0, 1.0), (1.2, 1.2), True, True),
        ((1.0, 1.0), (1.05, 1.05), True, False),
        ((1.0, 1.3), (1.25, 1.3), True, False),
        ((1.0, 1.0), (0.5, 0.5), True, False),
        ((1.0, 1.0), (0.8, 0.8), False, True),
        ((1.0, 0.7), (0.75, 0.8), False, False),
        ((1.0, 1.0), (2.0, 2.0), False, False),
    ],
)
def test_only_what_is_beyond_a_tenth_and_the_spread_is_worse(before, now, less, worse):
    assert bool(regressions(run(*before, less=less), run(*now, less=less))) is worse


def test_a_slower_machine_alone_is_no_regression():
    assert regressions(run(1.0), run(3.0, theirs=3.0)) == []


def test_what_only_one_run_has_says_nothing():
    assert regressions(run(1.0), run(2.0, part="training")) == []


def test_a_regression_names_part_figure_and_peer():
    (found,) = regressions(run(1.0), run(2.0))
    assert str(found) == "etl: a stage, beside pandas: ratio 1 (1 to 1) before, 2 (2 to 2) now"
