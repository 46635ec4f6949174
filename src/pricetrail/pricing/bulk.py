"""Many products at once, each row with its own status: what cannot be done in one row stops no other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pricetrail.errors import PricetrailError, UsageError
from pricetrail.pricing import limits as wording
from pricetrail.pricing.bounds import Limits
from pricetrail.pricing.decision import decide
from pricetrail.pricing.objective import Aim, Objective
from pricetrail.pricing.response import Product, Responses
from pricetrail.pricing.words import sentence

ERROR = "error"
OWN = ("stockcode", "store", "cost", "objective")
COLUMNS = (
    "stockcode", "store", "status", "price_now", "price", "objective", "cost", "gain", "gain_low90", "gain_high90",
    "probability", "elasticity", "identification", "binding", "at_bound", "reason",
)  # fmt: skip

Row = dict[str, str | float | bool | None]


def everything(responses: Responses) -> Iterator[dict[str, str]]:
    """A row that asks nothing in particular for each product."""
    for product in responses.products:
        yield {"stockcode": product.stockcode, "store": product.store or ""}


def reprice(
    responses: Responses,
    rows: Iterable[Mapping[str, str]],
    limits: Limits,
    *,
    objective: Objective | None = None,
    default_margin: float | None = None,
) -> Iterator[Row]:
    """Decide on every row, in order.

    Args:
        rows: texts by column: ``stockcode``, and, where they are wanted, ``store``, ``cost``, ``objective`` and
            any limit by its name; blanks and columns of other names ask for nothing.
        limits, objective, default_margin: for rows that do not say otherwise.

    Returns:
        A row of ``COLUMNS`` each; where none can be made the status is ``error`` and the reason says why.
    """
    products = {(product.stockcode, product.store or ""): product for product in responses.products}
    seen = set[tuple[str, str]]()
    for row in rows:
        asked = {name: row.get(name, "").strip() for name in OWN}
        key = asked["stockcode"], asked["store"]
        try:
            product = _known(products, seen, key)
            own = wording.read({name: row[name] for name in wording.NAMES if name in row}, limits)
            aim = Aim.of(
                product,
                _objective(asked["objective"]) or objective,
                cost=_cost(asked["cost"]),
                default_margin=default_margin,
            )
            decision = decide(product, responses.deep_from, aim, own)
            yield told(decision.to_dict(), sentence(decision))
        except PricetrailError as error:
            refused = {"stockcode": key[0], "store": key[1], "status": ERROR, "reason": str(error)}
            yield {column: refused.get(column) for column in COLUMNS}
        seen.add(key)


def _known(
    products: Mapping[tuple[str, str], Product], seen: set[tuple[str, str]], key: tuple[str, str]
) -> Product:
    if key in seen:
        raise UsageError("This product was asked for in a row above; the first one counts.")
    if key not in products:
        raise UsageError("No such product in this shop. 'pricetrail recommend' names the nearest codes.")
    return products[key]


def _objective(text: str) -> Objective | None:
    try:
        return Objective(text) if text else None
    except ValueError as error:
        raise UsageError(f"The objective must be one of {', '.join(Objective)}, found '{text}'.") from error


def _cost(text: str) -> float | None:
    try:
        return float(text) if text else None
    except ValueError as error:
        raise UsageError(f"The cost must be a number such as 1.10, found '{text}'.") from error


def told(decided: Mapping[str, Any], reason: str) -> Row:
    """The row of a decision, given as plain values; ``reason`` says it in words."""
    objective = decided["aim"]["objective"]
    gained = decided["gain"][objective]
    return {
        "stockcode": decided["stockcode"],
        "store": decided["store"] or "",
        "status": decided["status"],
        "price_now": decided["now"],
        "price": decided["price"],
        "objective": objective,
        "cost": decided["aim"]["cost"],
        "gain": round(gained["amount"]["middle"], 4),
        "gain_low90": round(gained["amount"]["low90"], 4),
        "gain_high90": round(gained["amount"]["high90"], 4),
        "probability": round(gained["probability"], 4),
        "elasticity": round(decided["elasticity"]["middle"], 4),
        "identification": decided["identification"],
        "binding": decided["binding"],
        "at_bound": decided["at_bound"],
        "reason": reason,
    }
