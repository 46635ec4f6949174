"""One sheet of a raw file as SQL for the standard columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from pricetrail.errors import UsageError
from pricetrail.params import Source
from pricetrail.transactions import dates, expression, numerals
from pricetrail.transactions.expression import Expression
from pricetrail.transactions.formats import OVERFLOW, Sheet, literal, quoted
from pricetrail.transactions.headings import DAY
from pricetrail.transactions.headings import plain as plainly
from pricetrail.transactions.mapping import columns

NUMBERS = ("quantity", "unitprice")
TEXTS = ("invoiceno", "stockcode", "description", "customerid", "country", "status")
NO_COUNTRY = "Unspecified"
NO_CUSTOMER = "('nan', 'null', 'none', 'na', 'n/a', 'nat', '<na>')"
POSITION = "position in the sheet"
TEXT = "VARCHAR"
SHOWN = 60
CHEAP, DIGITS = 0.1, 4


@dataclass(frozen=True, slots=True)
class Part:
    """One sheet ready to be read: the SQL of each column's value, its type, how its texts are written, the columns
    that say something else, whether each row is a ``single`` unit, and how many days (``step``) a small number of a
    date counts, where there are such (``counted``)."""

    file: str
    sheet: Sheet
    relation: str
    rows: int
    values: Mapping[str, str]
    unused: tuple[str, ...]
    single: bool
    kinds: Mapping[str, str]
    numbers: Mapping[str, numerals.Evidence]
    sign: numerals.Sign
    dates: dates.Evidence | None
    step: int
    counted: bool


def prepare(
    connection: duckdb.DuckDBPyConnection,
    sheet: Sheet,
    places: Mapping[str, str | Expression],
    source: Source,
    *,
    file: str,
) -> Part:
    """Look at the sheet's texts as far as it takes to know how its numbers and dates are written.

    Raises:
        UsageError: an expression does not fit the types of its columns.
    """
    plain = {to: place for to, place in places.items() if isinstance(place, str)}
    computed = {name for place in places.values() if isinstance(place, Expression) for name in place.columns}
    direct = {plain[to] for to in (*NUMBERS, *source.covariates) if to in plain}
    types = _types(connection, sheet.relation, {name: quoted(name) for name in sheet.names})
    texts = {name: quoted(name) for name in sorted(computed | direct) if types[name] == TEXT}
    numbers = numerals.gather(connection, sheet.relation, texts)
    sign = numerals.sign(numbers, sheet.delimiter) if source.decimal == "auto" else source.decimal
    renamed = {name: f"{name}, as a number" for name in computed & texts.keys() if numbers[name].numeric}
    relation = _relation(sheet, {renamed[name]: _number(name, sign, numbers) for name in sorted(renamed)})
    values = {
        to: quoted(place) if isinstance(place, str) else f"TRY({place.sql(renamed, text=to in TEXTS)})"
        for to, place in places.items()
    }
    kinds = _checked_types(connection, relation, values, places)
    for name in source.covariates:
        _check_covariate(connection, sheet, plain[name], numbers.get(plain[name]))
    amount, moment = places["quantity"], values["invoicedate"]
    found = dates.gather(connection, relation, moment) if kinds["invoicedate"] == TEXT else None
    counts = "counted" in found.shapes if found else _counts(kinds["invoicedate"])
    return Part(
        file=file,
        sheet=sheet,
        relation=relation,
        rows=connection.execute(f"SELECT count(*) FROM {sheet.relation}").fetchall()[0][0],
        values=values,
        unused=tuple(sorted({*sheet.names} - computed - {*plain.values()})),
        single=isinstance(amount, Expression) and not amount.columns,
        kinds=kinds,
        numbers={to: numbers[name] for to, name in plain.items() if name in numbers},
        sign=sign,
        dates=found,
        step=1 if plainly(plain.get("invoicedate", "")) in DAY else dates.WEEK_DAYS,
        counted=counts and dates.small(connection, relation, moment),
    )


def select(part: Part, source: Source, order: dates.Order, *, offset: int) -> str:
    """SQL that gives the sheet's rows in the standard columns, ``line`` counted from ``offset``."""
    texts = [to for to in (*NUMBERS, "invoicedate", *source.covariates) if part.kinds[to] == TEXT]
    overflow = quoted(OVERFLOW) if part.sheet.delimiter else "NULL"
    given = [f"{value} AS {quoted(to)}" for to, value in part.values.items()]
    given += [f"{overflow} AS overflow", f"{quoted(POSITION)} AS position", f"{_further(part)} AS further"]
    inner = f"SELECT {', '.join(given)} FROM {part.relation}"
    known = [f"{_read(to, part, source, order)} AS {quoted(to)}" for to in columns(source)]
    kept = [f"{quoted(to)} AS {quoted('text: ' + to)}" for to in texts]
    middle = f"SELECT {', '.join([*known, *kept])}, overflow, position, further FROM ({inner})"
    chosen = [quoted(to) for to in columns(source)]
    if source.grain == "weekly" and "invoiceno" not in part.values:
        chosen[0] = f"{_week_and_key(source)} AS invoiceno"
    return (
        f"SELECT {', '.join(chosen)}, cast(position + {offset} AS BIGINT) AS line, "
        f"{literal(part.file)} AS file, {_unread(texts)} AS unread, further FROM ({middle})"
    )


