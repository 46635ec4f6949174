"""Which column of a raw file is which standard column: by its usual names, or as the user says."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, cast

from ibis import _
from ibis.expr.types import Table

from pricetrail.errors import SchemaMismatch, UsageError
from pricetrail.params import Source, Standard
from pricetrail.transactions import expression
from pricetrail.transactions.engine import rows as plainly
from pricetrail.transactions.expression import Expression
from pricetrail.transactions.headings import (
    COST,
    MAIL,
    PLACES,
    REQUIRED,
    STANDARD,
    TOTAL,
    TRACES,
    USUAL,
    WEEK,
    plain,
)

SHOWN = 20
NEWEST, LATEST = 300, 0.99
DAY = 86_400


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


def settle(names: Sequence[str], wishes: Wishes = NONE, *, label: str = "The table") -> Source:
    """Say where each standard column comes from, given a file's column names.

    What the user said goes before the usual names. Rows are weekly aggregates when a week is mapped, or when
    there is a week and no invoice number.

    Raises:
        SchemaMismatch: a column that is needed, or that the user named, is not there.
        UsageError: a wish cannot be understood.
    """
    said, weekly = _said(wishes.maps)
    columns = dict(said)
    known = {plain(name): name for name in reversed(names)}
    free = {short: name for short, name in known.items() if name not in said.values()}
    for standard in STANDARD:
        found = next((free[name] for name in _usual(standard, free) if name in free), None)
        if standard not in columns and found is not None:
            columns[standard] = found
    week = next((free[name] for name in WEEK if name in free), None)
    if not weekly and "invoiceno" not in columns and week is not None and "invoicedate" not in said:
        columns["invoicedate"], weekly = week, True
    if weekly and "invoiceno" not in said:
        columns.pop("invoiceno", None)
    settled: dict[str, object] = {
        "columns": {standard: columns[standard] for standard in STANDARD if standard in columns},
        "grain": "weekly" if weekly else "lines",
        "covariates": tuple(map(_tidy, wishes.covariates)),
        "key": _tidy(wishes.key) if wishes.key else None,
    }
    source = wishes.written.model_copy(update=settled)
    _named_once(source)
    resolve(names, source, label=label)
    return source


def resolve(names: Sequence[str], source: Source, *, label: str) -> dict[str, str | Expression]:
    """Find a source's columns in one file: per standard column, covariate and key, the file's column as it
    spells it, or an expression over its columns.

    A file that calls a column otherwise than the source does (another case, or another of the usual names)
    is understood as long as there is no doubt.

    Raises:
        SchemaMismatch: a column of the source is not in the file.
        UsageError: an expression is not a safe scalar one.
    """
    wanted: dict[str, str] = {str(to): text for to, text in source.columns.items()}
    wanted |= {name: name for name in extra(source)}
    found = {to: _find(names, to, text) for to, text in wanted.items()}
    missing = [to for to, place in found.items() if place is None]
    missing += [str(to) for to in REQUIRED[source.grain] if to not in found]
    if missing:
        used = {name for place in found.values() for name in _columns(place)}
        raise _mismatch(names, used, {to: wanted.get(to, to) for to in missing}, label=label)
    return {to: place for to, place in found.items() if place is not None}


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
        newest_days: how many of the newest days hold ``NEWEST`` lines, or half of all where there are fewer.
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
    moment, known = _.invoicedate.epoch_seconds(), _.customerid.notnull()
    groups = plainly(lines.group_by(known=known).agg(orders=_.invoiceno.nunique(), lines=_.count()))
    orders, each = ([int(group[name]) for group in groups] for name in ("orders", "lines"))
    back = max(0.5, LATEST - NEWEST / max(sum(each), 1))
    ends = plainly(lines.agg(begin=moment.quantile(back), end=moment.quantile(LATEST)))[0]
    days = math.floor(((ends["end"] or 0) - (ends["begin"] or 0)) / DAY) + 1
    return Counts(len(groups) == 2, sum(orders), min(orders, default=0), min(each, default=0), days)


def advice(names: Sequence[str], source: Source, cost: str | None) -> Iterator[str]:
    """What else the columns of a file could be used for, one sentence each; ``cost`` is the covariate that is the
    unit cost."""
    used = source.columns.values()
    place = next((name for name in names if plain(name) in PLACES and name not in used), None)
    if source.key is None and place is not None:
        yield f"{place!r} may tell stores apart: with --key {_shell(place)} each has prices of its own."
    mail = next((name for name in names if plain(name) in MAIL), None)
    if "customerid" not in source.columns and mail is not None:
        yield f"{mail!r} may tell customers apart: --map customerid={_shell(mail)} tells forecasts what each bought."
    paid = next((name for name in names if plain(name) in COST and name not in used), None)
    if cost is None and paid is not None:
        yield f"{paid!r} may be what a unit costs: with --cost {_shell(paid)} prices are set for margin."


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
        return "name", *USUAL[standard]
    return tuple(name for name in USUAL[standard] if name != "name" or not lineitems)


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
    names: Sequence[str], used: set[str], missing: Mapping[str, str], *, label: str
) -> SchemaMismatch:
    rest = sorted(set(names) - used)
    shown = rest if len(rest) <= SHOWN else [*rest[:SHOWN], f"... and {len(rest) - SHOWN} more"]
    wanted = [to if text == to else f"{to}, from {text!r}" for to, text in missing.items()]
    return SchemaMismatch(label, missing=wanted, unexpected=shown, hint=_hint(names, rest, missing))


def _hint(names: Sequence[str], rest: Sequence[str], missing: Mapping[str, str]) -> str:
    if sum(re.fullmatch(r"[\d.,:/ -]+", name) is not None for name in names) * 2 > len(names):
        return "The first line looks like data: expected the columns' headings there."
    near = {to: _nearest(rest, to, text) for to, text in missing.items()}
    hints = [
        f"Did you mean {name!r}? Then say {_option(to)}{_shell(name)}"
        for to, name in near.items()
        if name is not None
    ]
    whole = _whole(names, rest) if near.get("unitprice", "") is None else None
    if whole is not None:
        hints.append(f"Is {whole[0]!r} what a row comes to? Then say --map unitprice='{' / '.join(whole)}'")
    if near.get("quantity", "") is None:
        hints.append("Is every row one unit? Then say --map quantity=1")
    far = [
        f"{_option(to)}COLUMN"
        for to, name in near.items()
        if name is None and (to != "unitprice" or whole is None)
    ]
    if far:
        hints.append(f"Say which columns to use: {' '.join(far)}")
    if "invoiceno" in missing and "invoicedate" not in missing:
        hints.append(
            "If a row is a product's total for a week, say which column is the week: --map week=COLUMN"
        )
    return "\n".join(hints)


def _whole(names: Sequence[str], rest: Sequence[str]) -> tuple[str, str] | None:
    """A column of totals and the one of quantities, as an expression spells them."""
    known = {plain(name): name for name in rest}
    total = next((known[name] for name in TOTAL if name in known), None)
    quantity = next((name for name in names if plain(name) in USUAL["quantity"]), None)
    return None if total is None or quantity is None else (_spelled(total), _spelled(quantity))


def _spelled(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_]\w*", name) else '"' + name.replace('"', '""') + '"'


def _nearest(rest: Sequence[str], to: str, text: str) -> str | None:
    known = {plain(name): name for name in rest}
    sought = [plain(name) for name in expression.columns(text)] or [plain(text)]
    usual = USUAL.get(cast(Standard, to), ())
    near = [get_close_matches(name, known, n=1, cutoff=0.75) for name in (*sought, *usual)]
    return next((known[match[0]] for match in near if match), None)


def _option(to: str) -> str:
    return f"--map {to}=" if to in STANDARD else "--covariate or --key "


def _shell(name: str) -> str:
    return name if re.fullmatch(r"[\w.-]+", name) else f"'{name}'"


def _tidy(name: str) -> str:
    """What a column of the file is called among the standard columns."""
    return re.sub(r"\W+", "_", name.strip().lower())
