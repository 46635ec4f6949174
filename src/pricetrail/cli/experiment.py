"""``pricetrail experiment``: the trial that would tell how a product's demand answers to its price."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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
from pricetrail.errors import UsageError
from pricetrail.pricing import money, words
from pricetrail.pricing.experiment import propose
from pricetrail.pricing.objective import Aim
from pricetrail.shop import responses


def experiment(
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
    """Propose which price to try, for how long or in how many stores, and say what that would detect."""
    known = responses.read(shop)
    product = known.product(stockcode, store)
    aim = Aim.of(product, objective, cost=cost, default_margin=default_margin)
    limits = laddered(limited(known, limit, hard, soft, first), family, known, product)
    found = propose(product, known.deep_from, aim, limits)
    if found is None:
        raise UsageError(
            f"The limits leave no price to try beside {money.price(product.price)}. Widen them: --limit change=0.2"
        )
    if as_json:
        answer({"stockcode": product.stockcode, "answer": words.proposal(found), **found.to_dict()})
    else:
        stdout.print(words.proposal(found), markup=False, soft_wrap=True)
