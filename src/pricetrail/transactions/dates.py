"""Dates written as text or numbers: the SQL that reads them as the shop's local time.

A value that names its year first, or its month in English, says itself what it means. Of ``01/02/2011``
only the whole file can tell: one value such as ``31/01/2011`` settles it for all. Values with an offset from
UTC are turned into the shop's zone; all others are taken to be in it already.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import duckdb

from pricetrail.errors import SourceUnreadable

Order = Literal["day", "month"]

NUMERIC = r"^(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d{2})(\D|$)"
YEAR_FIRST = r"^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})"
DAY_NAMED = r"^(?:[A-Za-z]{3,9}\.?, *)?(\d{1,2})[-/. ]([A-Za-z]{3})[A-Za-z]*\.?[-/., ]+(\d{4})"
MONTH_NAMED = r"^(?:[A-Za-z]{3,9}\.?, *)?([A-Za-z]{3})[A-Za-z]*\.? +(\d{1,2}),? +(\d{4})"
WEEK = r"^(\d{4})-?W(\d{2})$"
HALF_DAY = r"(?i) *([ap])\.?m\.?$"
OFFSET = r"(:\d{2}(?:\.\d+)?) *(?:Z|UTC|GMT|([+-]\d{2}):?(\d{2})?)$"
SHAPES = {
    "numeric": NUMERIC,
    "named": f"{DAY_NAMED}|{MONTH_NAMED}",
    "half_day": HALF_DAY,
    "offset": OFFSET,
    "week": WEEK,
    "counted": r"^\d+(\.\d*)?$",
}
STRAY = 0.01
"""The share of dates that may contradict the rest and be rejected one by one; more, and the file is mixed."""
FIRST_WEEK = "DATE '1970-01-05'"
MOST = 9999
WEEK_DAYS = 7


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the dates of one file look like.

    ``day`` values can only have the day first, ``month`` ones only the month; ``spans`` are the days from the
    first date to the last when read either way.
    """

    shapes: frozenset[str]
    numeric: int = 0
    day: int = 0
    month: int = 0
    spans: tuple[int, int] = (0, 0)

    def order(self) -> Order | None:
        """What the file's own values settle, if anything."""
        return None if self.day == self.month else "day" if self.day > self.month else "month"


def gather(connection: duckdb.DuckDBPyConnection, relation: str, text: str) -> Evidence:
    """Look at every value of a text column."""
    values = f"(SELECT trim({text}) AS t, count(*) AS n FROM {relation} GROUP BY ALL)"
    counts = [f"coalesce(sum(n) FILTER (regexp_matches(t, '{shape}')), 0)" for shape in SHAPES.values()]
    found = connection.execute(f"SELECT {', '.join(counts)} FROM {values}").fetchall()[0]
    shapes = frozenset(name for name, count in zip(SHAPES, found, strict=True) if count)
    if "numeric" not in shapes:
        return Evidence(shapes)
    parts = (
        f"(SELECT t, n, cast(regexp_extract(t, '{NUMERIC}', 1) AS INT) AS a, "
        f"cast(regexp_extract(t, '{NUMERIC}', 2) AS INT) AS b FROM {values} "
        f"WHERE regexp_matches(t, '{NUMERIC}'))"
    )
    span = "coalesce(date_diff('day', min({0}), max({0})), 0)"
    spans = [
        span.format(f"try_cast(regexp_extract({_iso('t', order)}, '^[0-9-]+') AS DATE)")
        for order in ("day", "month")
    ]
    sides = ", ".join(
        f"coalesce(sum(n) FILTER ({one} > 12 AND {other} <= 12), 0)" for one, other in ("ab", "ba")
    )
    day, month, *both = connection.execute(f"SELECT {sides}, {', '.join(spans)} FROM {parts}").fetchall()[0]
    return Evidence(shapes, found[0], day, month, (both[0], both[1]))


def settle(label: str, own: Evidence, others: Sequence[Evidence]) -> Order:
    """Whether the day or the month comes first in a file's numeric dates.

    Its own unambiguous values decide; without any, those of the other files; without any there either, the
    order under which the file covers less time; and at last the day.

    Raises:
        SourceUnreadable: the file mixes both orders.
    """
    if min(own.day, own.month) > STRAY * (own.day + own.month):
        raise SourceUnreadable(
            f"{label} mixes two ways of writing dates: {own.day:,} can only have the day first (31/01/2011), "
            f"{own.month:,} only the month (01/31/2011), and the other "
            f"{own.numeric - own.day - own.month:,} may be either. Write all of them as 2011-01-31; or, to "
            "have those that do not fit rejected one by one, set source.dates in params.yaml (--dates) to 'day' or "
            "'month'."
        )
    known = {order for order in (other.order() for other in others) if order is not None}
    theirs = known.pop() if len(known) == 1 else None
    shorter: Order = "month" if own.spans[1] < own.spans[0] else "day"
    return own.order() or theirs or shorter


