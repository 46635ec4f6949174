import sys
from dataclasses import asdict
from pathlib import Path

import pytest
from benchmarks.figures import OURS, Figure, compared
from benchmarks.turns import Cost, figures, process, turns


def test_arms_take_turns_and_swap_who_goes_first():
    order = []
    arms = {name: lambda name=name: order.append(name) for name in "ab"}
    assert turns({**arms, "c": None}, 2) == {"a": [None, None], "b": [None, None], "c": None}
    assert order == ["a", "b", "b", "a"]


def test_a_process_has_its_own_cost():
    found = process((sys.executable, "-c", "bytearray(50_000_000)"), Path.cwd())
    assert found.memory > 50


def test_a_process_that_fails_is_told():
    with pytest.raises(SystemExit, match="ended with 3"):
        process((sys.executable, "-c", "raise SystemExit(3)"), Path.cwd())


def test_memory_is_a_figure_only_where_all_have_it():
    whole, part = Cost(1, 1, 5), Cost(1, 1)
    assert [each.unit for each in figures("x", {OURS: [whole]})] == ["s", "s", "MB"]
    assert [each.unit for each in figures("x", {OURS: [whole], "peer": [part]})] == ["s", "s"]


def test_a_figure_comes_back_from_its_record():
    figure = compared("x", "s", {OURS: [1.0, 2.0], "peer": [3.0, 0.0], "absent": None})
    assert Figure.from_dict(asdict(figure)) == figure
