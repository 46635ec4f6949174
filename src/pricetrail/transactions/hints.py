"""What to say of a file's columns: of those that are missing, and of those that could be used besides."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import chain
from typing import cast

from pricetrail.params import Source, Standard
from pricetrail.transactions import expression
from pricetrail.transactions.expression import Expression
from pricetrail.transactions.headings import (
    COST,
    DAY,
    MAIL,
    PLACES,
    STANDARD,
    TIME,
    TOTAL,
    USUAL,
    plain,
    words,
)

ALSO = {"invoicedate": (*DAY, "created", *TIME)}
"""What is not taken for a standard column unasked."""


def missing(
    names: Sequence[str],
    rest: Sequence[str],
    wanted: Mapping[str, str],
    places: Mapping[str, str | Expression],
) -> Iterator[str]:
    """What to do about columns that are missing, one line each.

    Args:
        names: the file's columns, and ``rest`` those of them that are not used.
        wanted: the standard columns that are missing, and as what they were sought.
        places: where the others come from.
    """
    if sum(re.fullmatch(r"[\d.,:/ -]+", name) is not None for name in names) * 2 > len(names):
        yield "The first line looks like data: expected the columns' headings there."
        return
    near = {to: _nearest(rest, to, text) for to, text in wanted.items()}
    for to, name in near.items():
        if name is not None:
            yield f"Did you mean {name!r}? Then say {_option(to)}{_shell(name)}"
    whole = _whole(names, rest) if near.get("unitprice", "") is None else None
    if whole is not None:
        yield f"Is {whole[0]!r} what a row comes to? Then say --map unitprice={over(*whole)}"
    yield from _unknown(
        [to for to, name in near.items() if name is None and (to != "unitprice" or not whole)]
    )
    if "invoiceno" in wanted and "invoicedate" in places:
        yield from _without_orders(places["invoicedate"], places.get("customerid"))


def renamed(rest: Sequence[str], wanted: Mapping[str, str]) -> Iterator[str]:
    """The same for a further file of a shop, whose parameters say where columns come from."""
    for to, text in wanted.items():
        name = _nearest(rest, to, text)
        if name is not None:
            yield f"Did you mean {name!r}? This shop has its {to} from {text!r}."
    yield "Name the columns of this file as before, or all of them otherwise under source.columns in params.yaml."


def _unknown(far: Sequence[str]) -> Iterator[str]:
    """Of the columns that nothing comes near."""
    if {"quantity", "unitprice"} <= {*far}:
        yield "A price can be told only where rows say how many were sold, and at what price or for what in all."
    elif "quantity" in far:
        yield "Is every row one unit? Then say --map quantity=1"
    if far:
        wanted = " ".join(f"{_option(to)}COLUMN" for to in far)
        yield f"Say which columns to use: {wanted} (what another file holds has to be joined to this one first)"


def _without_orders(day: str | Expression, buyer: str | Expression | None) -> Iterator[str]:
    yield "If a row is a product's total for a week or a day, say which column tells when: --map week=COLUMN"
    if isinstance(buyer, str) and isinstance(day, str):
        order = f"{_inner(buyer)} || '/' || {_inner(day)}"
        yield f'If orders have no number, let what a customer buys at one time be one: --map invoiceno="{order}"'


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
    clock = next((name for name in names if plain(name) in TIME and name not in used), None)
    day = source.columns.get("invoicedate")
    if clock is not None and day is not None and day in names and plain(day) not in DAY:
        both = f"{_inner(day)} || ' ' || {_inner(clock)}"
        yield f'{clock!r} may hold the time of the day: --map invoicedate="{both}" tells orders of a day apart.'
    paid = next((name for name in names if plain(name) in COST and name not in used), None)
    if cost is None and paid is not None:
        yield f"{paid!r} may be what a unit costs: with --cost {_shell(paid)} prices are set for margin."


def over(total: str, amount: str) -> str:
    """A total for one unit of an amount, as it is typed in a shell."""
    return f"'{_spelled(total)} / {_spelled(amount)}'"


def either(first: str, second: str) -> str:
    """A column, and another where it is empty."""
    return f"coalesce({_spelled(first)}, {_spelled(second)})"


def _whole(names: Sequence[str], rest: Sequence[str]) -> tuple[str, str] | None:
    """A column of totals and the one of quantities."""
    known = {plain(name): name for name in rest}
    total = next((known[name] for name in TOTAL if name in known), None)
    quantity = next((name for name in names if plain(name) in USUAL["quantity"]), None)
    return None if total is None or quantity is None else (total, quantity)


def _spelled(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_]\w*", name) else '"' + name.replace('"', '""') + '"'


def _nearest(rest: Sequence[str], to: str, text: str) -> str | None:
    """The column most like what was sought; else one that holds a usual word, or is nearly a usual name."""
    known = {plain(name): name for name in rest}
    sought = [plain(name) for name in expression.columns(text)] or [plain(text)]
    usual = (*USUAL.get(cast(Standard, to), ()), *ALSO.get(to, ()))
    holds = (name for word in usual for name in rest if word in words(name))
    return next(chain(_like(known, sought, 0.75), holds, _like(known, usual, 0.85)), None)


def _like(known: Mapping[str, str], sought: Sequence[str], cutoff: float) -> Iterator[str]:
    for name in sought:
        yield from (known[match] for match in get_close_matches(name, known, n=1, cutoff=cutoff))


def _inner(name: str) -> str:
    """A name within an expression that is itself between quotation marks."""
    return _spelled(name).replace('"', '\\"')


def _option(to: str) -> str:
    return f"--map {to}=" if to in STANDARD else "--covariate or --key "


def _shell(name: str) -> str:
    return name if re.fullmatch(r"[\w.-]+", name) else f"'{name}'"
