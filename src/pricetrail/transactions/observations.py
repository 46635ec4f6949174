"""What the drift check looks at in order lines: each beside what was usual before its window began.

A plain price or quantity follows the mix of products, channels and customers through every season. What is
usual for the same product, channel and customer takes that out, so that a change of the shop itself stands
out. And what goes together is told once: a product's middle price in a window and channel (a promotion is one
product, and not the many lines that it sells), the channel and the country of an order, an order's quantities
without a customer.
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
Bools = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]

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
NUMERIC = ("price_registered", "price_unregistered", "quantity_registered", "quantity_unregistered")
CATEGORICAL = ("is_registered", "order_is_registered", "order_country")
REGISTERED, UNREGISTERED, OTHERS = "registered", "unregistered", "other"

PRICE_MEMORY, QUANTITY_MEMORY = 14, 180
"""Days after which a line counts half as much towards what is usual: a new price is soon the usual one."""
DOUBT = 3.0
"""A customer is taken to be like others by as much as so many lines of theirs would say."""
LONG = 30
"""Of an order, so many lines are told: the rest of a very long one would outweigh the week's other orders."""
RARE = 0.02
"""Countries with less than this share of the reference's orders are pooled."""
BURN_IN = 8
"""The oldest windows, at most a quarter of them, only teach what is usual."""
DECIMALS = 3
"""To which logarithms are rounded: a tenth of a per cent."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Time cut into windows of ``days`` days: ``count`` of them end at ``start``, the oldest numbered 0.

    What is older belongs to none (-1); what is newer, however long, to the current one (``count``).
    """

    start: datetime
    days: int
    count: int

    @property
    def burn_in(self) -> int:
        """How many windows only teach what is usual, and are not compared."""
        return min(BURN_IN, self.count // 4)

    def window_of(self, dates: pd.Series[pd.Timestamp]) -> Ints:
        """The window of each date."""
        back = (dates.to_numpy() - np.datetime64(self.start)) / np.timedelta64(self.days, "D")
        number: Ints = np.clip(self.count + np.floor(back), -1, self.count).astype(np.int64)
        return number


def observe(lines: pd.DataFrame, cut: Cut) -> pd.DataFrame:
    """One row per order line, oldest first: ``NUMERIC``, ``CATEGORICAL``, its ``order`` and its ``window``.

    The numeric columns are differences of logarithms (``log`` of price, ``log1p`` of units) from the usual
    ones: 0.18 reads 20 % above. A column is empty where nothing is known or all is told: of the other
    channel, in the oldest windows (-1), of products and registered customers not seen before, on the further
    lines of what is told once. Orders are numbered from 0.

    Args:
        lines: order lines with the columns ``READS``.
        cut: the windows.
    """
    lines = lines.sort_values("invoicedate", kind="stable")
    order, windows = pd.factorize(lines["invoiceno"])[0], cut.window_of(lines["invoicedate"])
    registered = lines["is_registered"].to_numpy() == 1
    place = pd.Series(order).groupby(order).cumcount().to_numpy()
    first, told = place == 0, place < LONG
    price, quantity = _beside(lines, registered, windows, days=cut.days)
    rows = pd.DataFrame(
        {
            "price_registered": np.where(registered, price, np.nan),
            "price_unregistered": np.where(registered, np.nan, price),
            "quantity_registered": np.where(registered & told, quantity, np.nan),
            "quantity_unregistered": np.where(first & ~registered, mean_by(order, quantity)[order], np.nan),
        }
    ).round(DECIMALS)
    rows.loc[windows < cut.burn_in] = np.nan
    channel = pd.Series(np.where(registered, REGISTERED, UNREGISTERED))
    country = _pooled(lines["country"].to_numpy(dtype=object), of=first & (windows < cut.count))
    rows["is_registered"], rows["order_is_registered"] = channel.where(told), channel.where(first)
    rows["order_country"] = country.where(first)
    rows["order"], rows["window"] = order, np.where(windows < cut.burn_in, -1, windows)
    return rows


def usual(groups: Ints, values: Floats, windows: Ints, *, keep: float, doubt: float = 0.0) -> Floats:
    """The mean of ``values`` in each row's group over all windows before its own; NaN where there are none.

    Args:
        groups: the group of each row, numbered from 0.
        values: what to average, NaN where unknown.
        windows: the window of each row, ascending.
        keep: by how much a value's weight is multiplied with each window that passes.
        doubt: how many values of zero are added to each mean.
    """
    size = int(groups.max(initial=-1)) + 1
    total, weight, means = np.zeros(size), np.zeros(size), np.full(len(values), np.nan)
    for begin, end in _runs(windows):
        group, value = groups[begin:end], values[begin:end]
        np.divide(total[group], weight[group] + doubt, out=means[begin:end], where=weight[group] > 0)
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


def _beside(lines: pd.DataFrame, registered: Bools, windows: Ints, *, days: int) -> tuple[Floats, Floats]:
    """Log price (a product's middle one, once a window and channel) and log quantity less the usual ones."""
    product, customer = (pd.factorize(lines[name].fillna(""))[0] for name in ("stockcode", "customerid"))
    group = pd.factorize(2 * product + registered)[0]
    price = _log(lines["unitprice"].to_numpy(np.float64), np.log)
    quantity = _log(lines["quantity"].to_numpy(np.float64), np.log1p)
    price -= usual(group, price, windows, keep=0.5 ** (days / PRICE_MEMORY))
    bought = pd.factorize(group + (int(group.max(initial=0)) + 1) * (windows + 1))[0]
    price = np.where(_first(bought), pd.Series(price).groupby(bought).median().to_numpy()[bought], np.nan)
    keep = 0.5 ** (days / QUANTITY_MEMORY)
    quantity -= usual(group, quantity, windows, keep=keep)
    own = usual(customer, np.where(registered, quantity, np.nan), windows, keep=keep, doubt=DOUBT)
    return price, quantity - np.where(registered, own, 0.0)


def _log(values: Floats, log: np.ufunc) -> Floats:
    logs: Floats = log(values, out=np.full(len(values), np.nan), where=values > 0)
    return logs


def _first(groups: Ints) -> Bools:
    """Whether a row is the first of its group."""
    first = np.zeros(len(groups), dtype=bool)
    first[np.unique(groups, return_index=True)[1]] = True
    return first


def _pooled(countries: Texts, *, of: Bools) -> pd.Series[str]:
    """Rare countries as one; their shares are those among the rows ``of``. A page must take none for a tag."""
    names = pd.Series(countries, dtype="str").str.replace("<", "", regex=False)
    shares = names[of].value_counts(normalize=True)
    return names.where(names.isin(shares.index[shares >= RARE]), OTHERS)


def _runs(windows: Ints) -> Iterator[tuple[int, int]]:
    """Begin and end of each run of equal windows."""
    edges = np.flatnonzero(np.diff(windows, prepend=-2, append=-2)).tolist()
    yield from pairwise(edges)
