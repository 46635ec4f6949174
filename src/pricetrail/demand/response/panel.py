"""Order lines counted by product (and store) and week, zero weeks included, with the list price of each week.

A price is known from those who paid it. So a stretch of one price reaches from the first to the last week in which
somebody paid the list price; weeks between two stretches of different prices belong to neither and are left out, and
so is what comes before a product's first stretch and after its last. Weeks at the ends of a stretch count *because*
somebody paid in them: they are marked ``bounded``, and an estimator must take them for what they are, counts that
could not be zero. Everything between is counted, and may well be zero.

In order lines a stretch counts only if at least two buyers paid its price: one customer on terms of their own
(in the Online Retail data one pays twice the list price of hundreds of products) makes no list price. Where no stretch
has two, the one with a buyer stands. In weekly sums every row is a price.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Columns = Mapping[str, npt.NDArray[Any]]

DAYS = 7
# Day 0 of Unix time was a Thursday.
MONDAY = 3
BUYERS = 2
FEW = 0.1
SAME = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """Counts by channel c, series s (a product, or a product in a store) and week t.

    Attributes:
        names: stock code and store (None without stores) of each series, sorted.
        weeks: the weeks in which anything sold at all, counted from the first Monday.
        orders, units: shape (c, s, t); channel 0 is of lines without a customer, 1 of registered customers.
        squares: sum over the series' order lines of the squared quantity, shape (s, t).
        price: the list price, shape (s, t); NaN in weeks that do not count.
        bounded: whether a week counts only because somebody paid the list price in it, shape (s, t).
        asked: share of a series' order lines that paid the list price, shape (s,).
        covariates: further drivers of demand by name, shape (s, t) each; carried into weeks without sales.
    """

    names: tuple[tuple[str, str | None], ...]
    weeks: Ints
    orders: Floats
    units: Floats
    squares: Floats
    price: Floats
    bounded: Bools
    asked: Floats
    covariates: Mapping[str, Floats]

    @property
    def live(self) -> Bools:
        """Which weeks count, shape (s, t)."""
        return ~np.isnan(self.price)

    @property
    def product(self) -> Ints:
        """The number of each series' product, ascending, shape (s,)."""
        found: Ints = np.unique([code for code, _ in self.names], return_inverse=True)[1]
        return found

    def distinct(self) -> Ints:
        """How many list prices each series had, shape (s,)."""
        ordered = np.sort(self.price, axis=1)
        found: Ints = (np.diff(ordered, axis=1) > SAME).sum(axis=1) + 1
        return found

    def changes(self) -> Ints:
        """How many times its list price changed, shape (s,)."""
        carried = carry(self.price)
        known = ~np.isnan(carried[:, :-1])
        moved = np.abs(np.diff(np.log(carried), axis=1)) > SAME
        changed: Ints = (moved & known).sum(axis=1)
        return changed


def count(
    lines: Columns,
    *,
    key: str | None,
    covariates: tuple[str, ...],
    weekly: bool,
    weeks: Ints | None = None,
) -> Panel:
    """Count clean order lines.

    Args:
        lines: columns of equal length: ``stockcode``, ``invoiceno``, ``customerid`` ('' for none),
            ``invoicedate``, ``quantity``, ``unitprice``, ``list_price``, ``is_registered``, and those named next.
        key: the column that tells stores apart, if any.
        covariates: columns of further drivers of demand.
        weekly: the lines are weekly sums: each unit is then an order of its own.
        weeks: in which anything sold, where that is more than these lines say.
    """
    names, series = series_of(lines, key)
    dated = weeks_of(lines["invoicedate"])
    weeks = np.unique(dated) if weeks is None else weeks
    week = np.searchsorted(weeks, dated)
    shape = (len(names), len(weeks))
    place = series * shape[1] + week
    channel = lines["is_registered"].astype(np.int64)
    units = _sums(channel * shape[0] * shape[1] + place, lines["quantity"], (2, *shape))
    once = _first_of(lines["invoiceno"], channel, place)
    orders = _sums((channel * shape[0] * shape[1] + place)[once], np.ones(len(once)), (2, *shape))
    asked = _asked(lines, series, len(names))
    price, bounded = _prices(lines, place, asked, shape, buyers=0 if weekly else BUYERS)
    return Panel(
        names=names,
        weeks=weeks - weeks[0] if len(weeks) else weeks,
        orders=units if weekly else orders,
        units=units,
        squares=_sums(place, lines["quantity"] ** 2, shape),
        price=price,
        bounded=bounded & (not weekly),
        asked=_sums(series, asked, shape[:1]) / _sums(series, np.ones(len(series)), shape[:1]),
        covariates={name: carry(_means(place, lines[name], shape)) for name in covariates},
    )


def together(parts: Sequence[Panel]) -> Panel:
    """One panel of all series; each part has those that sort after the part before, and the same weeks."""

    def along(axis: int, name: str) -> Floats:
        return np.concatenate([getattr(part, name) for part in parts], axis)

    return Panel(
        names=tuple(name for part in parts for name in part.names),
        weeks=parts[0].weeks,
        orders=along(1, "orders"),
        units=along(1, "units"),
        squares=along(0, "squares"),
        price=along(0, "price"),
        bounded=np.concatenate([part.bounded for part in parts]),
        asked=along(0, "asked"),
        covariates={
            name: np.concatenate([part.covariates[name] for part in parts]) for name in parts[0].covariates
        },
    )


