"""Order lines as orders cut into windows: what the drift check looks at.

The lines of one order share a customer and a channel, so they say little more than one of them does; orders
are what arrives independently. One row per order therefore, and beside the plain columns some that compare an
order with what was usual before its window began, for the same product, channel and customer: they leave out
what is merely another mix of products, and the season with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

READS = (
    "invoiceno",
    "invoicedate",
    "stockcode",
    "customerid",
    "country",
    "quantity",
    "unitprice",
    "is_registered",
)
PLAIN = ("quantity", "unitprice")
RELATIVE = ("price_vs_usual", "quantity_vs_product", "quantity_vs_customer")
CATEGORICAL = ("is_registered", "country")
OTHERS = "other"

HALF_LIFE = 90
"""Days after which a line counts half as much towards what is usual."""
RARE = 0.005
"""Countries with less than this share of the reference's orders are pooled."""
BURN_IN = 4
"""The oldest windows, at most a quarter of them, only teach what is usual."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Time cut into windows of ``days`` days: ``count`` of them end at ``start``, the oldest numbered 0.

    What is older belongs to none (-1); what is newer, however long, to the current one (``count``).
    """

    start: datetime
    days: int
    count: int

    def window_of(self, dates: pd.Series[pd.Timestamp]) -> Ints:
        """The window of each date."""
        back = (dates.to_numpy() - np.datetime64(self.start)) / np.timedelta64(self.days, "D")
        number: Ints = np.clip(self.count + np.floor(back), -1, self.count).astype(np.int64)
        return number


def read_orders(lines: pd.DataFrame, cut: Cut) -> pd.DataFrame:
    """One row per order, oldest first: the plain, relative and categorical columns, and its ``window``.

    The plain columns are means over the order's lines of ``log1p`` of units and ``log`` of price; the
    relative ones are differences of such means from the usual ones, so 0.18 reads 20 % above. These are NaN
    where nothing is known: in the oldest windows, and for products and customers not seen before.

    Args:
        lines: order lines with the columns ``READS``.
        cut: the windows.
    """
    lines = lines.sort_values("invoicedate", kind="stable")
    order = pd.factorize(lines["invoiceno"])[0]
    heads = lines.iloc[np.unique(order, return_index=True)[1]]
    windows, keep = cut.window_of(lines["invoicedate"]), 0.5 ** (cut.days / HALF_LIFE)
    told = _told(lines, windows, keep=keep)
    orders = pd.DataFrame({name: mean_by(order, values) for name, values in told.items()})
    orders["window"] = cut.window_of(heads["invoicedate"])
    orders["quantity_vs_customer"] = _vs_customer(orders, heads["customerid"], keep=keep)
    orders.loc[orders["window"] < burn_in(cut.count), list(RELATIVE)] = np.nan
    orders["is_registered"] = np.where(heads["is_registered"] == 1, "registered", "unregistered")
    orders["country"] = _pooled(heads["country"].to_numpy(dtype=object), before=orders["window"] < cut.count)
    return orders


def burn_in(count: int) -> int:
    """How many of ``count`` windows only teach what is usual, and are not compared."""
    return min(BURN_IN, count // 4)


def usual(groups: Ints, values: Floats, windows: Ints, *, keep: float, shrink: float = 0.0) -> Floats:
    """The mean of ``values`` in each row's group over all windows before its own; NaN where there are none.

    Args:
        groups: the group of each row, numbered from 0.
        values: what to average, NaN where unknown.
        windows: the window of each row, ascending.
        keep: by how much a value's weight is multiplied with each window that passes.
        shrink: how many values of zero are added to each mean.
    """
    size = int(groups.max(initial=-1)) + 1
    total, weight, means = np.zeros(size), np.zeros(size), np.full(len(values), np.nan)
    for begin, end in _runs(windows):
        group, value = groups[begin:end], values[begin:end]
        np.divide(total[group], weight[group] + shrink, out=means[begin:end], where=weight[group] > 0)
        told = ~np.isnan(value)
        faded = keep ** (windows[min(end, len(windows) - 1)] - windows[begin])
        total = faded * (total + np.bincount(group[told], value[told], size))
        weight = faded * (weight + np.bincount(group[told], minlength=size))
    return means


def mean_by(groups: Ints, values: Floats) -> Floats:
    """The mean of each group's known values; NaN where it has none."""
    size, told = int(groups.max(initial=-1)) + 1, ~np.isnan(values)
    counts = np.bincount(groups[told], minlength=size)
    sums = np.bincount(groups[told], values[told], size)
    means: Floats = np.divide(sums, counts, out=np.full(size, np.nan), where=counts > 0)
    return means


def _told(lines: pd.DataFrame, windows: Ints, *, keep: float) -> dict[str, Floats]:
    """The numeric columns line by line, but for the customer's."""
    product = pd.factorize(lines["stockcode"])[0]
    group = pd.factorize(2 * product + (lines["is_registered"].to_numpy() == 1))[0]
    quantity, price = lines["quantity"].to_numpy(np.float64), lines["unitprice"].to_numpy(np.float64)
    told = {
        "quantity": np.log1p(quantity, out=np.full(len(lines), np.nan), where=quantity > 0),
        "unitprice": np.log(price, out=np.full(len(lines), np.nan), where=price > 0),
    }
    told["price_vs_usual"] = told["unitprice"] - usual(group, told["unitprice"], windows, keep=keep)
    told["quantity_vs_product"] = told["quantity"] - usual(group, told["quantity"], windows, keep=keep)
    return told


def _vs_customer(orders: pd.DataFrame, customers: pd.Series[str], *, keep: float) -> Floats:
    """``quantity_vs_product`` less what is usual for the customer; NaN for a customer not seen before."""
    group, _ = pd.factorize(customers.fillna(""))
    values = orders["quantity_vs_product"].to_numpy(np.float64, copy=True)
    values[(customers.fillna("") == "").to_numpy()] = np.nan
    return values - usual(group, values, orders["window"].to_numpy(), keep=keep, shrink=1.0)


def _pooled(countries: npt.NDArray[np.object_], *, before: pd.Series[bool]) -> npt.NDArray[np.object_]:
    """Rare countries as one. No country has a "<" in its name, and a page must not take one for a tag."""
    counts = pd.Series(countries[before]).value_counts(normalize=True)
    return np.where(pd.Series(countries).isin(counts.index[counts >= RARE]), countries, OTHERS)


def _runs(windows: Ints) -> Iterator[tuple[int, int]]:
    """Begin and end of each run of equal windows."""
    edges = np.flatnonzero(np.diff(windows, prepend=-2, append=-2)).tolist()
    yield from pairwise(edges)
