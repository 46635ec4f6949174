"""The plan past one machine, docs/scale.md: what was measured, what is assumed, and what follows.

python -m benchmarks.scale

Measured figures are quoted from the documents that hold them; one that its document no longer holds is named, and the
command ends with 1. The exponent of growth comes from benchmarks/results/growth.json (python -m benchmarks.growth);
until it is there, the first stage's two sizes in docs/performance.md stand for it.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from benchmarks.peer import ROOT

GROWTH, PAGE = ROOT / "benchmarks/results/growth.json", ROOT / "docs/scale.md"
TEMPLATE = Path(__file__).with_suffix(".md")

SHOPS, LINES, RECEIPTS = 10_000, 10**10, 10**9
DAY, MONTH_HOURS, MONTH_DAYS, WEEKS, PEAK = 86_400, 730, 30.4, 52, 3
LINES_EACH, RECEIPTS_EACH = LINES // SHOPS, RECEIPTS // SHOPS
LARGEST = 10**8
SMALL, BUSY, WAITED = 10_000, 10, 0.03
"""Prices a day of a small shop, the hours of the day in which they are asked for, seconds for a `PUT`."""
WINDOW = 8


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure, and the words of the document that hold it."""

    value: float
    words: str
    document: str


MEASURED = {
    "lines": Measured(431_673, "431,673 real lines", "performance.md"),
    "etl": Measured(
        3.65, "kept apart, or DuckDB holds all lines twice to share one plan | 3.65", "performance.md"
    ),
    "etl_tenfold": Measured(38.6, "45.8 s of processor time and 3,850 MB before, 38.6 s", "performance.md"),
    "network": Measured(147.5, "| network | 0.2762 | 0.5256 | 4.30 | 82.4 | 147.5 |", "performance.md"),
    "trees": Measured(23.4, "| LightGBM | 0.2883 | 0.5369 | 4.69 | 23.4 | 23.4 |", "performance.md"),
    "features": Measured(84, "same 84 features", "performance.md"),
    "receipt": Measured(63, "63 bytes a receipt", "receipts.md"),
    "receipt_unlike": Measured(300, "each takes about 300 bytes instead", "receipts.md"),
    "verified": Measured(15e6, "15 million a minute", "receipts.md"),
    "recall": Measured(0.55, "recall a file, half of all receipts touched | 0.55 s", "receipts.md"),
    "prices": Measured(
        476, "questions never asked before: one process; three | 476; 1,084 a second", "service.md"
    ),
    "writes": Measured(6_300, "2,100 / 5,200 / 6,300 a second", "receipts.md"),
    "reprice": Measured(3.3, "4,000 products in one request, each with a receipt | 3.3 s", "service.md"),
    "lambda_ms": Measured(4.2, "4.2 ms for a warm one", "aws.md"),
    "memory": Measured(121, "121 MB of memory", "aws.md"),
}
"""Of two cores, processors' seconds where it is seconds; bytes, MB, or as many a second."""

PRICES = {
    "core": ("an hour of a virtual core of EC2 `m7i.large` ($0.1008 an hour, 2 cores, 8 GB)", 0.0504),
    "memory": ("an hour of a GB of the same", 0.0126),
    "s3": ("a GB in S3 Standard for a month", 0.023),
    "put": ("a million `PUT`s to S3", 5.0),
    "get": ("a million `GET`s from S3", 0.40),
    "request": ("a million requests to Lambda", 0.20),
    "gigabyte": ("a GB-second of Lambda", 0.0000166667),
    "api": ("a million requests to an HTTP API, beyond the first 300 million a month", 0.90),
    "api_first": ("a million of the first 300 million", 1.00),
    "logs": ("a GB of logs taken in by CloudWatch", 0.50),
    "warm": ("a GB-second of provisioned concurrency", 0.0000041667),
    "redis": ("an hour of an ElastiCache `cache.t4g.micro`", 0.016),
}


