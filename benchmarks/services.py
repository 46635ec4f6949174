"""The services that stand beside each other: ours over the demo shop, and the peers'."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks import peer
from benchmarks.figures import OURS
from benchmarks.part import How
from benchmarks.server import Ask, Service

from pricetrail.shop import cache, production
from pricetrail.stages.tables import part

FLASK, LITSERVE = "Flask + torch", "LitServe"
SECONDS = "300"


@dataclass(frozen=True, slots=True)
class Stand:
    """A service, and what it is asked: prices, forecasts, or both; no question twice."""

    service: Service
    price: Callable[[int], Ask] | None = None
    forecast: Callable[[int], Ask] | None = None

    @property
    def first(self) -> Ask:
        """What tells that it has started."""
        ask = self.price or self.forecast
        assert ask is not None
        return ask(0)


def stands(how: How) -> dict[str, Stand | None]:
    """By name; None where a peer is not installed."""
    shop = how.demo()
    production.promote(shop, None, why="to be measured")
    there = {name: peer.installed(*needs) for name, needs in NEEDS.items()}
    return {
        OURS: ours(shop),
        FLASK: flask() if there[FLASK] else None,
        LITSERVE: litserve(shop) if there[LITSERVE] else None,
    }


NEEDS = {FLASK: ("flask", "pandas", "torch", "waitress"), LITSERVE: ("litserve", "onnxruntime")}


def ours(shop: Path) -> Stand:
    settings = {
        "PRICETRAIL_LEDGER": str(shop / "ledger"),
        "PRICETRAIL_BLOBS": str(shop / cache.DEFAULT),
        "PRICETRAIL_RATE": "0",
        "PRICETRAIL_SECONDS": SECONDS,
        "HOST": "127.0.0.1",
        "PORT": "{port}",
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": os.environ["PYTHONPATH"],
    }
    codes = products(shop)

    def price(at: int) -> Ask:
        return Ask(
            f"/v1/predict-price/{codes[at % len(codes)]}?num_price_bins=100&cost={0.2 + at // len(codes) / 1e4:.4f}"
        )

    def forecast(at: int) -> Ask:
        line = {"stockcode": codes[at % len(codes)], "unitprice": 1 + at // len(codes) / 100}
        return Ask("/v1/forecast", json.dumps({"lines": [line]}).encode())

    return Stand(Service([sys.executable, "-m", "pricetrail.serving"], shop, settings), price, forecast)


def flask() -> Stand:
    """The reference's way."""
    command = peer.command("published", "{port}")
    service = Service(command, peer.ROOT, peer.environment(OMP_NUM_THREADS="1"))
    return Stand(service, price=lambda at: Ask(f"/v1/predict-price/P{at}"))


def litserve(shop: Path) -> Stand:
    command = peer.command("litapi", shop / "models/production/dfn_best.onnx", "{port}")
    rows = part(shop, "test")

    def forecast(at: int) -> Ask:
        nth = slice(at % len(rows), at % len(rows) + 1)
        line = {"numeric": rows.numeric[nth].tolist(), "categories": rows.categories[nth].tolist()}
        return Ask("/predict", json.dumps(line).encode())

    return Stand(Service(command, peer.ROOT, peer.environment(OMP_NUM_THREADS="1")), forecast=forecast)


def products(shop: Path) -> list[str]:
    """The codes that have a price."""
    told = json.loads((shop / "models/price_response/response.json").read_text(encoding="utf-8"))
    return [each["stockcode"] for each in told["products"]]
