import json
import math
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pricetrail.errors import NothingToLearn
from pricetrail.params import DriftCheck
from pricetrail.transactions import report, workspace
from pricetrail.transactions.calibration import Null
from pricetrail.transactions.distance import Column
from pricetrail.transactions.drift import check, cut_windows
from pricetrail.transactions.observations import Cut, observe, usual

SETTINGS = DriftCheck(resamples=30, min_rows=100)
START = datetime(2024, 1, 1)
ORDERS, LINES, PRODUCTS = 50, 6, 60


def shop(weeks=16, seed=3):
    """Order lines of a shop in which nothing changes: a fifth of the orders without a customer."""
    rng = np.random.default_rng(seed)
    count = weeks * ORDERS
    order = np.repeat(np.arange(count), LINES)
    product = rng.integers(PRODUCTS, size=count * LINES)
    known = rng.random(count) < 0.8
    customer = np.where(known, rng.integers(40, size=count).astype(str), "")
    return pd.DataFrame(
        {
            "invoiceno": order.astype(str),
            "invoicedate": pd.Timestamp(START) + pd.to_timedelta(order * 7 * 24 * 60 // ORDERS, unit="min"),
            "stockcode": product.astype(str),
            "customerid": customer[order],
            "country": np.where(rng.random(count) < 0.9, "United Kingdom", "France")[order],
            "quantity": np.ceil(rng.lognormal(1.5, 0.5, count * LINES)),
            "unitprice": (1 + product) * rng.choice([0.95, 1.0, 1.05], count * LINES),
            "is_registered": known[order].astype(float),
        }
    )


def last_week(lines):
    return (lines["invoicedate"] >= lines["invoicedate"].max().normalize() - timedelta(days=6)).to_numpy()


def dearer(lines):
    return lines.assign(unitprice=lines["unitprice"] * np.where(last_week(lines), 1.2, 1))


def larger(lines):
    return lines.assign(quantity=lines["quantity"] * np.where(last_week(lines), 1.3, 1))


def unknown(lines):
    lost = last_week(lines) & (lines["invoiceno"].astype(int) % 3 == 0)
    return lines.assign(
        customerid=lines["customerid"].mask(lost, ""), is_registered=lines["is_registered"].mask(lost, 0.0)
    )


def abroad(lines):
    return lines.assign(country=lines["country"].mask(last_week(lines), "France"))


@pytest.fixture(scope="module")
def drifted():
    found = check(dearer(shop()), SETTINGS)
    return found, report.snapshot(found)


@pytest.mark.parametrize("seed", range(8))
def test_no_alarm_without_drift(seed):
    assert check(shop(seed=seed), SETTINGS).verdict == "passed"


@pytest.mark.parametrize(
    ("change", "column"),
    [
        (dearer, "price_registered"),
        (larger, "quantity_registered"),
        (unknown, "is_registered"),
        (abroad, "order_country"),
    ],
)
def test_change_is_noticed(change, column):
    found = check(change(shop()), SETTINGS)
    assert found.verdict == "drifted"
    assert column in [shift.column for shift in found.moved]


def test_words_say_what_moved(drifted):
    moved = {shift.column: shift for shift in drifted[0].moved}
    assert math.expm1(moved["price_registered"].after - moved["price_registered"].before) == pytest.approx(
        0.2, abs=0.01
    )
    assert "% higher than before" in moved["price_registered"].words


def test_new_price_is_soon_usual():
    lines = shop(weeks=20)
    risen = lines["invoicedate"] >= START + timedelta(weeks=14)
    assert (
        check(
            lines.assign(unitprice=lines["unitprice"].mask(risen, lines["unitprice"] * 1.2)), SETTINGS
        ).verdict
        == "passed"
    )


def test_other_mix_of_products_is_no_drift():
    lines = shop()
    cheap = last_week(lines) & (lines["stockcode"].astype(int) >= PRODUCTS // 2)
    assert check(lines[~cheap], SETTINGS).verdict == "passed"


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (shop(weeks=1), "at least 100 are needed on either side"),
        (shop(weeks=2).iloc[90:], "at least 6 windows of 1 day"),
        (shop(weeks=2), "Whether price has drifted cannot be told: price_registered has values enough in"),
    ],
)
def test_too_little_is_inconclusive(lines, reason):
    found = check(lines, SETTINGS)
    assert (found.verdict, found.to_dict()["drift_detected"]) == ("inconclusive", None)
    assert reason in str(found.reason)


