"""Order lines counted by product and week, some products at a time: few of many lines are at work at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from pricetrail.demand.response import panel
from pricetrail.demand.response.panel import Columns, Ints, Panel, weeks_of
from pricetrail.errors import ParamsInvalid, TooLarge
from pricetrail.params import Params
from pricetrail.stages.tables import GROUP, Column, held
from pricetrail.transactions.engine import memory

Shorts = npt.NDArray[np.int16]

LINES = (
    *("stockcode", "description", "invoiceno", "customerid", "invoicedate"),
    *("quantity", "unitprice", "list_price", "is_registered"),
)
SAMPLE = 4_000_000
"""So many of the newest lines are kept as they are."""
CELL = 700
"""Bytes that a week of a series takes at most until its response is known: forty million lines took 600, and what a
shift of each week moves takes 100 more."""


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """All lines by product and week, the newest description and cost by stock code, and the newest lines."""

    panel: Panel
    described: Mapping[str, str]
    costs: Mapping[str, float]
    newest: Columns


def stored(path: Path, params: Params) -> Counted:
    """Count the lines of a file; its texts are read as numbers into the list of those that there are."""
    texts = [field.name for field in pq.read_schema(path) if pa.types.is_string(field.type)]
    return counted(
        lambda name: pq.read_table(path, columns=[name], read_dictionary=texts).column(name), params
    )


def counted(read: Callable[[str], pa.ChunkedArray], params: Params) -> Counted:
    """Count the lines with a list price, of which each column is read when its turn comes."""
    names, settings, source = _names(params), params.fit_price_response, params.source
    priced = ~np.isnan(held(read("list_price")).values)
    lines = {name: held(read(name)).some(priced) for name in names}
    del priced
    drivers = tuple(name for name in source.covariates if name != settings.cost)
    weekly, weeks = source.grain == "weekly", _weeks(lines["invoicedate"])
    series = _series(lines["stockcode"], lines[source.key] if source.key else None)
    room(series, len(weeks), memory(), key=source.key)
    panels, described, costs = list[Panel](), dict[str, str](), dict[str, float]()
    for group in _groups(lines):
        panels.append(panel.count(group, key=source.key, covariates=drivers, weekly=weekly, weeks=weeks))
        described |= _newest(group, "description")
        costs |= _newest(group, settings.cost) if settings.cost else {}
    newest = {name: column.take(slice(-SAMPLE, None)) for name, column in lines.items()}
    return Counted(panel.together(panels), described, costs, newest)


def room(series: int, weeks: int, have: int, *, key: str | None) -> None:
    """See, before the work begins, that it does not outgrow the memory.

    Args:
        series: how many products there are, or products in places.
        weeks: how many weeks.
        have: the bytes of the machine's memory.
        key: the column that tells places apart.

    Raises:
        TooLarge: it would.
    """
    need = series * weeks * CELL
    if need <= have:
        return
    what, instead = ("products", "Give fewer products, or fewer weeks")
    if key:
        what = f"products in places ({key})"
        instead = "Set source.key to null in params.yaml, so that a product is one in all places, or give fewer weeks"
    raise TooLarge(
        f"The response of {series:,} {what} over {weeks:,} weeks takes about {need / 1e9:,.0f} GB of memory, and this "
        f"machine has {have / 1e9:,.0f} GB. {instead}; or use a larger machine."
    )


def _series(codes: Column, places: Column | None) -> int:
    """How many series the lines are of."""
    if places is None:
        return len(np.unique(codes.values))
    return len(np.unique(codes.values.astype(np.int64) * len(np.asarray(places.texts)) + places.values))


def _names(params: Params) -> list[str]:
    """The columns that are needed."""
    settings, source = params.fit_price_response, params.source
    if settings.cost and settings.cost not in source.covariates:
        raise ParamsInvalid(
            f"fit_price_response.cost names '{settings.cost}', and source.covariates holds "
            f"{', '.join(source.covariates) or 'nothing'}: name one of those, or null."
        )
    return list(dict.fromkeys([*LINES, *source.covariates, *([source.key] if source.key else [])]))


def _weeks(moments: Column) -> Ints:
    """The weeks that there are."""
    starts = range(0, max(len(moments.values), 1), GROUP)
    return np.unique(
        np.concatenate([np.unique(weeks_of(moments.take(slice(at, at + GROUP)))) for at in starts])
    )


def _groups(lines: Mapping[str, Column]) -> Iterator[Columns]:
    """The lines of some products after those of others, by stock code; those of a product as they came."""
    codes = lines["stockcode"]
    number = _dealt(codes)[codes.values]
    ends = np.cumsum(np.bincount(number, minlength=1)).tolist()
    # Short integers are sorted by their digits, in one pass over the lines.
    order = np.argsort(number, kind="stable")
    for first, end in pairwise([0, *ends]):
        yield {name: column.take(order[first:end]) for name, column in lines.items()}


def _dealt(codes: Column) -> Shorts:
    """The group of each stock code: as many of them, sorted, as have ``GROUP`` lines together."""
    order = np.argsort(np.asarray(codes.texts), kind="stable")
    lines = np.bincount(codes.values, minlength=len(order))[order]
    found = np.empty(len(order), np.int16)
    found[order] = np.unique(np.maximum(np.cumsum(lines) - 1, 0) // GROUP, return_inverse=True)[1]
    return found


def _newest(lines: Columns, name: str) -> dict[str, Any]:
    """The newest value of a column by stock code; lines come in order of time."""
    kept = lines[name] != "" if lines[name].dtype == object else ~np.isnan(lines[name])
    return dict(zip(lines["stockcode"][kept].tolist(), lines[name][kept].tolist(), strict=True))
