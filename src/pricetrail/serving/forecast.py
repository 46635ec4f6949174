"""Order quantities: the network speaks; where it cannot, LightGBM does, and where that cannot, the elastic net."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from pricetrail.demand.encode import Encoder
from pricetrail.demand.inference import Model
from pricetrail.demand.prospect import Line, Prospects
from pricetrail.errors import (
    ArtifactMissing,
    DataError,
    ModelUnavailable,
    PricetrailError,
    RequestInvalid,
    UnknownProduct,
    translating,
)
from pricetrail.pricing.response import cased

NETWORK, BACKUP = "models/production/dfn_best.onnx", "models/backup/{}.onnx"
ENCODER, PRODUCTS, VALUES = (
    "preprocessors/encoder.json",
    "models/snapshot/products.json",
    "models/snapshot/features.npy",
)

Numbers = npt.NDArray[np.float64]
Speak = Callable[[npt.NDArray[np.float32], npt.NDArray[np.int32]], Numbers]


class Forecaster:
    """The models of one release, each loaded when it is first needed.

    Args:
        read: gives the bytes of a file of the release.
        json: gives its value.
    """

    def __init__(self, read: Callable[[str], bytes], json: Callable[[str], Any]) -> None:
        self._read, self._json = read, json
        self._loaded = dict[str, Speak]()

    @cached_property
    def prospects(self) -> Prospects:
        """What is known of each product when the data ends."""
        with translating({ValueError: DataError, EOFError: DataError}, f"{VALUES} is no array of numbers."):
            values = np.load(io.BytesIO(self._read(VALUES)), allow_pickle=False)
        return Prospects.from_json(self._json(PRODUCTS), values)

    @cached_property
    def encoder(self) -> Encoder:
        """How features become numbers."""
        with translating({Exception: DataError}, f"{ENCODER} cannot be read."):
            return Encoder.from_json(self._json(ENCODER))

    def forecast(self, lines: Sequence[Line]) -> tuple[Numbers, str, dict[str, str]]:
        """The typical quantity of each order line, shape (n,); which model spoke, and why those before it did not.

        Raises:
            UnknownProduct: a product of the lines is not known.
            ModelUnavailable: no model could speak.
        """
        numeric, categories = self._encoded(lines)
        failed = dict[str, str]()
        for name, load in (("network", _network), ("lightgbm", _backup), ("elastic_net", _backup)):
            try:
                speak = self._loaded.get(name) or load(self._read, name)
                with translating({Exception: DataError}, f"The model {name} failed."):
                    quantities = _quantities(speak(numeric, categories), name)
            except PricetrailError as error:
                failed[name] = str(error).splitlines()[0]
                continue
            self._loaded[name] = speak
            return quantities, name, failed
        told = "; ".join(f"{name}: {why}" for name, why in failed.items())
        raise ModelUnavailable(f"No model of this release can forecast. {told}")

    def _encoded(self, lines: Sequence[Line]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int32]]:
        try:
            prospects, encoder = self.prospects, self.encoder
        except (DataError, ArtifactMissing) as error:
            raise ModelUnavailable(f"This release cannot forecast: {error}") from error
        known = [replace(line, stockcode=cased(line.stockcode, prospects.products)) for line in lines]
        for line in known:
            if line.stockcode not in prospects.products:
                raise UnknownProduct(line.stockcode, prospects.products)
        with translating({IndexError: RequestInvalid}, "The shop has never sold to customers of that kind."):
            columns = prospects.columns(known)
        return encoder.transform(columns)


def _network(read: Callable[[str], bytes], name: str) -> Speak:
    return Model(read(NETWORK), name=NETWORK).predict


def _backup(read: Callable[[str], bytes], name: str) -> Speak:
    path = BACKUP.format(name)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    content = read(path)
    with translating({Exception: DataError}, f"{path} is not a model that ONNX Runtime can read."):
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])

    def speak(numeric: npt.NDArray[np.float32], categories: npt.NDArray[np.int32]) -> Numbers:
        return np.asarray(session.run(None, {"features": numeric})[0], np.float64).ravel()

    return speak


def _quantities(logs: Numbers, name: str) -> Numbers:
    """From the log1p scale; a quantity below none is none."""
    with np.errstate(over="ignore"):
        found = np.expm1(np.maximum(logs, 0.0))
    if not np.isfinite(found).all():
        raise DataError(f"The model {name} gave a number that is not finite.")
    return found
