"""The simulator keeps its word: the law, the dirt, the shocks and the truth are what was asked for."""

import json
import os
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from pricetrail.errors import UsageError
from pricetrail.transactions import simulator
from pricetrail.transactions.simulator import Change, Kind, Settings, Shock, catalogue, chance, files, lines

REAL = (
    Path(os.environ.get("PRICETRAIL_DATA", Path(__file__).parents[2] / "../shared/data"))
    / "online_retail.parquet"
)
SMALL = Settings(rows=2_500, products=30, weeks=8, customers=80)
# No noise but Poisson's, and no force but the price's.
PLAIN = Settings(rows=60_000, seasonality=0, dispersion=0, stockout=0, repriced=1, deep=0)
OFTEN = budget(max_examples=12, deadline=None)
SALES = (Kind.CLEAN, Kind.NAMELESS, Kind.BLANK, Kind.FLICKER)

seeds = st.integers(0, 2**32)


def clean(settings):
    world = simulator.build(settings)
    return world, np.concatenate([simulator.sales(world, week) for week in range(settings.weeks)])


def raw(settings):
    return np.concatenate(list(simulator.weeks(simulator.build(settings))))


def shocked(change, size, week, **others):
    return replace(PLAIN, shocks=(Shock(change, size, week),), **others)


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_same_seed_same_bytes(tmp_path, form):
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        simulator.write(simulator.build(replace(SMALL, seed=seed)), tmp_path / name, form)
    one, again, other = ((tmp_path / name).read_bytes() for name in ("one", "again", "other"))
    assert one == again
    assert one != other


@OFTEN
@given(st.sampled_from(["parquet", "csv"]), st.lists(st.integers(0, 2_000), max_size=6))
def test_cutting_makes_no_difference(tmp_path_factory, form, cuts):
    folder = tmp_path_factory.mktemp("cut")
    world = simulator.build(SMALL)
    whole = pa.concat_tables([simulator.table(world, week) for week in simulator.weeks(world)])
    places = [0, *sorted(cuts), len(whole)]
    parts = [whole.slice(start, end - start) for start, end in pairwise(places)]
    simulator.save([whole], folder / "whole", form, group=700)
    simulator.save(parts, folder / "parts", form, group=700)
    assert (folder / "whole").read_bytes() == (folder / "parts").read_bytes()


@OFTEN
@given(seeds, st.integers(500, 20_000))
def test_rows_as_asked(seed, rows):
    assert len(raw(Settings(rows=rows, weeks=6, dispersion=0, seed=seed))) == pytest.approx(
        rows, abs=6 * rows**0.5
    )


@OFTEN
@given(seeds, st.floats(0, 0.1))
def test_dirt_as_asked(seed, dirt):
    settings = replace(SMALL, seed=seed, dirt=dirt)
    counts = Counter(raw(settings)["kind"].tolist())
    sold = sum(counts[kind] for kind in SALES)
    due = {kind: int(rate * dirt * sold) for kind, rate in lines.RATES.items()}
    assert {kind: counts[kind] for kind in due} == due
    assert counts[Kind.CANCELLATION] == counts[Kind.CANCELLED] + counts[Kind.ABSURD]


@OFTEN
@given(seeds)
def test_dirt_leaves_the_sales_as_they_were(seed):
    dirty = raw(replace(SMALL, seed=seed, dirt=0.05))
    kept = dirty[np.isin(dirty["kind"], SALES)]
    world = simulator.build(replace(SMALL, seed=seed, dirt=0.05))
    sold = np.concatenate([simulator.sales(world, week) for week in range(SMALL.weeks)])
    names = ["minute", "product", "quantity"]
    np.testing.assert_array_equal(np.sort(kept[names]), np.sort(sold[names]))


@OFTEN
@given(seeds)
def test_every_cancellation_follows_its_original(seed):
    dirty = raw(replace(SMALL, seed=seed, dirt=0.05))
    originals = dirty[np.isin(dirty["kind"], (Kind.CANCELLED, Kind.ABSURD))]
    taken = dirty[dirty["kind"] == Kind.CANCELLATION].copy()
    taken["quantity"] *= -1
    names = ["customer", "product", "pence", "quantity"]
    np.testing.assert_array_equal(np.sort(taken[names]), np.sort(originals[names]))
    moments = [np.sort(part, order=[*names, "minute"])["minute"] for part in (originals, taken)]
    assert (moments[0] < moments[1]).all()


