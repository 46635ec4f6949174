"""The drift check: false alarms over windows without drift, and how often it notices a shop that has changed.

python -m benchmarks.drift [--runs 200] [--shocked 60] [--on simulated,few,resampled,weeks] [--json]

simulated: shops of the simulator (the demo's size, a seed each), the last week against all before it.
few: the same with ten products and some 300 order lines a week.
resampled: the real order lines; the orders of eight weeks in a row, within the last 24 of the file, are dealt out
    anew among those weeks, so that the last of them differs from the others by chance alone.
weeks: every one of those real weeks as it is, against all before it. Nobody knows which of them truly drifted.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
from benchmarks.part import DATA, REAL
from benchmarks.telling import tell

from pricetrail.params import DriftCheck
from pricetrail.transactions import simulator
from pricetrail.transactions.drift import check
from pricetrail.transactions.simulator import Kind, Settings, Shock

WEEK = pd.Timedelta(days=7)
STARTS, STRETCH = 24, 8
FEW = {"rows": 16_000, "products": 10, "customers": 150}
SHOCKS = ("none", "price +20 %", "price -20 %", "quantity +30 %", "quantity -30 %", "mix")
SIMULATED = dict(
    zip(SHOCKS[1:], ("price:0.2", "price:-0.2", "quantity:0.3", "quantity:-0.3", "mix:0.15"), strict=True)
)

Shops = Callable[[str, int], pd.DataFrame]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--shocked", type=int, default=60)
    parser.add_argument("--on", default="simulated,few,resampled,weeks")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = dict(measure(asked))
    tell(found, as_json=asked.json)


def measure(asked: argparse.Namespace) -> Iterator[tuple[str, dict[str, object]]]:
    wanted = asked.on.split(",")
    if "simulated" in wanted:
        yield "simulated", rates(simulated, asked)
    if "few" in wanted:
        yield "few", rates(partial(simulated, **FEW), asked)
    if {"resampled", "weeks"} & set(wanted):
        lines = real()
        if "resampled" in wanted:
            yield "resampled", rates(lambda shock, seed: resampled(lines, shock, seed), asked)
        if "weeks" in wanted:
            yield "weeks", weeks(lines)


def rates(shops: Shops, asked: argparse.Namespace) -> dict[str, object]:
    """Share of drifted verdicts for each shock, and the seconds of a check."""
    figures: dict[str, object] = {}
    seconds = []
    for shock in SHOCKS:
        runs, verdicts = asked.runs if shock == "none" else asked.shocked, []
        for seed in range(runs):
            lines = shops(shock, seed)
            began = time.perf_counter()
            verdicts.append(check(lines, DriftCheck()).verdict)
            seconds.append(time.perf_counter() - began)
        drifted, unclear = verdicts.count("drifted"), verdicts.count("inconclusive")
        label = "false alarms" if shock == "none" else f"detected, {shock}"
        figures[label] = f"{drifted} of {runs} ({drifted / runs:.1%})" + (
            f", {unclear} unclear" if unclear else ""
        )
    return {**figures, "seconds of a check": round(float(np.median(seconds)), 3)}


def simulated(shock: str, seed: int, **size: int) -> pd.DataFrame:
    asked = Settings(**size)
    shocks = (Shock.parse(f"{SIMULATED[shock]}@last-week", asked.weeks),) if shock != "none" else ()
    world = simulator.build(replace(asked, seed=1000 + seed, shocks=shocks))
    weekly = [simulator.table(world, part[part["kind"] == Kind.CLEAN]) for part in simulator.weeks(world)]
    return standard(pd.concat([table.to_pandas() for table in weekly], ignore_index=True))


def real() -> pd.DataFrame:
    lines = pd.read_parquet(DATA / REAL).drop_duplicates()
    return standard(lines[lines["StockCode"].astype(str).str.match(r"\d{5}") & (lines["Quantity"] < 20_000)])


def standard(lines: pd.DataFrame) -> pd.DataFrame:
    lines = lines.rename(columns=str.lower).drop(columns="description")
    lines = lines[(lines["quantity"] > 0) & (lines["unitprice"] > 0)]
    customers = lines["customerid"].astype("string")
    return lines.assign(is_registered=customers.notna().astype("int8"), customerid=customers.fillna(""))


def resampled(lines: pd.DataFrame, shock: str, seed: int) -> pd.DataFrame:
    """The lines until the end of a stretch whose orders are dealt out anew among its weeks."""
    rng = np.random.default_rng(seed)
    end = midnight(lines) - (seed % (STARTS - STRETCH + 1)) * WEEK
    begin = end - STRETCH * WEEK
    lines = lines[lines["invoicedate"] < end].copy()
    dealt = (lines["invoicedate"] >= begin).to_numpy()
    orders, number = np.unique(lines.loc[dealt, "invoiceno"], return_inverse=True)
    week = rng.integers(STRETCH, size=len(orders))[number]
    within = (lines.loc[dealt, "invoicedate"] - begin) % WEEK
    lines.loc[dealt, "invoicedate"] = begin + within + pd.to_timedelta(7 * week, unit="D").to_numpy()
    newest = lines["invoicedate"] >= end - WEEK
    return pd.concat([lines[~newest], shocked(lines[newest].copy(), shock, rng)], ignore_index=True)


def midnight(lines: pd.DataFrame) -> pd.Timestamp:
    """The end of the last day."""
    return lines["invoicedate"].max().normalize() + pd.Timedelta(days=1)


def shocked(now: pd.DataFrame, shock: str, rng: np.random.Generator) -> pd.DataFrame:
    """A fifth on prices, three tenths on quantities (in whole units), or a fifth of the customers not told."""
    factor = 1 + float(shock.split()[1]) / 100 if " " in shock else 1.0
    if shock.startswith("price"):
        now["unitprice"] *= factor
    elif shock.startswith("quantity"):
        now["quantity"] = np.maximum(1, np.round(now["quantity"] * factor))
    elif shock == "mix":
        known = now.loc[now["is_registered"] == 1, "invoiceno"].unique()
        lost = now["invoiceno"].isin(rng.choice(known, len(known) // 5, replace=False))
        now.loc[lost, "is_registered"], now.loc[lost, "customerid"] = 0, ""
    return now


def weeks(lines: pd.DataFrame) -> dict[str, object]:
    figures: dict[str, object] = {}
    for back in range(STARTS):
        found = check(lines[lines["invoicedate"] < midnight(lines) - back * WEEK], DriftCheck())
        if found.moved:
            figures[f"week of {found.current.first}"] = "; ".join(shift.words for shift in found.moved)
    return {"alarms": f"{len(figures)} of {STARTS}", **figures}


if __name__ == "__main__":
    main()
