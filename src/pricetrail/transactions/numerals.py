"""Numbers written as text: the SQL that reads them, and the one decimal sign that a file uses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import duckdb

Sign = Literal[".", ","]

# No part of the number: spaces of any kind, currency signs, a currency's letters before or after: R$, Rp, kr., PLN.
DECORATION = r"[\s\x{00A0}\x{2009}\x{202F}''\p{Sc}]|^\pL{2,3}\.?|^\pL[\s$]|\pL{2,3}\.?$"
# How bookkeepers write what is less than nothing: (2.50) and 2.50-
NEGATIVE = r"^\((.*)\)$|^([^-].*)-$"
WHOLE = r"^[+-]?\d+$"
CERTAIN = {
    ".": r"^[+-]?(\d*\.(\d{1,2}|\d{4,})|0?\.\d+|\d{4,}\.\d+|\d{1,3}(,\d{3})+\.\d+|\d{1,3}(,\d{3}){2,})$",
    ",": r"^[+-]?(\d*,(\d{1,2}|\d{4,})|0?,\d+|\d{4,},\d+|\d{1,3}(\.\d{3})+,\d+|\d{1,3}(\.\d{3}){2,})$",
}
EITHER = r"^[+-]?[1-9]\d{0,2}[.,]\d{3}$"
SHAPE = {
    ".": r"^[+-]?(\d+|\d{1,3}(,\d{3})+)?(\.\d*)?([eE][+-]?\d+)?$",
    ",": r"^[+-]?(\d+|\d{1,3}(\.\d{3})+)?(,\d*)?([eE][+-]?\d+)?$",
}

YES, NO = ("true", "t", "yes", "y", "ja", "oui", "si"), ("false", "f", "no", "n", "nein", "non")


@dataclass(frozen=True, slots=True)
class Evidence:
    """How the values of one column are written: how many there are, and how many fit each way."""

    filled: int
    plain: int
    whole: int
    point: int
    comma: int
    either: int

    @property
    def numeric(self) -> bool:
        """At least half of the values look like numbers."""
        return 2 * max(self.plain, self.point + self.comma + self.whole + self.either) >= self.filled > 0


def gather(
    connection: duckdb.DuckDBPyConnection, relation: str, texts: Mapping[str, str]
) -> dict[str, Evidence]:
    """Look at every value of some text columns: a name and the SQL of each."""
    return {name: _evidence(connection, relation, text) for name, text in texts.items()}


def _evidence(connection: duckdb.DuckDBPyConnection, relation: str, text: str) -> Evidence:
    values = f"(SELECT nullif(trim({text}), '') AS t, count(*) AS n FROM {relation} GROUP BY ALL)"
    filled, plain = _counts(connection, values, "t IS NOT NULL", "try_cast(t AS DOUBLE) IS NOT NULL")
    fits = [f"regexp_matches(b, '{shape}')" for shape in (WHOLE, *CERTAIN.values(), EITHER)]
    bare = f"(SELECT {'t' if plain == filled else _bare('t')} AS b, n FROM {values} WHERE t IS NOT NULL)"
    return Evidence(filled, plain, *_counts(connection, bare, *fits))


def _counts(connection: duckdb.DuckDBPyConnection, relation: str, *conditions: str) -> tuple[int, ...]:
    wanted = [f"coalesce(sum(n) FILTER ({condition}), 0)" for condition in conditions]
    return connection.execute(f"SELECT {', '.join(wanted)} FROM {relation}").fetchall()[0]


def settled(found: Iterable[Evidence]) -> bool:
    """Whether the numbers say themselves which sign is the decimal one, or none of them leaves it open."""
    known = [*found]
    point, comma, either = (
        sum(getattr(each, name) for each in known) for name in ("point", "comma", "either")
    )
    return point != comma or not either


def sign(found: Mapping[str, Evidence], delimiter: str | None) -> Sign:
    """The decimal sign of a file: what most of its unambiguous values use; a comma where only the semicolon
    between the fields speaks, else a point.

    ``1,5`` and ``1.234,50`` can only hold a decimal comma, ``1.5`` and ``1,234.50`` only a decimal point;
    ``1,234`` and ``1.234`` decide nothing.
    """
    point = sum(evidence.point for evidence in found.values())
    comma = sum(evidence.comma for evidence in found.values())
    if point == comma:
        return "," if delimiter == ";" and not point else "."
    return "," if comma > point else "."


def number(text: str, decimal: Sign, evidence: Evidence | None) -> str:
    """SQL that reads a text as DOUBLE under a file's decimal sign: null where it does not fit."""
    if decimal == "." and evidence is not None and evidence.plain == evidence.filled:
        return f"try_cast({text} AS DOUBLE)"
    bare, group = _bare(f"trim({text})"), "," if decimal == "." else "."
    digits = f"replace(replace({bare}, '{group}', ''), '{decimal}', '.')"
    return f"CASE WHEN regexp_matches({bare}, '{SHAPE[decimal]}') THEN try_cast({digits} AS DOUBLE) END"


def flag(text: str) -> str:
    """SQL that reads a yes as 1 and a no as 0: null where it is neither."""
    return f"CASE WHEN lower(trim({text})) IN {YES} THEN 1.0 WHEN lower(trim({text})) IN {NO} THEN 0.0 END"


def _bare(text: str) -> str:
    bare = f"regexp_replace(replace({text}, chr(8722), '-'), '{DECORATION}', '', 'g')"
    return f"regexp_replace({bare}, '{NEGATIVE}', '-\\1\\2')"