@dataclass(frozen=True, slots=True)
class Estimate:
    """What follows: of what, the sum, and its result in words."""

    what: str
    sum: str
    result: str


def main() -> int:
    growth = json.loads(GROWTH.read_text(encoding="utf-8")) if GROWTH.exists() else None
    PAGE.write_text(page(growth), encoding="utf-8")
    gone = list(unquoted(PAGE.parent))
    for each in gone:
        print(each)
    return 1 if gone else 0


def unquoted(folder: Path) -> Iterator[str]:
    """The measured figures that their documents no longer hold."""
    for name, each in MEASURED.items():
        if each.words not in (folder / each.document).read_text(encoding="utf-8"):
            yield f"{name}: docs/{each.document} does not say '{each.words}'"


def page(growth: Mapping[str, Any] | None) -> str:
    """The whole document."""
    exponent, source = grown(growth)
    tables = {name: table(list(part)) for name, part in parts(exponent).items()}
    listed = "\n".join(f"| {what} | ${price:.10g} |" for what, price in PRICES.values())
    measured = "\n".join(
        f"| {name.replace('_', ' ')} | {_value(each.value)} | [{each.document}]({each.document}) | {_words(each)} |"
        for name, each in MEASURED.items()
    )
    later = SMALL * MONTH_DAYS * WAITED * prices()["gigabyte"]
    small = {"small": f"{SMALL:,}", "busy": BUSY, "waited": f"{WAITED * 1000:g}", "later": f"${later:.2f}"}
    return TEMPLATE.read_text(encoding="utf-8").format(
        exponent=f"{exponent:.2f}",
        source=source,
        prices=listed,
        measured=measured,
        **tables,
        **walls(),
        **small,
    )


def grown(growth: Mapping[str, Any] | None) -> tuple[float, str]:
    """The exponent of the first stage's time, and where it is from."""
    if growth is not None:
        return float(growth["exponents"]["etl_pipeline"]["processor"]), "`benchmarks/results/growth.json`"
    ratio = MEASURED["etl_tenfold"].value / MEASURED["etl"].value
    return math.log10(ratio), f"log10({MEASURED['etl_tenfold'].value:g} / {MEASURED['etl'].value:g})"


def parts(exponent: float) -> dict[str, Iterator[Estimate]]:
    return {
        "pipelines": pipelines(exponent),
        "prices_served": chain(processes(), functions()),
        "kept": kept(),
        "asked": asked(),
        "one": one(),
    }


def figures() -> dict[str, float]:
    return {name: each.value for name, each in MEASURED.items()}


def prices() -> dict[str, float]:
    return {name: price for name, (_, price) in PRICES.items()}


def pipelines(exponent: float) -> Iterator[Estimate]:
    """Every shop, every week."""
    m = figures()
    times = LINES_EACH / m["lines"]
    etl, models = m["etl"] * times**exponent, (m["network"] + m["trees"]) * times
    yield Estimate(
        "first stage, a shop of 10^6 lines",
        f"{m['etl']:g} s x ({LINES_EACH:,} / {m['lines']:,.0f})^{exponent:.2f}",
        f"{etl:.0f} s of a core",
    )
    yield Estimate(
        "search, committee and trees, the same shop",
        f"({m['network']:g} + {m['trees']:g}) s x {times:.2f}, as if all of it grew with the lines",
        f"{models:.0f} s of a core",
    )
    hours = (etl + models) * SHOPS / 3600
    yield Estimate(
        "all shops, a week", f"({etl:.0f} + {models:.0f}) s x {SHOPS:,} / 3,600", f"{hours:,.0f} core hours"
    )
    price = PRICES["core"][1]
    yield Estimate(
        "what they cost, a month",
        f"{hours:,.0f} x {WEEKS} / 12 x ${price:g}",
        f"${hours * WEEKS / 12 * price:,.0f}",
    )
    yield Estimate(
        f"cores, when all is to be done in {WINDOW} hours",
        f"{hours:,.0f} / {WINDOW}",
        f"{hours / WINDOW:,.0f}",
    )
    largest = m["etl_tenfold"] * (LARGEST / (10 * m["lines"])) ** exponent
    yield Estimate(
        "first stage of the largest shop, 10^8 lines",
        f"{m['etl_tenfold']:g} s x ({LARGEST:,} / {10 * m['lines']:,.0f})^{exponent:.2f}",
        f"{largest / 60:.0f} minutes of a core; what exceeds DuckDB's 4 GB lies on disk",
    )