@OFTEN
@given(seeds)
def test_an_invoice_is_one_order(seed):
    dirty = raw(replace(SMALL, seed=seed))
    assert (np.diff(dirty["minute"]) >= 0).all()
    assert (np.diff(dirty["invoice"]) >= 0).all()
    sold = dirty[np.isin(dirty["kind"], SALES)]
    invoices = len(np.unique(sold["invoice"]))
    named = sold[sold["kind"] != Kind.NAMELESS]
    assert len(np.unique(sold[["invoice", "minute"]])) == invoices
    assert len(np.unique(named[["invoice", "customer"]])) <= invoices
    assert len(np.unique(sold[["invoice", "product"]])) == len(sold)


def test_same_columns_as_the_public_file():
    if not REAL.exists():
        pytest.skip("online_retail.parquet is not there: set PRICETRAIL_DATA to the folder that holds it")
    assert files.SCHEMA.equals(pq.read_schema(REAL).remove_metadata())


def poisson_slopes(panel):
    """Each product's own Poisson slope of orders on log price, and its standard error (Newton's method)."""
    x = np.log(panel.prices) - np.log(panel.prices).mean(axis=0)
    level, slope = np.log(panel.orders.mean(axis=0)), np.zeros(x.shape[1])
    for _ in range(30):
        mean = np.exp(level + slope * x)
        rest = panel.orders - mean
        hessian = np.array([mean.sum(0), (mean * x).sum(0), (mean * x * x).sum(0)])
        determinant = hessian[0] * hessian[2] - hessian[1] ** 2
        level += (hessian[2] * rest.sum(0) - hessian[1] * (rest * x).sum(0)) / determinant
        slope += (hessian[0] * (rest * x).sum(0) - hessian[1] * rest.sum(0)) / determinant
    return slope, np.sqrt(hessian[0] / determinant)


@pytest.mark.parametrize("seed", [1, 2])
def test_regression_recovers_the_elasticities(seed):
    world = simulator.build(replace(PLAIN, seed=seed))
    panel = simulator.panel(world)
    known = (panel.orders.sum(axis=0) > 200) & (panel.prices.std(axis=0) / panel.prices.mean(axis=0) > 0.05)
    slope, error = poisson_slopes(
        simulator.Panel(*(part[:, known] for part in (panel.prices, panel.orders, panel.units)))
    )
    score = (slope - world.catalogue.elasticity[known]) / error
    assert known.sum() > 60
    assert abs(score.sum()) / known.sum() ** 0.5 < 3
    assert 0.75 < score.std() < 1.25


def line_slope(settings):
    """The naive slope: log quantity on log paid price, within products, line by line."""
    _, sold = clean(settings)
    logs = np.log([sold["quantity"], sold["pence"]])
    counts = np.bincount(sold["product"])
    q, p = (
        row - (np.bincount(sold["product"], row) / np.maximum(counts, 1))[sold["product"]] for row in logs
    )
    return (q * p).sum() / (p * p).sum()


def test_naive_slope_sees_discounts_and_channels():
    deaf = replace(PLAIN, rows=20_000, elasticity_mean=0, elasticity_sd=0)
    assert line_slope(deaf) < -1
    assert line_slope(replace(deaf, markup=0)) < -2
    assert abs(line_slope(replace(deaf, markup=0, bulk=0))) < 0.2


@pytest.mark.parametrize("change", Change)
def test_nothing_moves_before_a_shock(change):
    calm, moved = (
        simulator.weeks(simulator.build(s)) for s in (SMALL, replace(SMALL, shocks=(Shock(change, 0.3, 5),)))
    )
    same = [np.array_equal(one, other) for one, other in zip(calm, moved, strict=True)]
    assert same[:5] == [True] * 5
    assert not any(same[5:])


def test_price_shock():
    world, calm = simulator.build(shocked(Change.PRICE, 0.2, 40)), simulator.build(PLAIN)
    ratio = world.law.prices / calm.law.prices
    assert (ratio[:40] == 1).all()
    np.testing.assert_allclose(ratio[40:], 1.2, atol=0.02)
    answer = world.law.orders[40:] / calm.law.orders[40:]
    np.testing.assert_allclose(answer, ratio[40:] ** calm.catalogue.elasticity, rtol=1e-9)


