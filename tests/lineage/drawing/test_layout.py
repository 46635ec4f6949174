import random
from itertools import combinations

import pytest

from pricetrail.lineage.drawing.boxes import boxes
from pricetrail.lineage.drawing.layout import layout
from pricetrail.lineage.trail import Step, Trail


def drawn(seed):
    """A graph by chance, as sizes and pairs."""
    dice = random.Random(seed)
    names = [f"n{at}" for at in range(25)]
    pairs = {pair for pair in combinations(names, 2) if dice.random() < 0.12}
    return {name: (dice.uniform(40, 300), dice.uniform(20, 200)) for name in names}, pairs


@pytest.mark.parametrize("seed", range(6))
def test_nothing_overlaps_and_what_is_behind_is_below(seed):
    sizes, pairs = drawn(seed)
    found = layout(sizes, pairs)
    for one, other in combinations(sizes, 2):
        (x, y), (a, b) = found.corners[one], found.corners[other]
        apart_across = x + sizes[one][0] <= a or a + sizes[other][0] <= x
        assert apart_across or y + sizes[one][1] <= b or b + sizes[other][1] <= y
    for above, below in pairs:
        assert found.corners[above][1] + sizes[above][1] < found.corners[below][1]
        heights = [y for _, y in found.lines[above, below]]
        assert heights == sorted(heights)


@pytest.mark.parametrize("seed", range(6))
def test_lines_pass_no_box(seed):
    sizes, pairs = drawn(seed)
    found = layout(sizes, pairs)
    for (above, below), points in found.lines.items():
        for x, y in points:
            for name in sizes.keys() - {above, below}:
                (left, top), (width, height) = found.corners[name], sizes[name]
                assert not (left < x < left + width and top < y < top + height)


def test_same_picture_every_time_and_a_single_box():
    assert layout(*drawn(1)) == layout(*drawn(1))
    assert layout({"a": (100, 20)}, ()).corners == {"a": (0, 0)}


def step(id, kind, *behind):
    return Step(id, kind, id, None, {}, behind)


def test_stage_holds_what_it_made_and_a_short_cut_is_left_out():
    steps = [
        step("out", "file", "second"), step("second", "stage", "raw", "between"), step("between", "file", "first"),
        step("first", "stage", "raw"), step("raw", "raw"),
    ]  # fmt: skip
    made, pairs = boxes(Trail({each.id: each for each in steps}))
    assert {box.name: [row.id for row in box.rows] for box in made} == {
        "second": ["out"], "first": ["between"], "raw data": ["raw"],
    }  # fmt: skip
    assert pairs == {("second", "first"), ("first", "raw data")}


def test_files_of_a_release_lie_in_its_box():
    steps = [step("run", "run", "copy"), step("copy", "file", "served"), step("served", "release")]
    made, pairs = boxes(Trail({each.id: each for each in steps}))
    assert {box.name: [row.id for row in box.rows] for box in made} == {"run": [], "served": ["copy"]}
    assert pairs == {("run", "served")}
