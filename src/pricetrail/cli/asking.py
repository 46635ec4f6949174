"""What every command about prices can be asked: the shop, the aim and the rules."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from pricetrail.pricing import family, limits
from pricetrail.pricing.bounds import Limits
from pricetrail.pricing.objective import Objective
from pricetrail.pricing.response import Product, Responses

Shop = Annotated[Path, typer.Option(help="The shop's folder.")]
Store = Annotated[str | None, typer.Option(help="The store, where prices are known by store.")]
Cost = Annotated[float | None, typer.Option(help="What one unit costs.")]
Aimed = Annotated[
    Objective | None,
    typer.Option(
        help="What to make as large as can be.", show_default="margin where a cost is known, else revenue"
    ),
]
DefaultMargin = Annotated[
    float | None, typer.Option(help="The share of the price now that is margin, where no cost is known.")
]
Limited = Annotated[
    list[str] | None, typer.Option("--limit", help=f"{limits.FORM}. May be given several times.")
]
Hard = Annotated[list[str] | None, typer.Option(help="A rule that must hold.")]
Soft = Annotated[list[str] | None, typer.Option(help="A rule that gives way to those before it.")]
Family = Annotated[
    str | None,
    typer.Option(
        help="Codes of the product and others of its kind, from the cheapest to the dearest, with commas: their prices "
        "must not cross."
    ),
]
First = Annotated[
    list[str] | None, typer.Option(help="A rule that comes before others; most important first.")
]


def limited(
    known: Responses,
    given: list[str] | None,
    hard: list[str] | None,
    soft: list[str] | None,
    first: list[str] | None,
) -> Limits:
    """The limits that were asked for."""
    base = limits.read(limits.pairs(given or ()), Limits(step=known.step))
    return limits.weighted(base, hard=hard or (), soft=soft or (), first=first or ())


def laddered(base: Limits, codes: str | None, known: Responses, product: Product) -> Limits:
    """``base``, with the band that the product's family leaves."""
    if codes is None:
        return base
    prices = {code: known.product(code, product.store).price for code in family.members(codes)}
    return replace(base, ladder=family.listed(prices, product.stockcode, within=base.ladder))