def since(lines, count):
    """The moment from which so many lines are new."""
    return lines["invoicedate"].iloc[-count].to_pydatetime()


def test_few_new_lines_are_inconclusive():
    lines = shop()
    found = check(lines, SETTINGS.model_copy(update={"window_days": 1}), since=since(lines, 50))
    assert found.verdict == "inconclusive"
    assert f"and {found.current.rows} in the current window" in found.reason


def test_few_new_lines_are_told_together_with_those_before():
    lines = shop()
    assert check(lines, SETTINGS, since=since(lines, 50)).verdict == "passed"
    found = check(dearer(lines), SETTINGS, since=since(lines, 50))
    assert [shift.column[:5] for shift in found.moved] == ["price", "price"]


@pytest.mark.parametrize(("change", "verdict"), [(lambda lines: lines, "passed"), (dearer, "drifted")])
def test_prices_of_few_products_are_told(change, verdict):
    lines = shop(weeks=40)
    few = lines.assign(
        stockcode=(lines["stockcode"].astype(int) % 6).astype(str), customerid="", is_registered=0.0
    )
    few["unitprice"] = 1.0 + few["stockcode"].astype(int) + (few["invoicedate"].dt.dayofyear // 7 % 3) / 20
    assert check(change(few), SETTINGS).verdict == verdict


def test_no_lines_at_all():
    with pytest.raises(NothingToLearn, match="no order lines to compare"):
        check(shop().iloc[:0], SETTINGS)


def test_constant_columns_are_not_tested():
    lines = shop().assign(customerid="", is_registered=0.0, country="France", unitprice=2.0)
    found = check(lines, SETTINGS)
    assert found.verdict == "passed"
    assert dict(found.untested)["order_country"] == "has one value throughout"
    assert [shift.column for shift in found.shifts] == ["quantity_unregistered"]


def test_release_says_what_is_new():
    lines = shop()
    since = START + timedelta(weeks=13)
    found = check(dearer(lines), SETTINGS, since=since)
    assert (found.current.first, found.current.last) == ("2024-04-01", "2024-04-21")
    assert found.cut == Cut(since, days=11, count=8)


def test_nothing_newer_than_release_compares_newest():
    later = check(shop(), SETTINGS, since=START + timedelta(weeks=99))
    assert later.to_dict() == check(shop(), SETTINGS).to_dict()


@pytest.mark.parametrize(("span", "days"), [(1, 1), (4, 4), (6, 7), (9, 14)])
def test_windows_are_whole_weeks(span, days):
    dates = pd.Series(pd.date_range(START, periods=400))
    assert cut_windows(dates, SETTINGS, since=dates.iloc[-span].to_pydatetime()).days == days


def test_order_of_lines_does_not_matter():
    lines = shop()
    assert check(lines.sample(frac=1, random_state=1), SETTINGS).reference == check(lines, SETTINGS).reference


def test_product_price_is_told_once_a_window():
    rows = observe(shop(), cut_windows(shop()["invoicedate"], SETTINGS, since=None))
    told = rows.groupby("window")["price_registered"].count()
    assert PRODUCTS // 2 < told[0:].max() <= PRODUCTS


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 4), st.floats(-5, 5) | st.just(math.nan)),
        min_size=1,
        max_size=30,
    ),
    st.sampled_from([1.0, 0.5]),
)
def test_usual_is_a_mean_of_earlier_windows(rows, keep):
    rows.sort(key=lambda row: row[1])
    groups, windows, values = (np.array(column) for column in zip(*rows, strict=True))
    found = usual(groups, values.astype(float), windows, keep=keep)
    for mean, group, window in zip(found, groups, windows, strict=True):
        before = (groups == group) & (windows < window) & ~np.isnan(values)
        weights = keep ** (window - windows[before])
        assert (
            np.isnan(mean)
            if not before.any()
            else mean == pytest.approx(np.average(values[before], weights=weights))
        )


