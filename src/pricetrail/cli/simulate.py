"""``pricetrail simulate``: order lines drawn from a known demand law, and the truth behind them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from pricetrail.cli.console import AsJson, answer, say, stdout
from pricetrail.errors import UsageError
from pricetrail.files import write_json, writing
from pricetrail.transactions import simulator
from pricetrail.transactions.simulator import Form, Settings, Shock

DEMO = Settings()
FORMS: dict[str, Form] = {".parquet": "parquet", ".csv": "csv"}


def simulate(
    out: Annotated[Path, typer.Argument(help="The file to write: .parquet or .csv.")],
    rows: Annotated[int, typer.Option(help="Order lines expected, dirt included.")] = DEMO.rows,
    products: Annotated[int, typer.Option(help="Products on sale.")] = DEMO.products,
    weeks: Annotated[int, typer.Option(help="Weeks of orders.")] = DEMO.weeks,
    customers: Annotated[int, typer.Option(help="Registered customers.")] = DEMO.customers,
    elasticity_mean: Annotated[
        float, typer.Option(help="Mean of the products' elasticities.")
    ] = DEMO.elasticity_mean,
    elasticity_sd: Annotated[float, typer.Option(help="Their standard deviation.")] = DEMO.elasticity_sd,
    seasonality: Annotated[
        float, typer.Option(help="Amplitude of the seasons; 0 for none.")
    ] = DEMO.seasonality,
    dirt: Annotated[
        float, typer.Option(help="Cancellations per line; other dirt in proportion; 0 for none.")
    ] = DEMO.dirt,
    shock: Annotated[
        list[str] | None,
        typer.Option(
            help="A lasting change, KIND:SIZE@WHEN, such as price:0.2@last-week. KIND: price, quantity, mix, "
            "elasticity or products; WHEN: a date, or last-week. May be given several times."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.")] = DEMO.seed,
    truth: Annotated[
        Path | None, typer.Option(help="Where the truth goes.", show_default="OUT.truth.json")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write the order lines of a simulated shop to OUT, and the truth behind them to a JSON file."""
    settings = Settings(
        rows=rows,
        products=products,
        weeks=weeks,
        customers=customers,
        elasticity_mean=elasticity_mean,
        elasticity_sd=elasticity_sd,
        seasonality=seasonality,
        dirt=dirt,
        shocks=tuple(Shock.parse(text, weeks) for text in shock or ()),
        seed=seed,
    )
    _show(produce(settings, out, truth or out.with_name(f"{out.name}.truth.json")), as_json=as_json)


def produce(settings: Settings, out: Path, truth: Path) -> dict[str, Any]:
    """Write both files, each whole or not at all, and sum them up.

    Raises:
        UsageError: the name of a file does not fit.
    """
    form = FORMS.get(out.suffix.lower())
    if form is None or out.resolve() == truth.resolve():
        raise UsageError(
            f"Order lines go to a .parquet or .csv file, the truth to another: found {out} and {truth}."
        )
    world = simulator.build(settings)
    with writing(out) as draft:
        lines = simulator.write(world, draft, form)
    told = simulator.tell(world, lines)
    write_json(truth, told.to_dict())
    moved = sum(product.changed for product in told.products)
    return {
        "out": str(out),
        "truth": str(truth),
        "lines": lines,
        "products": len(told.products),
        "repriced": moved,
    }


def _show(made: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        answer(made)
        return
    dirt = ", ".join(
        f"{count:,} {kind}"
        for kind, count in made["lines"].items()
        if count and kind not in {"rows", "clean"}
    )
    say(f"{made['lines']['rows']:,} order lines of {made['products']} products: {made['out']}", to=stdout)
    if dirt:
        say(f"  of them {dirt}", to=stdout)
    say(f"The truth, for no eyes of the pipeline's: {made['truth']}")
