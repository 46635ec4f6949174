"""Stage ``fit_price_response``: how orders and units respond to the list price, product by product."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pricetrail.apply import Map
from pricetrail.demand.response import diagnosis, estimate, holdout, level, panel, table
from pricetrail.demand.response.estimate import Response
from pricetrail.demand.response.panel import Columns, Panel
from pricetrail.demand.response.table import Facts
from pricetrail.errors import NothingToLearn, ParamsInvalid
from pricetrail.files import write_json
from pricetrail.params import Params
from pricetrail.stages.stage import Context, main
from pricetrail.stages.tables import column, write
from pricetrail.workers.crew import crew

LINES = (
    *("stockcode", "description", "invoiceno", "customerid", "invoicedate"),
    *("quantity", "unitprice", "list_price", "is_registered"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Estimated:
    """The lines that were used, what was fitted to them, and the response as plain data."""

    lines: Columns
    response: Response
    facts: Facts


def work(context: Context) -> None:
    """Write the response, its figures by product, and what speaks for and against it."""
    root, params = context.root, context.params
    lines = _stored(root / "data/original_df.parquet", params)
    context.progress(0.1, f"{len(lines['stockcode']):,} order lines")
    with crew(params.workers) as workers:
        found = _estimated(lines, params, workers.map)
        context.progress(0.6, "diagnostics")
        ways = [
            asdict(each)
            for each in diagnosis.slopes(found.response, found.lines, params.source.key, workers.map)
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
    return _estimated(_lines(read.column, params), params, apply)


def _estimated(lines: Columns, params: Params, apply: Map) -> Estimated:
    settings = params.fit_price_response
    described = _newest(lines, "description")
    costs = _newest(lines, settings.cost) if settings.cost else {}
    response = _fit(lines, described, params, apply)
    facts = table.plain(response, level.now(response), described, costs, identified_sd=settings.identified_sd)
    return Estimated(lines, response, facts)


def _stored(path: Path, params: Params) -> Columns:
    """The lines of a file; its texts are read as numbers into the list of those that there are."""
    texts = [field.name for field in pq.read_schema(path) if pa.types.is_string(field.type)]
    return _lines(
        lambda name: pq.read_table(path, columns=[name], read_dictionary=texts).column(name), params
    )


def _names(params: Params) -> list[str]:
    """The columns that are needed."""
    settings, source = params.fit_price_response, params.source
    if settings.cost and settings.cost not in source.covariates:
        raise ParamsInvalid(
            f"fit_price_response.cost names '{settings.cost}', and source.covariates holds "
            f"{', '.join(source.covariates) or 'nothing'}: name one of those, or null."
        )
    return list(dict.fromkeys([*LINES, *source.covariates, *([source.key] if source.key else [])]))


def _lines(read: Callable[[str], pa.ChunkedArray], params: Params) -> Columns:
    """The columns that are needed, each read when its turn comes, of lines with a list price."""
    names = _names(params)
    priced = ~np.isnan(column(read("list_price")))
    return {name: column(read(name))[priced] for name in names}


def _fit(lines: Columns, described: Mapping[str, str], params: Params, apply: Map) -> Response:
    settings, source = params.fit_price_response, params.source
    drivers = tuple(name for name in source.covariates if name != settings.cost)
    counted = panel.count(lines, key=source.key, covariates=drivers, weekly=source.grain == "weekly")
    if not counted.live.any():
        raise NothingToLearn("No product has a week with a list price: nothing can be said of prices.")
    return estimate.fit(counted, deep_from=settings.deep_from, descriptions=described, apply=apply)


def _newest(lines: Columns, name: str) -> dict[str, Any]:
    """The newest value of a column by stock code; lines come in order of time."""
    kept = lines[name] != "" if lines[name].dtype == object else ~np.isnan(lines[name])
    return dict(zip(lines["stockcode"][kept].tolist(), lines[name][kept].tolist(), strict=True))


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
        **{name: standing[name] for name in (table.IDENTIFIED, table.BORROWED, table.UNKNOWN)},
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
