"""Which column of a raw file is which standard column: by its usual names, or as the user says."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from ibis import _
from ibis.expr.types import Table

from pricetrail.errors import SchemaMismatch, UsageError
from pricetrail.params import Source, Standard
from pricetrail.transactions import expression, hints
from pricetrail.transactions.engine import rows as plainly
from pricetrail.transactions.expression import Expression
from pricetrail.transactions.headings import (
    REQUIRED,
    STANDARD,
    TRACES,
    USUAL,
    WEEK,
    plain,
)

SHOWN = 20
NEWEST, ORDERS, LATEST = 300, 30, 0.99
SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the user said of a source. Of its columns, as typed: ``maps`` are ``standard=column`` or
    ``standard=expression`` (``week=...`` says that a row is a product's whole week). And ``written``: how
    dates, numbers and text are written in it."""

    maps: tuple[str, ...] = ()
    covariates: tuple[str, ...] = ()
    key: str | None = None
    written: Source = field(default_factory=Source)


NONE = Wishes()


def settle(
    names: Sequence[str],
    wishes: Wishes = NONE,
    *,
    label: str = "The table",
    blank: frozenset[str] = frozenset(),
) -> Source:
    """Say where each standard column comes from, given a file's column names.

    What the user said goes before the usual names, and a column that holds something before one that is ``blank``.
    Rows are weekly aggregates when a week is mapped, or when there is a week and no invoice number.

    Raises:
        SchemaMismatch: a column that is needed, or that the user named, is not there.
        UsageError: a wish cannot be understood.
    """
    named, weekly = _said(wishes.maps)
    columns = dict(named)
    known = {plain(name): name for name in reversed(names)}
    free = {short: name for short, name in known.items() if name not in named.values()}
    for standard in STANDARD:
        found = _first(_usual(standard, free), free, blank)
        if standard not in columns and found is not None:
            columns[standard] = found
    week = _first(WEEK, free, blank)
    if not weekly and "invoiceno" not in columns and week is not None and "invoicedate" not in named:
        columns["invoicedate"], weekly = week, True
    if weekly and "invoiceno" not in named:
        columns.pop("invoiceno", None)
    settled: dict[str, object] = {
        "columns": {standard: columns[standard] for standard in STANDARD if standard in columns},
        "grain": "weekly" if weekly else "lines",
        "covariates": tuple(map(_tidy, wishes.covariates)),
        "key": _tidy(wishes.key) if wishes.key else None,
    }
    source = wishes.written.model_copy(update=settled)
    _named_once(source)
    resolve(names, source, label=label, made=False)
    return source


def resolve(
    names: Sequence[str], source: Source, *, label: str, made: bool = True
) -> dict[str, str | Expression]:
    """Find a source's columns in one file: per standard column, covariate and key, the file's column as it
    spells it, or an expression over its columns.

    A file that calls a column otherwise than the source does (another case, or another of the usual names)
    is understood as long as there is no doubt. ``made`` is false while it is being settled where columns come from.

    Raises:
        SchemaMismatch: a column of the source is not in the file.
        UsageError: an expression is not a safe scalar one.
    """
    wanted: dict[str, str] = {str(to): text for to, text in source.columns.items()}
    wanted |= {name: name for name in extra(source)}
    found = {to: _find(names, to, text) for to, text in wanted.items()}
    missing = [to for to, place in found.items() if place is None]
    missing += [str(to) for to in REQUIRED[source.grain] if to not in found]
    places = {to: place for to, place in found.items() if place is not None}
    if missing:
        raise _mismatch(names, places, {to: wanted.get(to, to) for to in missing}, label=label, made=made)
    return places


def preview(lines: Table, rows: int = 5) -> list[dict[str, Any]]:
    """The first order lines as plain values, without where they came from."""
    first = lines.filter(_.line < rows).order_by("line")
    said = first.select(*[name for name in lines.columns if name not in TRACES])
    return cast(list[dict[str, Any]], said.to_pyarrow().to_pylist())


@dataclass(frozen=True, slots=True)
class Counts:
    """What a file holds.

    Attributes:
        grouped: whether only some lines have a customer.
        orders: all of them.
        fewer_orders, fewer_lines: of those who have a customer or of those who have none, whichever are fewer.
        newest_days: how many of the newest days hold ``NEWEST`` lines in ``ORDERS`` orders, or half of all where
            there are fewer.
    """

    grouped: bool
    orders: int
    fewer_orders: int
    fewer_lines: int
    newest_days: int