@given(
    st.lists(st.integers(-50, 50), min_size=2, max_size=40),
    st.lists(st.integers(-50, 50), min_size=1, max_size=40),
)
def test_distance_is_the_published_one(reference, current):
    column = Column.of(pd.Series([*reference, *current], name="x", dtype=float))
    rows = np.arange(len(reference) + len(current))
    before, after = column.counts(rows[: len(reference)]), column.counts(rows[len(reference) :])
    expected = stats.wasserstein_distance(reference, current) / max(np.std(reference), 0.001)
    assert column.distances(before, after[None, :])[0] == pytest.approx(expected, rel=1e-9, abs=1e-9)


def null(windows=40, columns=4, rng=None):
    rng = rng or np.random.default_rng(1)
    return Null(1 + rng.exponential(size=(windows, columns)), np.arange(windows), np.ones(columns))


@pytest.mark.parametrize("windows", [20, 40])
def test_false_alarms_are_as_stated(windows):
    rng, alarms = np.random.default_rng(1), []
    for _ in range(40):
        thresholds = null(windows, rng=rng).thresholds(0.05)
        alarms.append((1 + rng.exponential(size=(2000, 4)) >= thresholds).any(axis=1).mean())
    assert np.mean(alarms) == pytest.approx(0.05, abs=0.02)


def test_repeated_draws_of_a_window_tell_no_more():
    once = null()
    twice = Null(np.repeat(once.draws, 2, axis=0), np.repeat(once.windows, 2), once.powers)
    assert twice.thresholds(0.01) == pytest.approx(once.thresholds(0.01))


def test_fewer_windows_widen_thresholds():
    draws = np.tile(null(8).draws, (5, 1))
    few, many = (Null(draws, np.arange(40) % windows, np.ones(4)).thresholds(0.01) for windows in (8, 40))
    assert (few > many).all()


@pytest.mark.parametrize("false_alarms", [0.3, 0.05, 0.001])
def test_rarity_agrees_with_thresholds(false_alarms):
    thresholds = null().thresholds(false_alarms)
    assert null().rarity(thresholds) == pytest.approx(false_alarms, rel=1e-6)


def test_statistics_equal_evidently(drifted):
    found, snapshot = drifted
    theirs = {
        m["config"]["column"]: m["value"] for m in snapshot.dict()["metrics"] if "column" in m["config"]
    }
    assert theirs == pytest.approx({shift.column: shift.statistic for shift in found.shifts}, abs=1e-9)


def test_evidently_counts_the_same_columns(drifted):
    found, snapshot = drifted
    assert snapshot.dict()["metrics"][0]["value"]["count"] == len(found.moved)


def test_page_holds_verdict_and_no_identities(drifted):
    found, snapshot = drifted
    once, again = (report.page(found, report.render(snapshot)) for _ in range(2))
    assert once == again
    assert "<h1>Drift</h1>" in once
    assert 'class="drifted"><td>price_registered' in once


def test_page_of_inconclusive_check_says_why():
    found = check(shop(weeks=1), SETTINGS)
    assert str(found.reason) in report.page(found)


def test_same_comparison_is_kept_once(drifted, tmp_path):
    for _ in range(2):
        workspace.keep(tmp_path / "drift", *drifted)
    (entry,) = workspace.entries(tmp_path / "drift")
    assert json.loads(entry.read_text())["name"] == "2024-04-15 to 2024-04-21"
    assert (tmp_path / "drift/.gitignore").read_text() == "*\n"


def test_half_written_workspace_is_mended(drifted, tmp_path):
    workspace.keep(tmp_path, *drifted)
    whole = {path: path.read_bytes() for path in tmp_path.rglob("*.json")}
    for path in whole:
        path.write_bytes(b"{")
    workspace.keep(tmp_path, *drifted)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.json")} == whole


@pytest.mark.parametrize(
    ("token", "said"),
    [
        ("", "set EVIDENTLY_API_KEY"),
        ("sk_a.b.c", "Not everything was sent to the Evidently Cloud project 'shop'"),
    ],
)
def test_cloud_out_of_reach_is_told(tmp_path, monkeypatch, token, said):
    monkeypatch.setenv("EVIDENTLY_API_KEY", token)
    monkeypatch.setenv("EVIDENTLY_URL", "http://127.0.0.1:9")
    assert said in str(workspace.share(tmp_path, "cloud:shop"))


def test_folder_needs_no_cloud(tmp_path):
    assert workspace.share(tmp_path, "drift") is None
    assert workspace.folder_of(tmp_path, "cloud:shop") == workspace.folder_of(tmp_path, "drift")
