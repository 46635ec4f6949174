"""The response to price that a shop's newest run estimated."""

from __future__ import annotations

import json
from pathlib import Path

from pricetrail.errors import ResponseInvalid, ShopMissing, UsageError, translating
from pricetrail.pricing.response import Responses

PATH = "models/price_response/response.json"


def read(root: Path) -> Responses:
    """Read it.

    Raises:
        ShopMissing: ``root`` is not a shop.
        UsageError: no run of it got so far.
        ResponseInvalid: it cannot be priced from.
    """
    if not (root / "dvc.yaml").exists():
        raise ShopMissing(
            f"{root} is not a shop: it has no dvc.yaml. Name one with --shop, or make one with 'pricetrail init'."
        )
    path = root / PATH
    if not path.exists():
        raise UsageError(f"{root} has no response to price yet: {PATH} is made by 'pricetrail run {root}'.")
    with translating({ValueError: ResponseInvalid}, f"{path} is not JSON; 'pricetrail run' makes a new one."):
        value = json.loads(path.read_bytes())
    return Responses.from_json(value, name=str(path))