def processes() -> Iterator[Estimate]:
    """Prices over HTTP by processes."""
    m, cost = figures(), prices()
    mean = RECEIPTS / DAY
    yield Estimate(
        "prices a second", f"10^9 / {DAY:,}; x {PEAK} at the peak", f"{mean:,.0f}; {PEAK * mean:,.0f}"
    )
    cores = math.ceil(PEAK * mean / m["prices"])
    yield Estimate(
        "cores that answer, none asked for before", f"{PEAK * mean:,.0f} / {m['prices']:g}", f"{cores}"
    )
    yield Estimate(
        "what they cost, a month",
        f"{cores} x {MONTH_HOURS} h x ${cost['core']:g}",
        f"${cores * MONTH_HOURS * cost['core']:,.0f}",
    )


def functions() -> Iterator[Estimate]:
    """The same prices by functions; and what a process for each shop costs to be there at all."""
    m, cost = figures(), prices()
    memory = SHOPS * m["memory"] / 1000
    yield Estimate(
        "a process for each shop, for its memory, a month",
        f"{SHOPS:,} x {m['memory']:g} MB = {memory:,.0f} GB; x {MONTH_HOURS} h x ${cost['memory']:g}",
        f"${memory * MONTH_HOURS * cost['memory']:,.0f}",
    )
    monthly = RECEIPTS * MONTH_DAYS / 1e6
    seconds = m["lambda_ms"] * 1e3
    each = cost["request"] + seconds * cost["gigabyte"] + cost["api"]
    yield Estimate(
        "functions instead, a month, without receipts",
        f"{monthly:,.0f} million x (${cost['request']:g} + {seconds:,.0f} GB-s x ${cost['gigabyte']:g}"
        f" + ${cost['api']:g})",
        f"${monthly * each:,.0f}",
    )
    yield Estimate(
        "a `PUT` for each of their receipts, a month",
        f"{monthly:,.0f} million x ${cost['put']:g}",
        f"${monthly * cost['put']:,.0f}",
    )


def kept() -> Iterator[Estimate]:
    """What has to be stored."""
    m, cost = figures(), prices()
    for name, which in (("receipt", "alike"), ("receipt_unlike", "no two alike")):
        daily = RECEIPTS * m[name] / 1e9
        yield Estimate(
            f"receipts, {which}, kept for a year",
            f"10^9 x {m[name]:g} bytes x 365",
            f"{daily * 365 / 1000:,.0f} TB, ${daily * 365 * cost['s3']:,.0f} a month",
        )
    puts = 4 * RECEIPTS / 65_536
    yield Estimate(
        "`PUT`s when 65,536 at a time are sealed, a day",
        "4 x 10^9 / 65,536",
        f"{puts:,.0f}, ${puts / 1e6 * cost['put']:.2f}",
    )
    shops = SHOPS * 0.1 * WEEKS
    yield Estimate(
        "releases and data of a year, 0.1 GB a week and shop",
        f"{SHOPS:,} x 0.1 GB x {WEEKS}",
        f"{shops / 1000:,.0f} TB, ${shops * cost['s3']:,.0f} a month",
    )


