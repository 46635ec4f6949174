"""Stage ``fit_price_response``: how orders and units respond to the list price, product by product."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass

import numpy as np
import pyarrow as pa

from pricetrail.apply import Map
from pricetrail.demand.response import diagnosis, estimate, holdout, level, table
from pricetrail.demand.response.estimate import Response
from pricetrail.demand.response.panel import Columns, Panel
from pricetrail.demand.response.table import Facts
from pricetrail.errors import NothingToLearn
from pricetrail.files import write_json
from pricetrail.params import Params
from pricetrail.stages import counting
from pricetrail.stages.counting import Counted
from pricetrail.stages.stage import Context, main
from pricetrail.stages.tables import write
from pricetrail.standing import STANDINGS
from pricetrail.workers.crew import crew


@dataclass(frozen=True, slots=True, eq=False)
class Estimated:
    """What was fitted, the response as plain data, and the newest lines of those that were counted."""

    response: Response
    facts: Facts
    newest: Columns


def work(context: Context) -> None:
    """Write the response, its figures by product, and what speaks for and against it."""
    root, params = context.root, context.params
    counted = counting.stored(root / "data/original_df.parquet", params)
    context.progress(0.1, f"{len(counted.panel.names):,} products in {len(counted.panel.weeks):,} weeks")
    with crew(params.workers) as workers:
        found = _estimated(counted, params, workers.map)
        context.progress(0.6, "diagnostics")
        ways = [
            asdict(each)
            for each in diagnosis.slopes(found.response, found.newest, params.source.key, workers.map)
        ]
    write_json(root / "models/price_response/response.json", found.facts)
    write(root / "data/price_response.parquet", _flat(found.facts["products"]))
    write_json(root / "reports/price_response_slopes.json", table.rounded(ways))
    write_json(root / "reports/price_response_prices.json", _spread(found.response.panel))
    context.progress(0.8, "changes of price held out")
    held = [asdict(each) for each in holdout.check(found.response)]
    write_json(root / "reports/price_response_holdout.json", table.rounded(held))
    write_json(root / "metrics/price_response.json", table.rounded(_figures(found, ways, held)))


def estimated(read: pa.Table, params: Params, apply: Map = map) -> Estimated:
    """Estimate the response from clean order lines with list prices; ``apply``: who fits some series at a time."""
    return _estimated(counting.counted(read.column, params), params, apply)


def _estimated(counted: Counted, params: Params, apply: Map) -> Estimated:
    if not counted.panel.live.any():
        raise NothingToLearn("No product has a week with a list price: nothing can be said of prices.")
    settings, described = params.fit_price_response, counted.described
    response = estimate.fit(counted.panel, deep_from=settings.deep_from, descriptions=described, apply=apply)
    facts = table.plain(
        response, level.now(response), described, counted.costs, identified_sd=settings.identified_sd
    )
    return Estimated(response, facts, counted.newest)


def _flat(products: list[Facts]) -> pa.Table:
    """One row a product, nested figures by dotted names; the prices are in the JSON alone."""
    rows = []
    for product in products:
        nested = {f"{name}_{part}": product[name][part] for name in table.PARTS for part in ("mean", "sd")}
        rows.append(
            {name: value for name, value in product.items() if not isinstance(value, dict | list)} | nested
        )
    return pa.Table.from_pylist(rows)


def _spread(counted: Panel) -> list[Facts]:
    """How many products had how many list prices, and how many changes of them."""
    sold = counted.live.any(axis=1)
    numbers = {"list prices": counted.distinct()[sold], "changes": counted.changes()[sold]}
    return [
        {"of": name, "number": number, "products": products}
        for name, each in numbers.items()
        for number, products in enumerate(np.bincount(each).tolist())
        if products
    ]


def _figures(found: Estimated, ways: list[Facts], held: list[Facts]) -> Facts:
    """What is worth tracking from run to run."""
    products, counted = found.facts["products"], found.response.panel
    standing = Counter(product["identification"] for product in products)
    noise = {
        name: asdict(outcome.noise)
        for name, outcome in zip(("orders", "size"), found.response.outcomes, strict=False)
    }
    return {
        "products": len(products),
        **{name: standing[name] for name in STANDINGS},
        "changed": int((counted.changes() > 0).sum()),
        "changes": int(counted.changes().sum()),
        "prices": {
            f"{each['number']} {each['of']}": each["products"] for each in _spread(found.response.panel)
        },
        "pool": found.facts["pool"],
        "noise": noise,
        "slopes": {
            f"{way['name']}, {way['outcome']}": {name: way[name] for name in ("slope", "low", "high")}
            for way in ways
        },
        "holdout": {
            f"{each['outcome']}, {each['change']}": {
                name: each[name] for name in ("cases", "ratio", "low", "high", "covered")
            }
            for each in held
        },
    }


if __name__ == "__main__":
    main("fit_price_response", work)
