"""What every command about prices can be asked: the shop, the aim and the rules."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pricetrail.pricing import limits
from pricetrail.pricing.bounds import Limits
from pricetrail.pricing.objective import Objective

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
First = Annotated[
    list[str] | None, typer.Option(help="A rule that comes before others; most important first.")
]


def limited(
    given: list[str] | None, hard: list[str] | None, soft: list[str] | None, first: list[str] | None
) -> Limits:
    """The limits that were asked for."""
    base = limits.read(limits.pairs(given or ()))
    return limits.weighted(base, hard=hard or (), soft=soft or (), first=first or ())