def _relation(sheet: Sheet, extra: Mapping[str, str]) -> str:
    more = "".join(f", {sql} AS {quoted(name)}" for name, sql in extra.items())
    return f"(SELECT *, {sheet.row} AS {quoted(POSITION)}{more} FROM {sheet.relation})"


def _number(name: str, sign: numerals.Sign, numbers: Mapping[str, numerals.Evidence]) -> str:
    evidence = numbers[name]
    sql = numerals.number(quoted(name), sign, evidence)
    return f"try_cast({sql} AS BIGINT)" if evidence.whole == evidence.filled else sql


def _types(connection: duckdb.DuckDBPyConnection, relation: str, values: Mapping[str, str]) -> dict[str, str]:
    given = ", ".join(f"{value} AS {quoted(to)}" for to, value in values.items())
    described = connection.execute(f"DESCRIBE SELECT {given} FROM {relation}").fetchall()
    return {to: row[1] for to, row in zip(values, described, strict=True)}


def _checked_types(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    values: Mapping[str, str],
    places: Mapping[str, str | Expression],
) -> dict[str, str]:
    try:
        return _types(connection, relation, values)
    except duckdb.Error as error:
        texts = [repr(place.text) for place in places.values() if isinstance(place, Expression)]
        reason = str(error).splitlines()[0]
        raise UsageError(
            f"The expression {' or '.join(texts)} does not fit its columns: {reason} {expression.EXAMPLE}"
        ) from error


def _check_covariate(
    connection: duckdb.DuckDBPyConnection, sheet: Sheet, name: str, evidence: numerals.Evidence | None
) -> None:
    """Text that is neither numbers nor flags would say nothing in any row."""
    if evidence is None or evidence.numeric or not evidence.filled:
        return
    told = f"SELECT count({numerals.flag(quoted(name))}), any_value({quoted(name)}) FROM {sheet.relation}"
    flags, such = connection.execute(told).fetchall()[0]
    if 2 * flags < evidence.filled:
        raise UsageError(
            f"{sheet.label}: the covariate {name!r} holds texts such as {such!r}. Expected numbers, or yes and no."
        )


