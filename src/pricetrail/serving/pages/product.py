"""A product's page: what to charge, why, what it would bring, and what if."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from flask import Blueprint, render_template, request

from pricetrail.errors import UsageError
from pricetrail.pricing import money
from pricetrail.pricing.curve import Bands, Curve, draw
from pricetrail.pricing.demand import Elastic
from pricetrail.pricing.objective import Objective
from pricetrail.pricing.response import Product
from pricetrail.serving import problem, web
from pricetrail.serving.asking import PriceAsked
from pricetrail.serving.pages import chart
from pricetrail.serving.pages.chart import Chart, Mark
from pricetrail.serving.release import Release
from pricetrail.serving.service import Service

BEYOND = 0.15
POINTS = 121
ROWS = 13
DRIVERS = "reports/dfn_shap_mean_abs.json"
MOST = 10
# The fields that the page asks for, and what it calls them.
ASKS = {
    "store": "Store",
    "at": "the price were",
    "cost": "a unit cost me",
    "default_margin": "or this share of the price is margin",
    "objective": "I wanted more",
    "max_change": "it may change by at most",
    "unitprice_min": "not below",
    "unitprice_max": "not above",
    "margin_floor": "margin at least",
    "endings": "it ends in",
}
NAMED = re.compile(r"\b(?:\w+_\w+|\w+(?=: ))")
TITLES = {"units": "Units a week", "revenue": "Revenue a week", "margin": "Margin a week"}


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart with the table behind it."""

    svg: Any
    title: str
    rows: list[tuple[float, ...]]


def add(site: Blueprint, service: Service) -> None:
    """``/products/<code>``, and with ``part`` only what a what-if changes."""

    @site.get("/products/<path:stockcode>")
    def product(stockcode: str) -> tuple[str, int]:
        given = {name: value for name, value in web.query().items() if value != ""}
        part, tried = given.pop("part", None), given.pop("at", None)
        release = service.shelf.release()
        known, code = release.responses.stores(stockcode), 200
        if known[0].store is not None:
            given = {"store": known[0].store, **given}
        told: dict[str, Any] = {}
        if not part:
            told |= {"stockcode": stockcode, "known": known, "given": request.args, "asks": ASKS}
            told |= {"objectives": [*map(str, Objective)], "drivers": _drivers(release)}
        try:
            told |= _answered(service, release, {**given, "stockcode": stockcode}, _price(tried))
        except UsageError as error:
            told["refused"], code = _plain(str(error)), problem.status(error)
        return render_template("answer.html" if part else "product.html", **told), code


def _plain(said: str) -> str:
    """What is wrong with a what-if, its fields called as the page calls them."""
    return NAMED.sub(lambda found: f"\u201c{ASKS[found[0]]}\u201d" if found[0] in ASKS else found[0], said)


def _price(text: str | None) -> float | None:
    """A price to try out; what is none is passed over, as whoever types has not come to its end."""
    try:
        found = float(text or "")
    except ValueError:
        return None
    return found if 0 < found < 1e9 else None


def _answered(
    service: Service, release: Release, given: dict[str, Any], tried: float | None
) -> dict[str, Any]:
    asked = PriceAsked.read({"num_price_bins": 2, **given})
    issued = service.desk.price(asked, release)
    answer, product = issued.to_dict(), release.responses.product(asked.stockcode, asked.store)
    demand = Elastic.of(product, release.responses.deep_from)
    cost, objective = answer["aim"]["cost"], answer["aim"]["objective"]
    curve = draw(demand, _prices(product, answer, tried), cost=cost)
    marks = list(_marks(asked, answer, tried))
    figures = dict.fromkeys((objective, "units"))
    return {
        "answer": answer,
        "receipt": issued.number,
        "charts": [_drawn(name, curve, product, marks) for name in figures],
        "tried": tried and _told(draw(demand, np.array([tried]), cost=cost), tried, product),
    }


def _prices(product: Product, answer: dict[str, Any], tried: float | None) -> Any:
    """From a little below the least to a little above the highest of what was observed, asked or answered."""
    near = [product.low * (1 - BEYOND), product.high * (1 + BEYOND), answer["price"], answer["now"]]
    known = [each for each in (*near, tried) if each]
    low, high = max(min(known), product.low / 4), min(max(known), product.high * 4)
    return np.linspace(low, high, POINTS)


def _marks(asked: PriceAsked, answer: dict[str, Any], tried: float | None) -> Iterator[Mark]:
    now, price = answer["now"], answer["price"]
    kept = answer["status"] == "keep"
    yield Mark(
        now, f"now, keep {money.price(now)}" if kept else f"now {money.price(now)}", "best" if kept else "now"
    )
    if abs(price - now) > 1e-9:
        yield Mark(price, f"recommended {money.price(price)}", "best")
    if asked.max_change != "none":
        yield Mark(now * (1 - asked.max_change), "", "bound")
        yield Mark(now * (1 + asked.max_change), "", "bound")
    for bound in (asked.unitprice_min, asked.unitprice_max):
        if bound is not None:
            yield Mark(bound, "", "bound")
    if tried is not None:
        yield Mark(tried, f"what if {money.price(tried)}", "tried")


def _drawn(name: str, curve: Curve, product: Product, marks: list[Mark]) -> Drawn:
    bands: Bands = getattr(curve, name)
    title = TITLES[name]
    drawing = Chart(title, curve.prices.tolist(), bands, product.prices, marks)
    picked = np.linspace(0, len(curve.prices) - 1, ROWS).round().astype(int)
    columns = (curve.prices, bands.low90, bands.low50, bands.middle, bands.high50, bands.high90)
    return Drawn(drawing.svg(), title, [tuple(float(each[at]) for each in columns) for at in picked])


def _told(curve: Curve, price: float, product: Product) -> dict[str, Any]:
    """What is expected at one price: the middle, and the 90 % interval; and whether it lies beyond those observed."""
    figures = {name: getattr(curve, name) for name in TITLES if getattr(curve, name) is not None}
    return {
        "price": price,
        "outside": not product.low <= price <= product.high,
        "figures": {
            TITLES[name]: (float(each.middle[0]), float(each.low90[0]), float(each.high90[0]))
            for name, each in figures.items()
        },
    }


def _drivers(release: Release) -> dict[str, Any] | None:
    """What drives the release's forecasts of order quantities, by mean absolute SHAP value."""
    if DRIVERS not in release.files:
        return None
    found = release.json(DRIVERS)[:MOST]
    rows = [(str(each["feature_name"]), float(each["mean_abs_shap"])) for each in found]
    return {"svg": chart.bars(rows, "Mean absolute SHAP value of each feature"), "rows": rows}