def counts(lines: Table) -> Counts:
    """Count order lines.

    One date in a hundred, the newest, is not asked: such as lie in the future would make every shop a small one.
    """
    known = _.customerid.notnull()
    groups = plainly(lines.group_by(known=known).agg(orders=_.invoiceno.nunique(), lines=_.count()))
    orders, each = ([int(group[name]) for group in groups] for name in ("orders", "lines"))
    whole = lines.group_by("invoiceno").agg(invoicedate=_.invoicedate.max())
    days = max(_days(lines, NEWEST / max(sum(each), 1)), _days(whole, ORDERS / max(sum(orders), 1)))
    return Counts(len(groups) == 2, sum(orders), min(orders, default=0), min(each, default=0), days)


def _days(dated: Table, share: float) -> int:
    """How many of the newest days hold such a share of the rows, or half of them where it is more."""
    moment = _.invoicedate.epoch_seconds()
    back = max(0.5, LATEST - share)
    ends = plainly(dated.agg(begin=moment.quantile(back), end=moment.quantile(LATEST)))[0]
    return math.floor(((ends["end"] or 0) - (ends["begin"] or 0)) / SECONDS) + 1


def said(maps: Sequence[str]) -> dict[Standard, str]:
    """Which standard columns the user named, and where they come from."""
    return _said(maps)[0]


def _said(maps: Sequence[str]) -> tuple[dict[Standard, str], bool]:
    said: dict[Standard, str] = {}
    weekly = False
    for wish in maps:
        left, equals, right = (part.strip() for part in wish.partition("="))
        week = plain(left) in WEEK
        standard = "invoicedate" if week else _standard(left)
        if not equals or not right or standard is None:
            raise UsageError(
                f"--map {wish!r} cannot be understood. Expected STANDARD=COLUMN or STANDARD=EXPRESSION, "
                f"where STANDARD is one of {', '.join(STANDARD)}, or week. {expression.EXAMPLE}"
            )
        if standard in said:
            raise UsageError(
                f"--map says twice where {standard} comes from: {said[standard]!r} and {right!r}."
            )
        said[standard], weekly = right, weekly or week
    return said, weekly


def _standard(name: str) -> Standard | None:
    return next((to for to in STANDARD if plain(name) in USUAL[to]), None)


def _usual(standard: Standard, free: Mapping[str, str]) -> tuple[str, ...]:
    """A web shop's export calls the order 'Name' when the product is a 'Lineitem'."""
    lineitems = any(name.startswith("lineitem") for name in free)
    if standard == "invoiceno" and lineitems:
        return ("name", *USUAL[standard])
    return tuple(name for name in USUAL[standard] if name != "name" or not lineitems)


def _first(usual: Sequence[str], free: Mapping[str, str], blank: frozenset[str]) -> str | None:
    """The first of the usual names that is there, and holds something if any of them does."""
    there = [free[name] for name in usual if name in free]
    return next((name for name in there if name not in blank), there[0] if there else None)


def _find(names: Sequence[str], to: str, text: str) -> str | Expression | None:
    if text in names:
        return text
    alike = [name for name in names if plain(name) == plain(text)]
    if len(alike) == 1:
        return alike[0]
    computed = expression.parse(text, names)
    if computed is not None:
        return computed
    usual = WEEK if plain(text) in WEEK else USUAL.get(cast(Standard, to), ())
    if plain(text) not in usual:
        return None
    known = {plain(name): name for name in reversed(names)}
    return next((known[name] for name in usual if name in known), None)


def _columns(place: str | Expression | None) -> tuple[str, ...]:
    if place is None:
        return ()
    return place.columns if isinstance(place, Expression) else (place,)


def columns(source: Source) -> tuple[str, ...]:
    """The columns of a source's order lines: the standard ones (``status`` where it has one), covariates and key."""
    standard = (to for to in STANDARD if to != "status" or to in source.columns)
    return (*standard, *extra(source))


def extra(source: Source) -> tuple[str, ...]:
    """The columns of a source beyond the standard ones: its covariates, then its key."""
    return (*source.covariates, *([source.key] if source.key else []))


def _named_once(source: Source) -> None:
    names = [*STANDARD, *TRACES, *extra(source)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(
            f"{', '.join(twice)} cannot be a covariate or the key: that is the name of a standard column, or "
            "was given twice. Name other columns of the file."
        )


def _mismatch(
    names: Sequence[str],
    places: Mapping[str, str | Expression],
    missing: Mapping[str, str],
    *,
    label: str,
    made: bool,
) -> SchemaMismatch:
    rest = sorted(set(names) - {name for place in places.values() for name in _columns(place)})
    shown = rest if len(rest) <= SHOWN else [*rest[:SHOWN], f"... and {len(rest) - SHOWN} more"]
    wanted = [to if text == to else f"{to}, from {text!r}" for to, text in missing.items()]
    told = hints.renamed(rest, missing) if made else hints.missing(names, rest, missing, places)
    return SchemaMismatch(label, missing=wanted, unexpected=shown, hint="\n".join(told))


def _tidy(name: str) -> str:
    """What a column of the file is called among the standard columns."""
    return re.sub(r"\W+", "_", name.strip().lower())
