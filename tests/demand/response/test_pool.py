from dataclasses import replace

import numpy as np
import pytest

from pricetrail.demand.response import pool
from pricetrail.demand.response.guess import Data
from pricetrail.demand.response.pool import Belief
from pricetrail.demand.response.shifts import Shifts

SERIES = 300
BELIEF = Belief(usual=0.3, vague=3.0)
KNOWN = Shifts(np.zeros((0, 0)), np.zeros(0))


def said(information, pulled, traits):
    """What series say of which none is a store of another's product, where weeks are known."""
    nothing, product = np.zeros((*pulled.shape, 0)), np.arange(len(pulled))
    return Data(information, pulled, nothing, traits, product, np.zeros_like(information), KNOWN)


def known(rng, mean, spread, error):
    """What series say of coefficients that differ by ``spread``, each known to ``error``."""
    true = mean + np.array(spread) * rng.standard_normal((SERIES, len(mean)))
    seen = true + error[:, None] * rng.standard_normal(true.shape)
    information = np.eye(len(mean)) / error[:, None, None] ** 2
    return true, said(information, np.einsum("sij,sj->si", information, seen), np.zeros((len(true), 0)))


@pytest.fixture(scope="module")
def drawn():
    rng = np.random.default_rng(0)
    error = rng.choice([0.2, 0.5, 1.5], SERIES)
    true, data = known(rng, [-1.2, -0.8, 0.5], [0.4, 0.2, 0.2], error)
    found = pool.fit(data, BELIEF)
    return true, error, found, pool.given(found, data)


def test_mean_and_spread_are_found_again(drawn):
    found = drawn[2]
    assert np.abs(found.mean - [-1.2, -0.8, 0.5]).max() < 3 * np.sqrt(np.diag(found.cov)).max()
    assert found.spread[0] == pytest.approx(0.4, abs=0.1)
    assert found.spread[1] == found.spread[2] == pytest.approx(0.2, abs=0.1)


def test_intervals_hold_the_truth_at_their_rate(drawn):
    true, _, _, slopes = drawn
    strayed = np.abs(true - slopes.mean) / np.sqrt(np.einsum("sii->si", slopes.cov))
    assert (strayed <= 1.645).mean() == pytest.approx(0.9, abs=0.03)


def test_who_knows_less_is_drawn_closer_to_the_others(drawn):
    true, error, found, slopes = drawn
    apart = [np.std(slopes.mean[error == one, 0]) for one in (0.2, 0.5, 1.5)]
    assert apart[0] > apart[1] > apart[2]
    assert np.mean((slopes.mean - true) ** 2) < np.mean((found.mean - true) ** 2)


def test_series_that_says_nothing_is_as_the_pool(drawn):
    found = drawn[2]
    silent = pool.given(found, said(np.zeros((1, 3, 3)), np.zeros((1, 3)), np.zeros((1, 0))))
    assert silent.mean[0] == pytest.approx(found.mean)
    assert np.sqrt(silent.cov[0, 0, 0]) == pytest.approx(np.hypot(found.spread[0], found.cov[0, 0] ** 0.5))


def test_series_are_shrunk_towards_those_that_they_share_traits_with():
    rng = np.random.default_rng(1)
    family = np.eye(3)[np.arange(SERIES) % 3]
    true, data = known(rng, [-1.5], [0.1], np.full(SERIES, 0.6))
    moved = (family @ [-0.7, 0.0, 0.7])[:, None]
    data = said(data.information, data.pulled + data.information[:, 0] * moved, family)
    alone = said(data.information, data.pulled, np.zeros((SERIES, 0)))
    found, blind = pool.fit(data, BELIEF), pool.fit(alone, BELIEF)
    missed = [
        np.mean((each.mean - true - moved) ** 2)
        for each in (pool.given(found, data), pool.given(blind, alone))
    ]
    assert found.usual.share > 0.7
    assert missed[0] < missed[1] / 2
    silent = pool.given(found, said(np.zeros((3, 1, 1)), np.zeros((3, 1)), np.eye(3)))
    assert silent.mean[:, 0] == pytest.approx([-2.2, -1.5, -0.8], abs=0.2)


def held(slopes, true):
    return (np.abs(true - slopes.mean) <= 1.645 * np.sqrt(slopes.cov[:, 0])).mean()


def test_stores_that_err_alike_are_no_more_witnesses_than_they_are():
    stores, own, alike, both = 6, 0.2, 0.4, 1 / (0.2**2 + 0.4**2)
    product = np.repeat(np.arange(SERIES // stores), stores)
    traits, found = np.eye(product[-1] + 1)[product], []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        true, common = rng.normal(-1.5, 0.3, (2, len(traits[0]), 1))[:, product]
        seen = true + rng.normal(0, own, true.shape) + alike / 0.3 * (common + 1.5)
        alone = said(np.full((SERIES, 1, 1), own**-2), seen * own**-2, traits)
        tied = np.full((SERIES, 1, 1), stores * alike**2 / own**4)
        knowing = replace(alone, product=product, tied=tied)
        blind = said(np.full((SERIES, 1, 1), both), seen * both, traits)
        found.append([held(pool.given(pool.fit(each, BELIEF), each), true) for each in (knowing, blind)])
    rates = np.mean(found, axis=0)
    assert rates[0] == pytest.approx(0.9, abs=0.06)
    assert rates[1] < rates[0] - 0.1


def test_traits_that_say_nothing_change_nothing():
    rng = np.random.default_rng(4)
    data = known(rng, [-1.0], [0.4], np.full(SERIES, 0.3))[1]
    noise = rng.standard_normal((SERIES, 5))
    told = said(data.information, data.pulled, noise / np.linalg.norm(noise, axis=1, keepdims=True))
    with_, without = (pool.given(pool.fit(each, BELIEF), each).mean for each in (told, data))
    assert np.abs(with_ - without).mean() < 0.05


def test_nobody_says_anything():
    data = said(np.zeros((4, 3, 3)), np.zeros((4, 3)), np.zeros((4, 0)))
    found = pool.fit(data, BELIEF)
    assert found.mean == pytest.approx(np.zeros(3))
    assert (pool.given(found, data).cov[:, 0, 0] > 1).all()


def test_scores_that_scatter_more_than_told_widen_the_interval():
    rng = np.random.default_rng(2)
    data = known(rng, [-1.0], [0.3], np.full(SERIES, 0.4))[1]
    found = pool.fit(data, BELIEF)
    torn = said(data.information, data.pulled * rng.choice([0.2, 1.8], SERIES)[:, None], data.traits)
    assert pool.robust(found, torn)[0, 0] > 1.5 * found.cov[0, 0]
    assert pool.robust(found, data)[0, 0] == pytest.approx(found.cov[0, 0], rel=0.3)


def test_own_error_is_that_of_the_first_coefficient_alone():
    data = known(np.random.default_rng(3), [-1.0, 0.0], [0.3, 0.1], np.full(SERIES, 0.4))[1]
    found = pool.fit(data, BELIEF)
    apart, mixed = (
        said(np.array([[[16.0, both], [both, 16.0]]]), np.zeros((1, 2)), np.zeros((1, 0)))
        for both in (0.0, 15.9)
    )
    assert pool.own_error(found, apart)[0] == pytest.approx(0.25)
    assert pool.own_error(found, mixed)[0] > 0.25