def test_elasticity_shock():
    world, calm = simulator.build(shocked(Change.ELASTICITY, -0.5, 40)), simulator.build(PLAIN)
    ratio = calm.law.prices / calm.catalogue.base
    np.testing.assert_allclose(world.law.orders[40:] / calm.law.orders[40:], ratio[40:] ** -0.5, rtol=1e-9)


@pytest.mark.parametrize("size", [0.3, -0.2])
def test_quantity_shock(size):
    _, sold = clean(shocked(Change.QUANTITY, size, 24))
    _, calm = clean(PLAIN)
    large = [part[(part["minute"] >= 24 * lines.WEEK) & (part["customer"] >= 0)] for part in (sold, calm)]
    assert large[0]["quantity"].mean() / large[1]["quantity"].mean() == pytest.approx(1 + size, rel=0.03)


def test_mix_shock():
    _, sold = clean(shocked(Change.MIX, 0.15, 24))
    late = sold["minute"] >= 24 * lines.WEEK
    shares = [(part["customer"] == lines.NOBODY).mean() for part in (sold[~late], sold[late])]
    np.testing.assert_allclose(shares, [0.25, 0.4], atol=0.015)


def test_new_products():
    world, sold = clean(shocked(Change.PRODUCTS, 0.1, 24))
    fresh = sold[sold["product"] >= PLAIN.products]
    assert len(world.catalogue.codes) == 220
    assert len(fresh) > 0
    assert fresh["minute"].min() >= 24 * lines.WEEK


def test_steady_without_season_and_shock():
    world = simulator.build(replace(PLAIN, repriced=0, dispersion=0.05))
    weeks = [simulator.sales(world, week) for week in range(48)]
    figures = np.array([[len(w), np.log(w["quantity"]).mean(), (w["customer"] < 0).mean()] for w in weeks])
    early, late = figures[:24], figures[24:]
    error = np.sqrt((early.var(axis=0) + late.var(axis=0)) / 24)
    assert (abs(early.mean(axis=0) - late.mean(axis=0)) < 3.5 * error).all()


def test_no_stock_no_sales():
    world = simulator.build(replace(SMALL, stockout=0.2))
    orders = simulator.panel(world).orders
    empty = [
        (week, number) for number, p in enumerate(simulator.tell(world).products) for week in p.out_of_stock
    ]
    assert len(empty) > 20
    assert sum(orders[place] for place in empty) == 0


def test_customers_keep_to_their_habits():
    _, sold = clean(Settings(rows=20_000))
    named = np.sort(sold[sold["customer"] >= 0], order=["customer", "product", "minute"])
    again = (np.diff(named["customer"]) == 0) & (np.diff(named["product"]) == 0)
    before, after = np.log(named["quantity"][:-1][again]), np.log(named["quantity"][1:][again])
    assert again.mean() > 0.1
    assert np.corrcoef(before, after)[0, 1] > 0.6


def test_elasticities_come_from_the_hierarchy():
    drawn = catalogue.draw(Settings(products=8_000, elasticity_mean=-1.5, elasticity_sd=0.6))
    families = np.bincount(drawn.family, drawn.elasticity) / np.bincount(drawn.family)
    assert drawn.elasticity.mean() == pytest.approx(-1.5, abs=0.08)
    assert drawn.elasticity.std() == pytest.approx(0.6, rel=0.08)
    assert families.std() == pytest.approx(0.6 / 2**0.5, rel=0.15)


@given(st.lists(st.integers(-1, 10**6), min_size=2, max_size=30), st.integers(0, 2**40))
def test_traits_persist(numbers, salt):
    pair = np.array(numbers), np.array(numbers[::-1])
    alone = [chance.trait(pair[0][i : i + 1], pair[1][i : i + 1], salt)[0] for i in range(len(numbers))]
    np.testing.assert_array_equal(chance.trait(*pair, salt), alone)


def test_traits_are_standard_normal():
    traits = chance.trait(np.arange(300)[:, None], np.arange(300), 5)
    assert abs(traits.mean()) < 0.02
    assert traits.std() == pytest.approx(1, abs=0.01)
    assert abs(np.corrcoef(traits[:-1].ravel(), traits[1:].ravel())[0, 1]) < 0.02


