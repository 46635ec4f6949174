"""Forecasts of an ONNX model for order lines, and their errors: for all, by volume, channel and product."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from pricetrail.demand.accuracy import accuracy
from pricetrail.errors import DataError, UnknownProduct, translating

Numbers = npt.NDArray[np.float64]
Chosen = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]

BATCH = 4096
TENTHS = 10
TYPES = {"tensor(int32)": np.int32, "tensor(int64)": np.int64}


class Model:
    """An order-quantity model. A line's forecast depends on no other line and on no thread count."""

    def __init__(self, onnx: bytes, *, name: str = "the model") -> None:
        """``onnx`` takes ``numeric`` (n, p) float32 and ``categories`` (n, c) integers, gives (n,) float32.

        Raises:
            DataError: the bytes are no such model.
        """
        self.version = hashlib.sha256(onnx).hexdigest()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 2
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        with translating({Exception: DataError}, f"{name} is not a model that ONNX Runtime can read."):
            self._session = onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
            kinds = {taken.name: taken.type for taken in self._session.get_inputs()}
            self._kind = TYPES[kinds["categories"]]

    def predict(self, numeric: npt.NDArray[Any], categories: npt.NDArray[Any]) -> Numbers:
        """The log1p quantity of each line, shape (n,)."""
        numbers = np.ascontiguousarray(numeric, dtype=np.float32)
        codes = np.ascontiguousarray(categories, dtype=self._kind)
        parts = [
            self._session.run(
                None, {"numeric": numbers[at : at + BATCH], "categories": codes[at : at + BATCH]}
            )[0]
            for at in range(0, len(numbers), BATCH)
        ]
        return np.concatenate(parts, dtype=np.float64) if parts else np.empty(0)


@dataclass(frozen=True, slots=True)
class Forecasts:
    """Order lines with what came true and what was forecast, all on the log1p scale, each of shape (n,)."""

    invoices: Texts
    true: Numbers
    predicted: Numbers
    naive: Numbers

    def __len__(self) -> int:
        return len(self.true)


def errors(found: Forecasts, chosen: Chosen | None = None) -> dict[str, float | int | None]:
    """MSE(log), RMSLE and MAE of the model (``*_inf``) and of the naive heuristic (``*_naive``), same lines.

    Null where no line is chosen.
    """
    rows = np.ones(len(found), bool) if chosen is None else chosen
    true = found.true[rows]
    model, naive = _scores(true, found.predicted[rows], "inf"), _scores(true, found.naive[rows], "naive")
    return {"rows": int(rows.sum()), **model, **naive}


def by_decile(found: Forecasts, products: Texts, volume: dict[str, float]) -> dict[str, dict[str, Any]]:
    """Errors by tenth of the lines, from the slowest-selling products' to the best sellers'.

    Lines are ranked by what their product had sold *before* these lines, not by their own quantity: tenths of
    the quantity itself would show the noise of the lines rather than the skill of the model. Each holds about
    as many lines, so that its figures are about as sure; a product's lines stay together.

    Args:
        products: each line's stock code, shape (n,).
        volume: units sold before, by stock code; a product that is not named had sold nothing.
    """
    sold = np.array([volume.get(product, 0.0) for product in products])
    tenths = deciles(sold)
    return {
        str(tenth): {
            "products": len(set(products[tenths == tenth])),
            "least_sold": float(sold[tenths == tenth].min()) if (tenths == tenth).any() else None,
            "most_sold": float(sold[tenths == tenth].max()) if (tenths == tenth).any() else None,
            **errors(found, tenths == tenth),
        }
        for tenth in range(1, TENTHS + 1)
    }


def deciles(values: Numbers) -> npt.NDArray[np.int64]:
    """The tenth, 1 to 10, that each value falls in; equal values fall in the same, by their middle rank."""
    _, code, count = np.unique(values, return_inverse=True, return_counts=True)
    middle = np.cumsum(count) - (count + 1) / 2
    return (1 + middle[code] * TENTHS // len(values)).astype(np.int64)


def by_channel(found: Forecasts, registered: Chosen) -> dict[str, dict[str, Any]]:
    """Errors for registered customers' lines and for the others'."""
    return {"registered": errors(found, registered), "unregistered": errors(found, ~registered)}


def product(found: Forecasts, products: Texts, wanted: str, *, known: Iterable[str]) -> dict[str, Any]:
    """Errors for one product's lines; inconclusive where there are none.

    Args:
        products: each line's stock code, shape (n,).
        known: every stock code of the shop.

    Raises:
        UnknownProduct: the shop has no such product; the message names the nearest codes.
    """
    codes = sorted(set(known) | set(products))
    if wanted not in codes:
        raise UnknownProduct(wanted, codes)
    scores = errors(found, products == wanted)
    verdict = "measured" if scores["rows"] else "inconclusive"
    return {"stockcode": wanted, "verdict": verdict, **scores}


def _scores(true: Numbers, forecast: Numbers, whose: str) -> dict[str, float | None]:
    score = accuracy(true, forecast) if len(true) else None
    figures = (score.mse_log, score.rmsle, score.mae) if score else (None, None, None)
    return dict(zip((f"mse_{whose}", f"rmsle_{whose}", f"mae_{whose}"), figures, strict=True))
