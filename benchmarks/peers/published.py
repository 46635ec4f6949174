"""A price as the published reference system finds it: python -m benchmarks.peers.published PORT

Flask and PyTorch: 1,200 sampled order lines at each of 100 prices, their features made anew, through its network, and
the price with the greatest revenue. Waitress serves, as it serves ours. Its network knows nothing: only the work is the
reference's.
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import torch
from benchmarks.reference import Features, Matrix, build

LINES, ROWS, PRICES = 20_000, 1_200, 100


class Pricer:
    """The reference's way to one price."""

    def __init__(self) -> None:
        self.lines = drawn(LINES)
        self.features = Features(self.lines)
        self.network = build(self.features(self.lines[:1]).shape[1]).eval()
        self.prices = pd.DataFrame({"unitprice": [2 + at / 10 for at in range(PRICES)]})
        self.ready = self.features(self.lines[:ROWS])

    def price(self) -> float:
        """The price with the greatest revenue."""
        rows = (
            self.lines.sample(ROWS, random_state=42).drop(columns="unitprice").merge(self.prices, how="cross")
        )
        rows["quantity"] = self._forecast(self.features(rows))
        rows["sales"] = rows["quantity"] * rows["unitprice"]
        found = rows.groupby("unitprice").agg({"quantity": ["mean", "min", "max"], "sales": "mean"})
        return float(found["sales", "mean"].idxmax())

    def alone(self) -> None:
        """Its network at each price, with every feature ready made."""
        for at in range(PRICES):
            self.ready[:, 0] = at / PRICES
            self._forecast(self.ready).mean()

    def _forecast(self, inputs: Matrix) -> Matrix:
        with torch.inference_mode():
            return self.network(torch.from_numpy(inputs)).exp().squeeze(1).numpy()


def drawn(count: int) -> pd.DataFrame:
    """Order lines drawn at random, in the columns of the reference's."""
    rng = np.random.default_rng(7)
    moments = pd.to_timedelta(rng.integers(0, 30_000_000, count), unit="s")
    return pd.DataFrame(
        {
            "invoiceno": rng.integers(500_000, 600_000, count).astype(str),
            "stockcode": rng.integers(0, 4_000, count).astype(str),
            "quantity": rng.integers(1, 50, count),
            "invoicedate": pd.Timestamp("2011-01-01") + moments,
            "unitprice": rng.lognormal(1, 0.7, count),
            "customerid": rng.integers(0, 4_300, count).astype(str),
            "country": rng.integers(0, 38, count).astype(str),
            "is_registered": rng.integers(0, 2, count),
        }
    )


def main() -> None:
    from flask import Flask
    from waitress import serve

    torch.set_num_threads(1)
    app, pricer = Flask(__name__), Pricer()

    @app.get("/v1/predict-price/<stockcode>")
    def price(stockcode: str) -> dict[str, float | str]:
        return {"stockcode": stockcode, "optimal_price": pricer.price()}

    serve(app, host="127.0.0.1", port=int(sys.argv[1]), threads=4, _quiet=True)


if __name__ == "__main__":
    main()