ranges = st.tuples(st.floats(0.5, 5), st.floats(1, 4)).map(lambda drawn: (drawn[0], drawn[0] * drawn[1]))
costs = st.floats(0.1, 5)


@given(st.floats(-8, -1.02), costs, ranges)
def test_optimum_is_the_closed_form(elasticity, cost, prices):
    known = np.clip(cost * elasticity / (1 + elasticity), *prices)
    assert simulator.optimum(elasticity, cost, prices, (0.0, 0.0)) == pytest.approx(known)


@given(st.floats(-1, 0), costs, ranges)
def test_inelastic_optimum_is_at_the_bound(elasticity, cost, prices):
    assert simulator.optimum(elasticity, cost, prices, (0.0, 0.0)) == pytest.approx(prices[1])


@given(st.floats(-6, 0.5), costs, ranges, st.floats(-2, 0), st.floats(0.5, 12))
def test_no_price_beats_the_optimum(elasticity, cost, prices, deep, mark):
    def margin(price):
        slope = elasticity + np.where(price < mark, deep, 0)
        return (price - cost) * (price / mark) ** slope

    best = simulator.optimum(elasticity, cost, prices, (mark, deep))
    grid = margin(np.linspace(*prices, 400))
    assert prices[0] <= best <= prices[1]
    assert margin(np.array(best)) >= grid.max() - 1e-9 * abs(grid).max()


def test_truth_agrees_with_the_world():
    world = simulator.build(SMALL)
    truth = simulator.tell(world)
    prices = simulator.panel(world).prices
    for number, product in enumerate(truth.products):
        weekly = np.repeat(
            [p for _, p in product.list_prices], np.diff([*(w for w, _ in product.list_prices), 8])
        )
        np.testing.assert_array_equal(weekly, prices[:, number])
        assert product.changed == (product.lowest < product.highest)
        assert product.lowest <= product.margin_price <= product.highest
    assert any(p.changed for p in truth.products)
    assert not all(p.changed for p in truth.products)
    assert json.loads(json.dumps(truth.to_dict()))["settings"]["seed"] == SMALL.seed


@pytest.mark.parametrize(
    "wrong",
    [
        {"rows": 0},
        {"weeks": 0},
        {"dirt": 0.6},
        {"anonymous": 1.5},
        {"elasticity_mean": float("nan")},
        {"seasonality": float("inf")},
        {"seed": -1},
        {"shocks": (Shock(Change.PRICE, -1.0, 0),)},
        {"shocks": (Shock(Change.PRICE, 0.2, 48),)},
        {"shocks": (Shock(Change.PRODUCTS, -0.1, 0),)},
    ],
    ids=str,
)
def test_settings_that_cannot_be(wrong):
    with pytest.raises(UsageError, match=r"must|begins outside"):
        Settings(**wrong)


@pytest.mark.parametrize(
    "text", ["price", "price:0.2", "price:x@last-week", "colour:0.2@last-week", "mix:.1@june", ""]
)
def test_shock_that_cannot_be_read(text):
    with pytest.raises(UsageError, match="Write a shock as KIND:SIZE@WHEN"):
        Shock.parse(text, weeks=8)


@pytest.mark.parametrize(("when", "week"), [("last-week", 7), ("2024-01-01", 0), ("2024-01-14", 1)])
def test_shock_begins_with_its_week(when, week):
    assert Shock.parse(f"quantity:-0.1@{when}", weeks=8) == Shock(Change.QUANTITY, -0.1, week)


@pytest.mark.parametrize(
    "extreme",
    [
        {"rows": 1},
        {"products": 1},
        {"customers": 1},
        {"weeks": 1},
        {"anonymous": 1.0},
        {"anonymous": 0.0},
        {"stockout": 1.0},
        {"dirt": 0.3},
    ],
    ids=str,
)
def test_extremes_are_written(tmp_path, extreme):
    world = simulator.build(replace(SMALL, **extreme))
    counts = simulator.write(world, tmp_path / "out.parquet", "parquet")
    assert pq.read_metadata(tmp_path / "out.parquet").num_rows == counts["rows"]
    assert simulator.tell(world, counts).lines == counts
