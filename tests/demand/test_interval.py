import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricetrail.demand.interval import MOST, Interval, Resamples

amounts = st.floats(-1e6, 1e6, allow_nan=False)
lines = st.lists(st.tuples(amounts, st.integers(0, 8), st.booleans()), min_size=2, max_size=40)


def resamples(invoices, number=200, seed=7):
    return Resamples(np.asarray(invoices).astype(str).astype(object), number=number, seed=seed)


def shop(rng, invoices, apart):
    """Invoices of very unequal size, alike within and no different between two groups."""
    sizes = np.ceil(rng.lognormal(2, 1.5, invoices)).clip(1, 300).astype(int)
    invoice = np.repeat(np.arange(invoices), sizes)
    errors = rng.normal(0, 0.2, invoices)[invoice] + rng.normal(0, 0.5, len(invoice))
    return invoice, invoice < apart, errors


@given(lines)
@settings(max_examples=50, deadline=None)
def test_interval_holds_the_estimate(drawn):
    values, invoices, group = (np.array(column) for column in zip(*drawn, strict=True))
    found = resamples(invoices, number=50)
    intervals = [found.mean(values)]
    if group.any() and not group.all():
        intervals.append(found.difference(values, group, ~group))
    for each in intervals:
        assert each.low is None or (
            np.isfinite([each.low, each.high]).all() and each.low <= each.estimate <= each.high
        )


@given(st.permutations(range(60)))
@settings(max_examples=20, deadline=None)
def test_order_of_lines_makes_no_difference(order):
    rng = np.random.default_rng(1)
    values, invoices, group = rng.normal(size=60), rng.integers(0, 12, 60), rng.random(60) < 0.5
    one = resamples(invoices).difference(values, group, ~group)
    other = resamples(invoices[order]).difference(values[order], group[order], ~group[order])
    assert (other.low, other.high) == pytest.approx((one.low, one.high), rel=1e-9)


def test_covers_at_about_its_rate():
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(150):
        invoice, group, errors = shop(rng, 200, apart=40)
        found = resamples(invoice).difference(errors, group, ~group)
        covered += found.low <= 0 <= found.high
    assert 0.9 <= covered / 150 <= 0.99


def test_alike_lines_of_an_invoice_widen_it():
    invoice, group, errors = shop(np.random.default_rng(5), 200, apart=40)
    by_invoice = resamples(invoice).difference(errors, group, ~group)
    by_line = resamples(np.arange(len(invoice))).difference(errors, group, ~group)
    assert by_invoice.high - by_invoice.low > 1.5 * (by_line.high - by_line.low)


def test_one_invoice_gives_no_bounds():
    assert resamples([1, 1, 1]).mean(np.array([1.0, 2.0, 6.0])) == Interval(3.0, None, None)


def test_group_that_most_draws_miss_gives_no_bounds():
    values, invoices = np.arange(40.0), np.arange(40)
    assert resamples(invoices).difference(values, invoices == 3, invoices != 3).low is None


def test_equal_values_are_certain():
    assert resamples(range(30)).mean(np.full(30, 0.5)) == Interval(0.5, 0.5, 0.5)


def test_same_seed_same_interval():
    values = np.random.default_rng(0).normal(size=50)
    assert resamples(range(50)).mean(values) == resamples(range(50)).mean(values)
    assert resamples(range(50), seed=8).mean(values) != resamples(range(50)).mean(values)


def test_more_invoices_than_are_drawn_one_by_one():
    values = np.random.default_rng(0).normal(size=2 * MOST + 5)
    found = resamples(range(len(values)), number=100)
    interval = found.mean(values)
    assert found.invoices(values > 9) == 0
    assert interval.high - interval.low == pytest.approx(2 * 1.96 / len(values) ** 0.5, rel=0.3)
