"""Against another's estimator, and against published figures."""

import os
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import statsmodels.api as sm

from pricetrail.demand.response import regression
from pricetrail.stages.tables import columns

DATA = Path(os.environ.get("PRICETRAIL_DATA", Path(__file__).parents[4] / "shared/data"))
# By brand, not featured and featured: Taddy, Business Data Science (2019), chapter 2.
BRANDS = ("dominicks", "minute.maid", "tropicana")
PUBLISHED = [-2.77, -3.25, -1.99, -3.57, -2.04, -3.50]


@pytest.fixture(scope="module")
def juice():
    path = DATA / "orange_juice.parquet"
    if not path.exists():
        pytest.skip(f"{path} is not there: set PRICETRAIL_DATA")
    return columns(pq.read_table(path))


def drawn(family, seed=0):
    rng = np.random.default_rng(seed)
    one, other = rng.integers(0, 20, 400), rng.integers(0, 15, 400)
    design = rng.normal(size=(400, 2))
    mean = design @ [0.3, -0.5] + 0.05 * one - 0.1 * other
    outcome = rng.poisson(np.exp(mean)) if family == "poisson" else mean + rng.normal(size=400)
    return outcome.astype(float), design, one, other


@pytest.mark.parametrize(
    ("family", "theirs"), [("poisson", sm.families.Poisson()), ("gaussian", sm.families.Gaussian())]
)
def test_agrees_with_statsmodels(family, theirs):
    outcome, design, one, other = drawn(family)
    dummies = [one[:, None] == np.arange(20), other[:, None] == np.arange(1, 15)]
    whole = np.column_stack([design, *dummies]).astype(float)
    told = sm.GLM(outcome, whole, family=theirs).fit(cov_type="cluster", cov_kwds={"groups": one})
    found = regression.fit(outcome, design, [one, other], [one], family=family)
    assert found.coefficients == pytest.approx(told.params[:2], rel=1e-6)
    assert found.errors == pytest.approx(told.bse[:2], rel=0.1)


def test_errors_are_those_of_leaving_out_one_cluster_after_the_other():
    outcome, design, one, other = drawn("gaussian")
    design[one == 4] *= 5
    whole = regression.fit(outcome, design, [other], [one], family="gaussian")
    left = [
        regression.fit(
            outcome[kept], design[kept], [other[kept]], [one[kept]], family="gaussian"
        ).coefficients
        for kept in (one != number for number in range(20))
    ]
    jackknife = np.sqrt(19 / 20 * ((np.array(left) - whole.coefficients) ** 2).sum(axis=0))
    assert whole.errors == pytest.approx(jackknife, rel=0.1)


def test_rows_that_hang_together_in_two_ways_tell_less():
    rng = np.random.default_rng(1)
    one, other = (each.ravel() for each in np.indices((30, 25)))
    design = rng.normal(size=25)[other] + 0.3 * rng.normal(size=750)
    errors = []
    for _ in range(40):
        outcome = rng.normal(size=25)[other] + rng.normal(size=750)
        ways = [
            regression.fit(outcome, design[:, None], [one], each, family="gaussian")
            for each in ([one], [one, other])
        ]
        errors.append([ways[0].coefficients[0], *(way.errors[0] for way in ways)])
    found, series, both = np.array(errors).T
    assert series.mean() < 0.6 * found.std()
    assert both.mean() == pytest.approx(found.std(), rel=0.4)


def test_groups_without_a_count_say_nothing():
    outcome, design, one, other = drawn("poisson")
    empty = one == 3
    with_empty = regression.fit(outcome * ~empty, design, [one, other], [one], family="poisson")
    without = regression.fit(
        outcome[~empty], design[~empty], [one[~empty], other[~empty]], [one[~empty]], family="poisson"
    )
    assert with_empty.rows == (~empty).sum()
    assert with_empty.coefficients == pytest.approx(without.coefficients, rel=1e-9)


def slopes(juice, effects, *chosen):
    log = np.log(juice["price"])
    design = np.stack([log * each for each in chosen], axis=1)
    return regression.fit(juice["logmove"], design, [effects], [juice["store"]], family="gaussian")


def test_published_slopes_of_orange_juice(juice):
    brand, feat = np.searchsorted(BRANDS, juice["brand"].astype(str)), juice["feat"]
    cells = [(brand == one) & (feat == shown) for one in range(3) for shown in (0, 1)]
    found = slopes(juice, 2 * brand + feat, *cells)
    reach = 1.96 * found.errors
    assert (np.abs(found.coefficients - PUBLISHED) < reach).all()
    assert (reach <= 1.5 * 0.15).all()


@pytest.mark.parametrize(("by_brand", "published"), [(False, -1.60), (True, -3.14)])
def test_published_slope_of_all_brands(juice, by_brand, published):
    brand = np.searchsorted(BRANDS, juice["brand"].astype(str)) * by_brand
    found = slopes(juice, brand, np.ones(len(brand)))
    assert found.coefficients[0] == pytest.approx(published, abs=0.005)
