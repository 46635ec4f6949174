"""Many products at once, each row with its own status: what cannot be done in one row stops no other.

Rows of one family are decided from the lowest rung up, so that their prices do not cross; all others stand alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import inf
from typing import Any

from pricetrail.apply import Map
from pricetrail.errors import PricetrailError, UsageError
from pricetrail.pricing import family
from pricetrail.pricing import limits as wording
from pricetrail.pricing.bounds import Limits
from pricetrail.pricing.decision import Decision, decide
from pricetrail.pricing.objective import Aim, Objective
from pricetrail.pricing.response import Product, Responses, cased
from pricetrail.pricing.words import caveats, sentence

ERROR = "error"
BLOCK = 500
OWN = ("stockcode", "store", "cost", "objective", "family", "rung")
# What a row may ask for, by column.
ASKS = (*OWN, *wording.NAMES)
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
    apply: Map = map,
) -> Iterator[Row]:
    """Decide on every row; they come back in the order they came in.

    Args:
        rows: texts by column: ``stockcode``, and, where they are wanted, ``store``, ``cost``, ``objective``,
            ``family`` with ``rung``, and any limit by its name; blanks and columns of other names ask for nothing.
        limits, objective, default_margin: for rows that do not say otherwise.
        apply: who decides on some of the rows at a time.

    Returns:
        A row of ``COLUMNS`` each; where none can be made the status is ``error`` and the reason says why.
    """
    asked = list(_asked(responses, rows, limits))
    found = {at: _refusal(each, each.error) for at, each in enumerate(asked) if isinstance(each, _Refused)}
    blocks = _blocks(asked)
    decide = partial(_decided, responses.deep_from, objective, default_margin)
    for block, decided in zip(
        blocks, apply(decide, [[asked[at] for at in block] for block in blocks]), strict=True
    ):
        found.update(zip(block, decided, strict=True))
    return (found[at] for at in range(len(asked)))


@dataclass(frozen=True, slots=True)
class _Refused:
    stockcode: str
    store: str
    error: PricetrailError


@dataclass(frozen=True, slots=True)
class _Asked:
    product: Product
    limits: Limits
    objective: Objective | None
    cost: float | None
    rung: family.Rung | None

    @property
    def stockcode(self) -> str:
        return self.product.stockcode

    @property
    def store(self) -> str:
        return self.product.store or ""

    def decide(
        self,
        deep_from: float,
        others: Sequence[family.Priced],
        objective: Objective | None,
        default_margin: float | None,
    ) -> Decision:
        aim = Aim.of(self.product, self.objective or objective, cost=self.cost, default_margin=default_margin)
        limits = self.limits
        if self.rung:
            limits = replace(limits, ladder=family.band(self.rung, others, within=limits.ladder))
        return decide(self.product, deep_from, aim, limits)


def _asked(
    responses: Responses, rows: Iterable[Mapping[str, str]], limits: Limits
) -> Iterator[_Asked | _Refused]:
    products = {(product.stockcode, product.store or ""): product for product in responses.products}
    codes, seen = {code for code, _ in products}, set[tuple[str, str]]()
    for row in rows:
        own = {name: row.get(name, "").strip() for name in OWN}
        key = cased(own["stockcode"], codes), own["store"]
        try:
            product = _known(products, seen, key)
            yield _Asked(
                product,
                wording.read({name: row[name] for name in wording.NAMES if name in row}, limits),
                _objective(own["objective"]),
                _cost(own["cost"]),
                family.rung(own["family"], own["rung"]),
            )
        except PricetrailError as error:
            yield _Refused(*key, error)
        seen.add(key)


def _blocks(asked: Sequence[_Asked | _Refused]) -> list[list[int]]:
    """The places of rows that can be decided on apart from all others: no family is cut."""
    kin = defaultdict[object, list[int]](list)
    for at, each in enumerate(asked):
        if isinstance(each, _Asked):
            kin[(each.rung.family, each.store) if each.rung else at].append(at)
    blocks = list[list[int]]()
    for group in kin.values():
        if not blocks or len(blocks[-1]) + len(group) > BLOCK:
            blocks.append([])
        blocks[-1] += group
    return blocks


def _decided(
    deep_from: float, objective: Objective | None, default_margin: float | None, asked: Sequence[_Asked]
) -> list[Row]:
    """Decide on the rows of a block, those of no family first, as it does not matter."""
    prices = [each.product.price for each in asked]
    found = dict[int, Row]()
    for at in sorted(range(len(asked)), key=lambda at: _height(asked[at])):
        try:
            decision = asked[at].decide(deep_from, _others(asked, prices, at), objective, default_margin)
            prices[at] = decision.price
            found[at] = told(decision.to_dict(), " ".join([sentence(decision), *caveats(decision)]))
        except PricetrailError as error:
            found[at] = _refusal(asked[at], error)
    return [found[at] for at in range(len(asked))]


def _refusal(asked: _Asked | _Refused, error: PricetrailError) -> Row:
    known = {"stockcode": asked.stockcode, "store": asked.store, "status": ERROR, "reason": str(error)}
    return dict.fromkeys(COLUMNS) | known


def _others(asked: Sequence[_Asked], prices: Sequence[float], at: int) -> list[family.Priced]:
    """The rest of a row's family, in the same store, with their prices."""
    mine = asked[at]
    if mine.rung is None:
        return []
    return [
        (each.rung, each.stockcode, price)
        for place, (each, price) in enumerate(zip(asked, prices, strict=True))
        if place != at
        and each.rung is not None
        and (each.rung.family, each.store) == (mine.rung.family, mine.store)
    ]


def _height(asked: _Asked) -> float:
    return asked.rung.height if asked.rung else -inf


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
