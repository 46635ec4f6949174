"""Stage ``fit_price_response``: how orders and units respond to the list price, product by product."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pricetrail.demand.response import diagnosis, estimate, holdout, level, panel, table
from pricetrail.demand.response.estimate import Response
from pricetrail.demand.response.panel import Columns
from pricetrail.demand.response.table import Facts
from pricetrail.errors import NothingToLearn, ParamsInvalid
from pricetrail.files import write_json
from pricetrail.params import PriceResponse, Source
from pricetrail.stages.stage import Context, main
from pricetrail.stages.tables import columns, write

LINES = (
    *("stockcode", "description", "invoiceno", "customerid", "invoicedate"),
    *("quantity", "unitprice", "list_price", "is_registered"),
)


def work(context: Context) -> None:
    """Write the response, its figures by product, and what speaks for and against it."""
    root, settings, source = context.root, context.params.fit_price_response, context.params.source
    lines = _lines(pq.read_table(root / "data/original_df.parquet"), settings, source)
    context.progress(0.1, f"{len(lines['stockcode']):,} order lines")
    described = _newest(lines, "description")
    fitted = _fit(lines, described, settings, source)
    context.progress(0.7, "diagnostics")
    costs = _newest(lines, settings.cost) if settings.cost else {}
    found = table.plain(fitted, level.now(fitted), described, costs, identified_sd=settings.identified_sd)
    write_json(root / "models/price_response/response.json", found)
    write(root / "data/price_response.parquet", _flat(found["products"]))
    ways = [asdict(each) for each in diagnosis.slopes(fitted, lines, source.key)]
    write_json(root / "reports/price_response_slopes.json", table.rounded(ways))
    context.progress(0.8, "changes of price held out")
    held = [asdict(each) for each in holdout.check(fitted)]
    write_json(root / "reports/price_response_holdout.json", table.rounded(held))
    write_json(root / "metrics/price_response.json", table.rounded(_figures(found, fitted, ways, held)))


def _lines(read: pa.Table, settings: PriceResponse, source: Source) -> Columns:
    """The columns that are needed, of lines with a list price."""
    names = [*LINES, *source.covariates, *([source.key] if source.key else [])]
    if settings.cost and settings.cost not in source.covariates:
        raise ParamsInvalid(
            f"fit_price_response.cost names '{settings.cost}', and source.covariates holds "
            f"{', '.join(source.covariates) or 'nothing'}: name one of those, or null."
        )
    lines = columns(read.select(dict.fromkeys(names)))
    priced = ~np.isnan(lines["list_price"])
    return {name: column[priced] for name, column in lines.items()}


def _fit(lines: Columns, described: Mapping[str, str], settings: PriceResponse, source: Source) -> Response:
    drivers = tuple(name for name in source.covariates if name != settings.cost)
    counted = panel.count(lines, key=source.key, covariates=drivers, weekly=source.grain == "weekly")
    if not counted.live.any():
        raise NothingToLearn("No product has a week with a list price: nothing can be said of prices.")
    return estimate.fit(counted, deep_from=settings.deep_from, descriptions=described)


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


def _figures(found: Facts, fitted: Response, ways: list[Facts], held: list[Facts]) -> Facts:
    """What is worth tracking from run to run."""
    standing = Counter(product["identification"] for product in found["products"])
    noise = {
        name: asdict(outcome.noise)
        for name, outcome in zip(("orders", "size"), fitted.outcomes, strict=False)
    }
    distinct = fitted.panel.distinct()
    return {
        "products": len(found["products"]),
        **{name: standing[name] for name in (table.IDENTIFIED, table.BORROWED, table.UNKNOWN)},
        "changed": int((fitted.panel.changes() > 0).sum()),
        "changes": int(fitted.panel.changes().sum()),
        "distinct_prices": {
            str(count): int(number) for count, number in enumerate(np.bincount(distinct)) if number
        },
        "pool": found["pool"],
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