def one() -> Iterator[Estimate]:
    """One small shop on AWS, part by part, a month."""
    m, cost = figures(), prices()
    asked = SMALL * MONTH_DAYS / 1e6
    millions = f"{asked:.2f} million"
    work = cost["request"] + m["lambda_ms"] * 1e3 * cost["gigabyte"]
    function = f"(${cost['request']:g} + {m['lambda_ms'] * 1e3:,.0f} GB-s x ${cost['gigabyte']:g})"
    looks, kept, hours = MONTH_DAYS * BUSY * 3600 / 1e6, WEEKS * 0.1, WEEKS / 12 * 2
    yield _bill("bucket: a year of releases", kept, f"{kept:.1f} GB", cost["s3"])
    yield _bill("bucket: a `PUT` for each receipt", asked, millions, cost["put"])
    yield _bill(
        f"bucket: a look at the channel a second, {BUSY} h a day, one instance",
        looks,
        f"{looks:.2f} million",
        cost["get"],
    )
    yield Estimate("function", f"{millions} x {function}", f"${asked * work:.2f}")
    yield _bill("HTTP API", asked, millions, cost["api_first"])
    yield _bill("logs, 1 kB a request", asked, f"{asked:.2f} GB", cost["logs"])
    yield _bill("worker: two cores for an hour a week", hours, f"{WEEKS} / 12 x 2", cost["core"])
    warm = 3600 * MONTH_HOURS
    yield _bill("one instance kept warm (none by default)", warm, f"{warm:,} s", cost["warm"])
    yield _bill("ElastiCache (none by default)", MONTH_HOURS, f"{MONTH_HOURS} h", cost["redis"])


def _bill(what: str, amount: float, told: str, price: float) -> Estimate:
    """An amount, told in words, at a price."""
    return Estimate(what, f"{told} x ${price:g}", f"${amount * price:.2f}")


def asked() -> Iterator[Estimate]:
    """Questions to the record."""
    m = figures()
    minutes = RECEIPTS / m["verified"]
    yield Estimate(
        "verify a day's receipts",
        f"10^9 / {m['verified']:,.0f} a minute",
        f"{minutes:.0f} minutes of two cores",
    )
    yearly = RECEIPTS_EACH * 365
    recall = m["recall"] * yearly / 1e7
    yield Estimate(
        "recall in one shop, a year of receipts", f"{m['recall']:g} s x {yearly:,} / 10^7", f"{recall:.1f} s"
    )
    yield Estimate(
        "the same in every shop",
        f"{recall:.1f} s x {SHOPS:,} / 3,600",
        f"{recall * SHOPS / 3600:.1f} core hours",
    )
    yield Estimate(
        "reprice 4,000 products of every shop", f"{m['reprice']:g} s x {SHOPS:,} / 3,600",
        f"{m['reprice'] * SHOPS / 3600:.0f} core hours",
    )  # fmt: skip


def walls() -> dict[str, str]:
    """Where each part ends first."""
    m, cost = figures(), prices()
    line = int(m["features"] * 4 + 3 * 4 + 4)
    process = m["memory"] / 1000 * MONTH_HOURS * cost["memory"]
    price = cost["put"] + cost["request"] + cost["api"] + m["lambda_ms"] * 1e3 * cost["gigabyte"]
    daily = process / price * 1e6 / MONTH_DAYS
    return {
        "line": f"{line}",
        "lines_at_8": f"{8e9 / line / 2 / 1e6:.0f}",
        "put_share": f"{cost['put'] / price:.0%}",
        "process": f"${process:.2f}",
        "even": f"{daily:,.0f}",
        "even_million": f"${price:.2f}",
        "a_process": f"{m['prices'] * DAY / PEAK / 1e6:.0f}",
        "a_process_shops": f"{m['prices'] * DAY / PEAK / RECEIPTS_EACH:.0f}",
        "writes": f"{m['writes'] / m['prices']:.0f}",
    }


def _words(each: Measured) -> str:
    return each.words.replace("|", "·").strip("· ")


def _value(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:g}"


def table(estimates: list[Estimate]) -> str:
    rows = "\n".join(f"| {each.what} | {each.sum} | {each.result} |" for each in estimates)
    return f"| what | sum | about |\n|---|---|---|\n{rows}"


if __name__ == "__main__":
    sys.exit(main())
