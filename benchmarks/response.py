"""The response to price where others have measured it, and where the future is known.

python -m benchmarks.response [--on orange,stores,real,closer] [--json]

orange: the log-log slopes of orange juice by brand, not featured and featured, beside those published (Taddy,
    Business Data Science, 2019, chapter 2), with 95 % intervals clustered by store.
stores: the same data through the stage, a response for each brand in each store, featured or not told apart.
real: the real order lines through the stage: seconds, slopes by other ways, and changes of price held out.
closer: what was foretold there, looked at closely: where no price changed, in eight weeks from four dates on; and by
    size of change, what sold over what was foretold, guests' share of orders and units an order before and after, and
    what ratio of deviances is to be expected where the response is right.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from benchmarks.part import DATA, REAL
from benchmarks.telling import tell

from pricetrail.demand.response import estimate, holdout, regression
from pricetrail.demand.response.holdout import LEAST, Cases, Told
from pricetrail.demand.response.panel import Floats, Ints, Panel
from pricetrail.params import Params
from pricetrail.stages import counting, etl_pipeline, fit_price_response
from pricetrail.stages.stage import Context
from pricetrail.stages.tables import columns
from pricetrail.transactions.simulator.files import SCHEMA

BRANDS = ("dominicks", "minute.maid", "tropicana")
PUBLISHED = (-2.77, -3.25, -1.99, -3.57, -2.04, -3.50)
# What the published intervals reach to each side.
REACH = 0.15
SIZES = {
    "cut by 51 % or more": (-np.inf, 2 * np.log(0.7)),
    "cut by less than 10 %": (np.log(0.9), 0.0),
    "rise by less than 11 %": (0.0, -np.log(0.9)),
    "rise by 11 to 43 %": (-np.log(0.9), -np.log(0.7)),
}
DRAWS = 2000
SEED = 7
HEADINGS = {name.lower(): name for name in SCHEMA.names}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--on", default="orange,stores,real,closer")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = dict(measure(asked.on.split(",")))
    tell(found, as_json=asked.json)


def measure(wanted: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    if "orange" in wanted:
        yield "orange", dict(orange())
    if "stores" in wanted:
        yield "stores", dict(stores())
    if "real" in wanted or "closer" in wanted:
        with tempfile.TemporaryDirectory() as folder:
            context = cleaned(Path(folder))
            if "real" in wanted:
                yield "real", dict(real(context))
            if "closer" in wanted:
                yield "closer", dict(closer(context))


def orange() -> Iterator[tuple[str, str]]:
    """Ours beside the published, by brand and feature."""
    juice = columns(pq.read_table(DATA / "orange_juice.parquet"))
    brand, feat = np.searchsorted(BRANDS, juice["brand"].astype(str)), juice["feat"]
    cells = [(brand == one) & (feat == shown) for one in range(3) for shown in (0, 1)]
    log = np.log(juice["price"])
    design = np.stack([log * cell for cell in cells], axis=1)
    found = regression.fit(juice["logmove"], design, [2 * brand + feat], [juice["store"]], family="gaussian")
    names = [f"{name}, {shown}" for name in BRANDS for shown in ("not featured", "featured")]
    for name, slope, error, published in zip(names, found.coefficients, found.errors, PUBLISHED, strict=True):
        reach = 1.96 * error
        holds = "holds" if abs(slope - published) < reach else "MISSES"
        yield (
            name,
            f"{slope:.2f} +/- {reach:.2f} {holds} {published:.2f}; width {reach / REACH:.2f} x published",
        )


def stores() -> Iterator[tuple[str, str]]:
    """Brands' responses store by store, as a pool of 249."""
    juice = columns(pq.read_table(DATA / "orange_juice.parquet"))
    week = np.datetime64("1989-09-14", "us") + (juice["week"] * 7).astype("m8[D]")
    brand, blank = juice["brand"].astype(str), np.full(len(week), "")
    read = pa.table(
        {
            **{name: brand for name in ("stockcode", "description")},
            **{name: blank for name in ("invoiceno", "customerid")},
            **{name: juice["price"] for name in ("unitprice", "list_price")},
            "invoicedate": week,
            "quantity": np.exp(juice["logmove"]),
            "is_registered": np.ones(len(week), np.int64),
            "store": juice["store"].astype(str),
            "feat": juice["feat"].astype(float),
        }
    )
    params = Params.model_validate({"source": {"grain": "weekly", "key": "store", "covariates": ["feat"]}})
    spent = time.process_time()
    found = fit_price_response.estimated(read, params).facts
    yield "seconds of the processor", f"{time.process_time() - spent:.1f}"
    pooled = found["pool"]["slope"]
    yield (
        "pool",
        f"{pooled['mean']:.2f} +/- {1.96 * pooled['sd']:.2f}, stores and brands differ by {pooled['between_sd']:.2f}",
    )
    for name in BRANDS:
        mine = [product["slope"]["mean"] for product in found["products"] if product["stockcode"] == name]
        yield (
            name,
            f"{np.mean(mine):.2f} on average, {min(mine):.2f} to {max(mine):.2f} over {len(mine)} stores",
        )


