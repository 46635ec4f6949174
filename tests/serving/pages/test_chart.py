import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricetrail.pricing.curve import Bands
from pricetrail.serving.pages.chart import Chart, Mark, Scale, bars

PRICES = [1.0, 1.5, 2.0]


def drawn(marks=(), scale=1.0, observed=((1.0, 3), (1.5, 9))):
    bands = Bands(*(np.array([each, each, each]) * scale for each in (1.0, 2.0, 3.0, 4.0, 5.0)))
    return Chart("Units <a week>", PRICES, bands, observed, list(marks)).svg()


@given(st.floats(1e-6, 1e6), st.floats(1e-6, 1e6), st.integers(2, 9))
def test_ticks_are_round_and_inside(low, wide, about):
    found = Scale(low, low + wide, 0.0, 1.0).ticks(about)
    assert len(found) <= about + 2
    assert all(low - 1e-6 * wide <= each <= low + wide + 1e-6 * wide for each in found)


@given(st.floats(0, 1e9, allow_nan=False))
def test_nothing_is_drawn_outside(value):
    lines = re.findall(r'points="([^"]+)"', drawn([Mark(1.2, "now", "now")], scale=value))
    ups = [float(each.split(",")[1]) for line in lines for each in line.split()]
    assert len(ups) == 15
    assert all(0 <= each <= 300 for each in ups)


def test_curve_leaves_through_the_roof_and_not_along_it():
    steep = Bands(*(np.array([40.0, 20.0, each]) for each in (1.0, 2.0, 3.0, 4.0, 5.0)))
    found = Chart("Units", PRICES, steep, [(2.0, 9)], []).svg()
    plot = re.search(r'<svg class="plot".*?</svg>', found)[0]
    ups = [float(each.split(",")[1]) for each in re.search(r'middle" points="([^"]+)"', plot)[1].split()]
    assert ups == sorted(set(ups))


def test_marks_that_meet_are_labelled_one_below_the_other():
    found = drawn([Mark(1.50, "now 1.50", "now"), Mark(1.51, "recommended 1.51", "best")])
    heights = re.findall(r'class="label \w+" x="[\d.]+" y="[\d.]+" dy="([\d.]+)em"', found)
    assert len(set(heights)) == 2


def test_what_was_never_observed_is_shaded():
    assert drawn().count('class="outside"') == 1
    assert drawn(observed=[(1.0, 1), (2.0, 1)]).count('class="outside"') == 0


@pytest.mark.parametrize("drawing", [drawn(), bars([("<b>", 1.0)], "<i>")])
def test_names_are_escaped(drawing):
    assert not re.search(r"<(a week|b|i)>", drawing)