def carry(values: Floats) -> Floats:
    """Fill NaN with the last value before it along the last axis; NaN before the first stays."""
    known = ~np.isnan(values)
    last = np.maximum.accumulate(np.where(known, np.arange(values.shape[-1]), 0), axis=-1)
    return np.take_along_axis(values, last, axis=-1)


def series_of(lines: Columns, key: str | None) -> tuple[tuple[tuple[str, str | None], ...], Ints]:
    """The series there are, by name and sorted, and the number of each line's."""
    codes, product = _numbered(lines["stockcode"])
    if key is None:
        return tuple((code, None) for code in codes), product
    stores, store = _numbered(lines[key])
    met, series = np.unique(product * len(stores) + store, return_inverse=True)
    return tuple((codes[at // len(stores)], stores[at % len(stores)]) for at in met.tolist()), series


def _numbered(texts: npt.NDArray[Any]) -> tuple[list[str], Ints]:
    """The texts there are, sorted, and the number of each line's: found by their hashes, many lines are not sorted."""
    plain = texts.tolist()
    known = sorted(set(plain))
    number = {text: at for at, text in enumerate(known)}
    return [str(text) for text in known], np.fromiter(map(number.__getitem__, plain), np.int64, len(plain))


def weeks_of(moments: npt.NDArray[Any]) -> Ints:
    """The number of the week, from Monday to Sunday, of each moment."""
    return (moments.astype("datetime64[D]").astype(np.int64) + MONDAY) // DAYS


def _sums(place: Ints, values: npt.NDArray[Any], shape: tuple[int, ...]) -> Floats:
    found: Floats = np.bincount(place, values, int(np.prod(shape))).astype(np.float64).reshape(shape)
    return found


def _means(place: Ints, values: npt.NDArray[Any], shape: tuple[int, ...]) -> Floats:
    known = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        return _sums(place[known], values[known], shape) / _sums(place[known], known[known], shape)


def _first_of(invoice: npt.NDArray[Any], channel: Ints, place: Ints) -> Ints:
    """One line of each invoice, channel and place."""
    number = _numbered(invoice)[1]
    return np.unique((place * 2 + channel) * (number.max(initial=0) + 1) + number, return_index=True)[1]


def _asked(lines: Columns, series: Ints, count: int) -> Bools:
    """Which lines paid the list price, among those of registered customers if the series has enough of them."""
    registered = lines["is_registered"] == 1
    share = _sums(series, registered, (count,)) / np.maximum(np.bincount(series, minlength=count), 1)
    paid = np.abs(lines["unitprice"] - lines["list_price"]) <= SAME * lines["list_price"]
    found: Bools = paid & (registered | (share < FEW)[series])
    return found


def _prices(
    lines: Columns, place: Ints, asked: Bools, shape: tuple[int, int], buyers: int
) -> tuple[Floats, Bools]:
    """The price of the weeks that count, and whether each is the end of a stretch."""
    seen = np.full(shape, np.nan)
    seen.flat[place[asked]] = lines["list_price"][asked]
    carried, ahead = carry(seen), carry(seen[:, ::-1])[:, ::-1]
    price = np.where(carried == ahead, carried, np.nan)
    stretch = _stretches(price)
    support = _buyers(lines, stretch.flat[place], asked, int(stretch.max(initial=0)) + 1)
    most = np.where(np.isnan(price), 0, support[stretch]).max(axis=1, initial=0)
    price = np.where(support[stretch] >= np.minimum(buyers, most)[:, None], price, np.nan)
    return price, _ends(stretch, ~np.isnan(seen)) & ~np.isnan(price)


def _stretches(price: Floats) -> Ints:
    """Number the runs of one price, series after series."""
    known = ~np.isnan(price)
    fresh = np.ones(price.shape, bool)
    fresh[:, 1:] = (price[:, 1:] != price[:, :-1]) & (known[:, 1:] | known[:, :-1])
    return np.cumsum(fresh.ravel()).reshape(price.shape) - 1


def _buyers(lines: Columns, stretch: Ints, asked: Bools, count: int) -> Ints:
    """How many buyers paid the price of each stretch: customers, and invoices without one."""
    buyer = np.where(lines["customerid"] == "", lines["invoiceno"], lines["customerid"])
    number = _numbered(buyer)[1]
    pairs = np.unique(stretch[asked] * (number.max(initial=0) + 1) + number[asked])
    return np.bincount(pairs // (number.max(initial=0) + 1), minlength=count)


def _ends(stretch: Ints, seen: Bools) -> Bools:
    """The first and the last week seen of each stretch."""
    place = np.flatnonzero(seen.ravel())
    run = stretch.ravel()[place]
    step = np.flatnonzero(np.diff(run))
    ends = np.zeros(stretch.size, bool)
    if len(place):
        ends[place[np.concatenate([[0], step + 1, step, [len(place) - 1]])]] = True
    return ends.reshape(stretch.shape)