def cleaned(root: Path) -> Context:
    """The real order lines, clean."""
    (root / "data/raw").mkdir(parents=True)
    (root / "data/raw/0001.parquet").symlink_to((DATA / REAL).resolve())
    context = Context(
        root, Params.model_validate({"source": {"columns": HEADINGS}}), lambda share, note: None
    )
    etl_pipeline.work(context)
    return context


def real(context: Context) -> Iterator[tuple[str, str]]:
    """The stage's own figures."""
    began, spent = time.perf_counter(), time.process_time()
    fit_price_response.work(context)
    seconds = f"{time.perf_counter() - began:.1f} ({time.process_time() - spent:.1f} of the processor)"
    yield "seconds of the stage, all products", seconds
    figures = json.loads((context.root / "metrics/price_response.json").read_text(encoding="utf-8"))
    for name in ("products", "identified", "borrowed", "unknown", "changes"):
        yield name, f"{figures[name]:,}"
    for name, way in figures["slopes"].items():
        yield f"slope, {name}", f"{way['slope']:.2f} ({way['low']:.2f} to {way['high']:.2f})"
    for name, held in figures["holdout"].items():
        told = f"{held['cases']:>6,} cases; covered {held['covered']:.1%}"
        if held["ratio"] is not None:
            told += f"; deviance {held['ratio']:.3f} ({held['low']:.3f} to {held['high']:.3f})"
        yield f"held out, {name}", told


def closer(context: Context) -> Iterator[tuple[str, str]]:
    """Forecasts where no price changed, from four dates on; and by size of change, whose orders they were."""
    counted = counting.stored(context.root / "data/original_df.parquet", context.params)
    found = estimate.fit(
        counted.panel,
        deep_from=context.params.fit_price_response.deep_from,
        descriptions=counted.described,
    )
    for newest in (24, 16, 8, 0):
        stood = holdout.foretell(found, holdout.steady(counted.panel, newest))
        for name, (sold, told, covered) in stood.items():
            away = regression.deviation(sold, told.mean).sum()
            yield (
                f"no change, {newest} weeks ago, {name}",
                f"deviance {away:,.0f}; covered {covered.mean():.1%}",
            )
    cases = holdout.changes(counted.panel)
    after = holdout.foretell(found, cases)
    for name, size in SIZES.items():
        chosen = np.flatnonzero((cases.change > size[0]) & (cases.change <= size[1]))
        yield name, bought(counted.panel, cases, after, chosen)
        for outcome, (sold, told, _) in after.items():
            drawn = draws(after, outcome, found.size.weeks.scale[cases.series] if found.size else None)
            yield f"{name}, {outcome}", expected(sold[chosen], told, drawn[:, chosen], chosen)


def draws(after: dict[str, Any], outcome: str, scale: Floats | None) -> Floats:
    """What would sell if the forecasts were right, shape (draws, e): each case strays by itself."""
    orders, told = after["orders"][1], after[outcome][1]
    rng, spread = np.random.default_rng(SEED), np.maximum(told.spread, LEAST)
    rate = rng.gamma(1 / spread, spread, (DRAWS, len(spread)))
    many: Floats = orders.sure + rng.poisson((orders.mean - orders.sure) * rate)
    if outcome == "orders" or scale is None:
        return many
    each = told.mean / orders.mean
    found: Floats = rng.gamma(many * each / scale, scale)
    return found


def expected(sold: Floats, told: Told, drawn: Floats, chosen: Ints) -> str:
    """The ratio of deviances with and without the response: as seen, as drawn where it is right, and what a few cases
    have in it."""
    mean, still = told.mean[chosen], told.still[chosen]
    with_, without = (regression.deviation(sold, each) for each in (mean, still))
    due = regression.deviation(drawn, mean).sum(axis=1) / regression.deviation(drawn, still).sum(axis=1)
    low, high = np.quantile(due, (0.05, 0.95))
    pulls = int(np.argmax(np.abs(with_ - without)))
    rest = np.delete(with_, pulls).sum() / np.delete(without, pulls).sum()
    worst = np.sort(with_)[-3:].sum() / with_.sum()
    return (
        f"deviance {with_.sum() / without.sum():.3f}; if the response were right {due.mean():.3f} ({low:.3f} to "
        f"{high:.3f}), and above 1 in {(due > 1).mean():.0%} of draws; without the case that pulls most {rest:.3f}; "
        f"three cases make {worst:.0%} of it"
    )


def bought(panel: Panel, cases: Cases, after: dict[str, Any], chosen: Ints) -> str:
    """What sold over what was foretold, and by whom it was bought, before and after some of the changes."""
    over = [
        f"{name} {sold[chosen].sum() / told.mean[chosen].sum():.2f}"
        for name, (sold, told, _) in after.items()
    ]
    share, each = [], []
    for weeks in (cases.before, cases.after):
        orders, units = (
            (counts[:, cases.series] * weeks)[:, chosen].sum(axis=(1, 2))
            for counts in (panel.orders, panel.units)
        )
        share.append(f"{orders[0] / orders.sum():.0%}")
        each.append(" and ".join(f"{one:.1f}" for one in units / orders))
    return (
        f"sold over foretold: {', '.join(over)}; guests' share of orders {' to '.join(share)}; units of an order of "
        f"guests and customers {', then '.join(each)}"
    )


if __name__ == "__main__":
    main()
