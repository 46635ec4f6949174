from dataclasses import replace

import numpy as np
import pytest

from pricetrail.demand.response import estimate, table

WEEKS = 60


def fitted(panel, **other):
    return estimate.fit(panel, deep_from=0.3, **other)


@pytest.mark.parametrize("slope", [-0.5, -2.0])
def test_slope_of_all_is_found_again(shop, slope):
    panel, _ = shop(slope=slope, wander=0.002)
    found = fitted(panel).orders.pool
    assert abs(found.mean[0] - slope) < 2.5 * found.cov[0, 0] ** 0.5
    assert found.cov[0, 0] ** 0.5 < 0.2


def test_intervals_of_products_hold_the_truth(shop):
    panel, true = shop(series=150, spread=0.5, wander=0.003, seed=3)
    slopes = fitted(panel).slopes
    strayed = np.abs(slopes.mean[:, 0] - true) / np.sqrt(slopes.cov[:, 0, 0])
    assert (strayed <= 1.645).mean() == pytest.approx(0.9, abs=0.06)


def test_price_that_does_nothing_is_told_so(shop):
    found = fitted(shop(slope=0.0, wander=0.004)[0]).orders.pool
    assert abs(found.mean[0]) < 2.5 * found.cov[0, 0] ** 0.5


def test_units_an_order_have_a_slope_of_their_own(shop):
    found = fitted(shop(size=4.0)[0])
    assert abs(found.size.pool.mean[0]) < 2.5 * found.size.pool.cov[0, 0] ** 0.5
    assert found.slopes.mean == pytest.approx(found.orders.slopes.mean + found.size.slopes.mean)


def test_those_who_buy_much_come_for_a_lower_price(paneled):
    rng = np.random.default_rng(5)
    price = np.full((120, WEEKS), 2.0)
    price[::6, 30:] = 1.6
    ratio = np.log(price / 2)
    few, many = (
        rng.poisson(level * np.exp(slope * ratio)).astype(float) for level, slope in ((10, 0), (5, -2))
    )
    bought = {
        "orders": np.stack([few, many]),
        "units": np.stack([few, 10 * many]),
        "squares": few + 100 * many,
    }
    found = fitted(replace(paneled(price, few), **bought)).size.pool
    truth = np.log((10 + 50 * 0.8**-2) / (10 + 5 * 0.8**-2) / 4) / np.log(0.8)
    assert abs(found.mean[0] - truth) < 2.5 * found.cov[0, 0] ** 0.5


def test_where_every_unit_is_an_order_there_is_no_size(shop):
    assert fitted(shop()[0]).size is None


def test_driver_that_comes_with_the_price_is_told_apart(paneled):
    rng = np.random.default_rng(0)
    price = np.where(rng.random((40, WEEKS)) < 0.3, 1.6, 2.0)
    shown = ((price < 2) & (rng.random(price.shape) < 0.7)) | (rng.random(price.shape) < 0.05)
    orders = rng.poisson(10 * np.exp(-1.5 * np.log(price / 2) + 0.6 * shown)).astype(float)
    told = fitted(paneled(price, orders, covariates={"feat": shown.astype(float)})).orders.pool
    blind = fitted(paneled(price, orders)).orders.pool
    assert told.mean[0] == pytest.approx(-1.5, abs=0.3)
    assert blind.mean[0] < told.mean[0] - 0.5


def test_season_of_things_alike_is_not_taken_for_the_price(paneled):
    """Half of the lanterns rise in price in the very weeks in which lanterns sell; the mugs do neither."""
    rng = np.random.default_rng(1)
    lanterns, late = np.arange(80) < 40, np.arange(WEEKS) >= 30
    price = np.where(((np.arange(80) % 2 == 0) & lanterns)[:, None] & late, 2.2, 2.0)
    mean = 10 * np.exp(-1.0 * np.log(price / 2) + 0.8 * (lanterns[:, None] & late))
    panel = paneled(price, rng.poisson(mean).astype(float))
    words = {
        code: "LANTERN" if lantern else "MUG"
        for (code, _), lantern in zip(panel.names, lanterns, strict=True)
    }
    blind, told = (fitted(panel, descriptions=each).orders.pool.mean[0] for each in (None, words))
    assert blind > 0.5
    assert told == pytest.approx(-1.0, abs=0.7)


def together(dice, series, shared):
    """Prices that move in all series at once, in each by itself as well unless ``shared``, and weeks that stray."""
    moved = dice.choice([0.0, 0.0, 0.0, -0.15, 0.1], (series + 1, 2 * WEEKS))
    log = moved[:1] + (0 if shared else 1) * moved[1:]
    mean = 60 * np.exp(-2.5 * log + dice.normal(0, 0.2, (1, 2 * WEEKS)) + dice.normal(0, 0.2, log.shape))
    return 2 * np.exp(log), dice.poisson(mean).astype(float)


def test_weeks_whose_prices_moved_in_all_series_at_once_say_nothing_of_prices(paneled):
    found = fitted(paneled(*together(np.random.default_rng(0), 40, shared=True)))
    assert found.orders.pool.cov[0, 0] ** 0.5 > 1
    assert set(table.identification(found, 0.5)) == {"unknown"}


def test_few_series_are_held_against_weeks_that_they_make_themselves(paneled):
    strayed = []
    for seed in range(30):
        panel = paneled(*together(np.random.default_rng(seed), 3, shared=False))
        slopes = fitted(panel).slopes
        strayed += ((slopes.mean[:, 0] + 2.5) / np.sqrt(slopes.cov[:, 0, 0])).tolist()
    assert np.mean(np.abs(strayed) <= 1.645) == pytest.approx(0.9, abs=0.08)
    assert abs(np.mean(strayed)) < 0.4


@pytest.mark.parametrize(
    ("weeks", "usual"),
    [([2.0] * 6 + [1.9] * 4, 2.0), ([2.0] * 3 + [1.0] * 7, 2.0), ([2.0] * 4 + [2.4] * 6, 2.4), ([3.0], 3.0)],
)
def test_usual_price_is_no_clearance(paneled, weeks, usual):
    price = np.array([weeks])
    assert estimate.usual_price(paneled(price, np.ones_like(price)), 0.3).tolist() == [usual]


def test_marks_lie_equally_deep_below_each_other():
    columns = estimate.by_price(np.array([[2.0, 1.4, 0.98, 0.49]]), np.array([2.0]), 0.3)
    assert columns[0, :, 1] == pytest.approx([0, 0, np.log(0.7), np.log(0.35)])
    assert columns[0, :, 2] == pytest.approx([0, 0, 0, np.log(0.5)])


def test_week_without_a_price_has_no_design():
    assert not estimate.by_price(np.array([[np.nan, 2.0]]), np.array([2.0]), 0.3).any()