def _read(to: str, part: Part, source: Source, order: dates.Order) -> str:
    if to not in part.values:
        return literal(NO_COUNTRY) if to == "country" else "cast(NULL AS VARCHAR)"
    name, kind = quoted(to), part.kinds[to]
    if to in NUMBERS or to in source.covariates:
        number = _as_number(name, kind, part, to)
        number = _as_money(number) if to == "unitprice" else number
        flags = to in source.covariates and kind == TEXT
        return _whole_row(f"coalesce({number}, {numerals.flag(name)})" if flags else number)
    if to == "invoicedate":
        return _whole_row(_as_moment(name, kind, part, order, source.timezone))
    text = f"nullif(trim({_as_text(name, kind)}), '')"
    if to == "customerid":
        bare = f"regexp_replace({text}, '^(\\d+)\\.0+$', '\\1')"
        return f"CASE WHEN lower({text}) NOT IN {NO_CUSTOMER} THEN {bare} END"
    return f"coalesce({text}, {literal(NO_COUNTRY)})" if to == "country" else text


def _whole_row(value: str) -> str:
    """A row with more fields than headings cannot be trusted: its values may stand in the wrong columns."""
    return f"CASE WHEN overflow IS NULL THEN {value} END"


def _as_number(name: str, kind: str, part: Part, to: str) -> str:
    if kind == TEXT:
        return numerals.number(name, part.sign, part.numbers.get(to))
    return f"try_cast({name} AS DOUBLE)" if _counts(kind) else "cast(NULL AS DOUBLE)"


def _as_money(number: str) -> str:
    """What is reckoned, here or by whoever wrote the file, gives 3.3300000000000001: two prices where there is one."""
    return f"round({number}, CASE WHEN abs({number}) < {CHEAP} THEN {2 * DIGITS} ELSE {DIGITS} END)"


def _as_moment(name: str, kind: str, part: Part, order: dates.Order, zone: str) -> str:
    if part.dates is not None:
        return dates.instant(name, part.dates, order, zone, step=part.step)
    if kind.endswith("TIME ZONE") or kind.startswith("TIMESTAMPTZ"):
        return f"timezone({literal(zone)}, cast({name} AS TIMESTAMPTZ))"
    if kind == "DATE" or kind.startswith("TIMESTAMP"):
        return f"cast({name} AS TIMESTAMP)"
    return dates.counted(f"cast({name} AS DOUBLE)", part.step) if _counts(kind) else "cast(NULL AS TIMESTAMP)"


def _as_text(name: str, kind: str) -> str:
    """A code that came as a float, because some rows have none, is the whole number that it was."""
    if kind == TEXT:
        return name
    text = f"cast({name} AS VARCHAR)"
    if kind not in ("FLOAT", "DOUBLE"):
        return text
    whole = f"cast(try_cast({name} AS BIGINT) AS VARCHAR)"
    return f"CASE WHEN {name} = trunc({name}) THEN coalesce({whole}, {text}) ELSE {text} END"


def _counts(kind: str) -> bool:
    return (
        kind in ("FLOAT", "DOUBLE", "BOOLEAN")
        or kind.startswith("DECIMAL")
        or kind.endswith("INT")
        or kind == "INTEGER"
    )


def _week_and_key(source: Source) -> str:
    week = "coalesce(strftime(invoicedate, '%Y-%m-%d'), '?')"
    return f"concat_ws('-', {quoted(source.key)}, {week})" if source.key else week


def _further(part: Part) -> str:
    """Rows that differ in a column that is not used, such as the number of an order's line, are no repetitions.
    Where every row is one unit, equal rows are several units."""
    if part.single:
        return quoted(POSITION)
    if not part.unused:
        return "cast(NULL AS BIGINT)"
    return f"cast(hash({', '.join(map(quoted, part.unused))}) >> 24 AS BIGINT)"


def _unread(texts: list[str]) -> str:
    """What could not be read in a row, as the file has it."""
    if not texts:
        return "cast(NULL AS VARCHAR)"
    said = [f"CASE WHEN overflow IS NOT NULL THEN {literal(OVERFLOW)} END"]
    for to in texts:
        text = quoted("text: " + to)
        said.append(
            f"CASE WHEN overflow IS NULL AND {quoted(to)} IS NULL AND trim({text}) != '' "
            f"THEN {literal(to + ' ')} || '''' || left({text}, {SHOWN}) || '''' END"
        )
    return f"nullif(concat_ws('; ', {', '.join(said)}), '')"
