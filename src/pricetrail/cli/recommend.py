"""``pricetrail recommend``: what to charge for a product, what that brings, and why."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from pricetrail.cli.asking import (
    Aimed,
    Cost,
    DefaultMargin,
    Family,
    First,
    Hard,
    Limited,
    Shop,
    Soft,
    Store,
    laddered,
    limited,
)
from pricetrail.cli.console import AsJson, answer, stdout
from pricetrail.pricing import money, words
from pricetrail.pricing.decision import Decision, Status, decide
from pricetrail.pricing.experiment import propose
from pricetrail.pricing.gain import Interval
from pricetrail.pricing.objective import Aim
from pricetrail.shop import responses


def recommend(
    stockcode: Annotated[str, typer.Argument(help="The product's code.")],
    shop: Shop = Path(),
    store: Store = None,
    cost: Cost = None,
    objective: Aimed = None,
    default_margin: DefaultMargin = None,
    limit: Limited = None,
    hard: Hard = None,
    soft: Soft = None,
    first: First = None,
    family: Family = None,
    as_json: AsJson = False,
) -> None:
    """Recommend a price, or to keep it, with what it brings against doing nothing."""
    known = responses.read(shop)
    product = known.product(stockcode, store)
    aim = Aim.of(product, objective, cost=cost, default_margin=default_margin)
    limits = laddered(limited(known, limit, hard, soft, first), family, known, product)
    decision = decide(product, known.deep_from, aim, limits)
    trial = propose(product, known.deep_from, aim, limits) if decision.status is Status.KEEP else None
    if as_json:
        told = {"answer": words.sentence(decision), "reasons": words.reasons(decision)}
        tried = {"proposal": trial and words.proposal(trial), "experiment": trial and trial.to_dict()}
        answer({**told, **decision.to_dict(), **tried})
        return
    stdout.print(words.sentence(decision), markup=False, soft_wrap=True)
    stdout.print(_figures(decision))
    for reason in [*words.reasons(decision), *([words.proposal(trial)] if trial else [])]:
        stdout.print(f"- {reason}", markup=False, soft_wrap=True)


def _figures(decision: Decision) -> Table:
    table = Table("a week", "now", "at the price", "90 % interval", box=None, pad_edge=False)
    old, new = decision.expected_now, decision.expected
    rows: list[tuple[str, Interval | None, Interval | None]] = [
        ("units", old.units, new.units),
        ("revenue", old.revenue, new.revenue),
        ("margin", old.margin, new.margin),
    ]
    for name, now, then in rows:
        if now is not None and then is not None:
            before, after, low, high = money.amounts(now.middle, then.middle, then.low90, then.high90)
            table.add_row(name, before, after, f"{low} to {high}")
    return table