def instant(text: str, evidence: Evidence, order: Order, zone: str, *, step: int = WEEK_DAYS) -> str:
    """SQL that reads a text as TIMESTAMP in a zone's local time: null where it is no date; ``step`` as ``counted``."""
    bare = f"trim({text})"
    iso, shapes = _iso(bare, order), evidence.shapes
    cases = []
    if "week" in shapes:
        monday = f"regexp_replace({bare}, '{WEEK}', '\\1-W\\2-1')"
        cases.append(f"WHEN regexp_matches({bare}, '{WEEK}') THEN try_strptime({monday}, '%G-W%V-%u')")
    if "counted" in shapes:
        cases.append(
            f"WHEN regexp_matches({bare}, '{SHAPES['counted']}') "
            f"THEN {counted(f'try_cast({bare} AS DOUBLE)', step)}"
        )
    if "named" in shapes:
        cases.append(f"WHEN regexp_matches({bare}, '{SHAPES['named']}') THEN {_named(bare)}")
    if "half_day" in shapes:
        clock = f"regexp_replace({iso}, '{HALF_DAY}', ' \\1m')"
        formats = "['%Y-%m-%d %I:%M %p', '%Y-%m-%d %I:%M:%S %p']"
        cases.append(f"WHEN regexp_matches({bare}, '{HALF_DAY}') THEN try_strptime({clock}, {formats})")
    if "offset" in shapes:
        cases.append(f"WHEN regexp_matches({bare}, '{OFFSET}') THEN {_zoned(iso, zone)}")
    plain = f"try_cast({iso if 'numeric' in shapes else bare} AS TIMESTAMP)"
    return f"CASE {' '.join(cases)} ELSE {plain} END" if cases else plain


def counted(value: str, step: int = WEEK_DAYS) -> str:
    """SQL that reads a number (DOUBLE) as TIMESTAMP.

    By its size: a week (or whatever takes ``step`` days) counted from Monday 1970-01-05, a spreadsheet's day, a year
    and its week such as ``201105``, ``20110131``, or seconds or milliseconds since 1970.
    """
    whole = f"cast({value} AS BIGINT)"
    return (
        f"CASE WHEN {value} BETWEEN 0 AND {MOST} AND {value} = trunc({value}) "
        f"THEN cast({FIRST_WEEK} + {step} * cast({value} AS INT) AS TIMESTAMP) "
        f"WHEN {value} BETWEEN 20000 AND 80000 "
        f"THEN TIMESTAMP '1899-12-30' + to_seconds(round({value} * 86400)) "
        f"WHEN {value} BETWEEN 10001 AND 19953 THEN {_year_and_week(f'({whole} + 190000)')} "
        f"WHEN {value} BETWEEN 190001 AND 210053 THEN {_year_and_week(whole)} "
        f"WHEN {value} BETWEEN 19000101 AND 21001231 THEN try_strptime(cast({whole} AS VARCHAR), '%Y%m%d') "
        f"WHEN {value} BETWEEN 1e8 AND 4.2e9 THEN make_timestamp({whole} * 1000000) "
        f"WHEN {value} BETWEEN 1e11 AND 4.2e12 THEN make_timestamp({whole} * 1000) END"
    )


def _year_and_week(number: str) -> str:
    text = f"cast({number} AS VARCHAR)"
    return f"try_strptime({text}[1:4] || '-W' || {text}[5:6] || '-1', '%G-W%V-%u')"


def small(connection: duckdb.DuckDBPyConnection, relation: str, value: str) -> bool:
    """Whether some values of a column are numbers so small that they count weeks, or days."""
    numbered = f"SELECT count(*) FROM {relation} WHERE try_cast({value} AS DOUBLE) BETWEEN 0 AND {MOST}"
    return bool(connection.execute(numbered).fetchall()[0][0])


def _iso(text: str, order: str) -> str:
    """SQL that puts year, month and day of a text first, in this order, and leaves the time as it is."""
    parts = r"'20\3-\2-\1\4'", r"'\3-\2-\1\4'"
    if order == "month":
        parts = r"'20\3-\1-\2\4'", r"'\3-\1-\2\4'"
    short = NUMERIC.replace(r"\d{4}|\d{2}", r"\d{2}")
    long = NUMERIC.replace(r"\d{4}|\d{2}", r"\d{4}")
    found = text
    for shape, put in ((short, parts[0]), (long, parts[1]), (YEAR_FIRST, r"'\1-\2-\3'")):
        found = f"regexp_replace({found}, '{shape}', {put})"
    return found


def _named(text: str) -> str:
    """SQL that reads a date with the month's English name: ``1 Dec 2010``, ``Dec 1, 2010 8:26 AM``."""
    put = f"regexp_replace({text}, '{DAY_NAMED}', '\\3-\\2-\\1')"
    put = f"regexp_replace({put}, '{MONTH_NAMED}', '\\3-\\1-\\2')"
    times = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M%p", " %I:%M:%S %p")
    return f"try_strptime({put}, {[f'%Y-%b-%d{time}' for time in times]})"


def _zoned(iso: str, zone: str) -> str:
    utc = f"regexp_replace({iso}, ' *(Z|UTC|GMT)$', '+00:00')"
    utc = f"regexp_replace({utc}, ' *([+-]\\d{{2}}):?(\\d{{2}})?$', '\\1:\\2')"
    whole = f"regexp_replace({utc}, ':$', ':00')"
    return f"timezone('{zone}', try_cast({whole} AS TIMESTAMPTZ))"
