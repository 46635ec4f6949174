"""The contract of an order line: one list of rules, asked of every raw row, held against every accepted one.

A rule's name is the reason that a person reads beside a rejected row. ``rejections`` says which rule a row
breaks first; ``Contract.faults`` has pandera hold the same rules against lines that are handed on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import TYPE_CHECKING

import ibis
import ibis.expr.datatypes as dt
from ibis import Deferred, _
from ibis.expr.types import BooleanValue, Table, Value

from pricetrail.params import Etl, Source
from pricetrail.transactions.engine import rows

if TYPE_CHECKING:
    from pandera.api.ibis.types import IbisData
    from pandera.errors import SchemaError
    from pandera.ibis import DataFrameSchema

# Week numbers count from this Monday; the first days of 1970 are what a missing date often reads as.
EARLIEST, LATEST = date(1970, 1, 5), date(2100, 1, 1)
EPOCH = date(1970, 1, 1)
SLACK = timedelta(days=31)
TYPES = {
    "invoiceno": dt.String(),
    "stockcode": dt.String(),
    "description": dt.String(),
    "quantity": dt.Float64(),
    "invoicedate": dt.Timestamp(scale=6),
    "unitprice": dt.Float64(),
    "customerid": dt.String(),
    "country": dt.String(),
    "line": dt.Int64(),
    "file": dt.String(),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """``broken`` is true of a line that must not pass; ``reason`` says why, in plain words."""

    reason: str
    broken: Deferred


@dataclass(frozen=True, slots=True)
class Contract:
    """What order lines of one shop must be.

    Args:
        settings: the limits.
        source: the covariates and the key that the shop declared.
        horizon: the first moment that lies too far after the bulk of the lines to be believed.
    """

    settings: Etl
    source: Source
    horizon: datetime

    def rules(self) -> Iterator[Rule]:
        """The rules in the order in which they are asked: a row is rejected for the first that it breaks."""
        longest, most = self.settings.longest_code, self.settings.most
        yield Rule("no invoice number", _blank(_.invoiceno))
        yield Rule("no stock code", _blank(_.stockcode))
        yield Rule(f"stock code longer than {longest} characters", _.stockcode.length() > longest)
        if self.source.key is not None:
            yield Rule(f"no {self.source.key}", _blank(_[self.source.key]))
        yield Rule("quantity missing or unreadable", _unread(_.quantity))
        yield Rule("quantity is zero", _.quantity == 0)
        yield Rule(f"quantity beyond {most:,.0f}", _.quantity.abs() > most)
        yield Rule("price missing or unreadable", _unread(_.unitprice))
        yield Rule("price is negative", _.unitprice < 0)
        yield Rule("price of a sale is zero", (_.unitprice == 0) & (_.quantity > 0))
        yield Rule(f"price beyond {most:,.0f}", _.unitprice > most)
        yield Rule("date missing or unreadable", _.invoicedate.isnull())
        yield Rule(f"date before {EARLIEST}", _.invoicedate < ibis.timestamp(_midnight(EARLIEST)))
        yield Rule("date too late to be believed", _.invoicedate >= ibis.timestamp(self.horizon))
        for name in self.source.covariates:
            yield Rule(f"{name} is infinite", _[name].isinf().fill_null(False))

    def schema(self) -> DataFrameSchema:
        """The rules as a pandera schema."""
        from pandera.ibis import Check, Column, DataFrameSchema

        more = {name: dt.Float64() for name in self.source.covariates}
        columns = {name: Column(kind, nullable=True) for name, kind in {**TYPES, **more}.items()}
        checks = [Check(partial(_holds, rule), name=rule.reason, ignore_na=False) for rule in self.rules()]
        return DataFrameSchema(columns, checks=checks, name="order line")

    def faults(self, lines: Table) -> list[str]:
        """The rules, and the columns' types, that pandera finds broken among the lines; none where all hold."""
        from pandera.errors import SchemaErrors

        try:
            self.schema().validate(lines, lazy=True)
        except SchemaErrors as errors:
            return sorted({_told(error) for error in errors.schema_errors})
        return []


def horizon(lines: Table) -> datetime:
    """The first moment that is too late to be believed; no clock is asked, so a file always reads alike.

    It lies half the usual span (from the first to the ninety-ninth percentile of the days) and 31 days after
    the ninety-ninth percentile, and never after the year 2099. Without a single plausible date it is 2100.
    """
    days = lines.invoicedate.date().delta(ibis.date(EPOCH), unit="day")
    sane = lines.select(day=days).filter(_.day >= (EARLIEST - EPOCH).days, _.day < (LATEST - EPOCH).days)
    found = rows(sane.agg(low=_.day.quantile(0.01), high=_.day.quantile(0.99)))[0]
    if found["high"] is None:
        return _midnight(LATEST)
    reach = timedelta(days=round(found["high"] + (found["high"] - found["low"]) / 2))
    return min(_midnight(EPOCH) + reach + SLACK, _midnight(LATEST))


def rejections(lines: Table, contract: Contract) -> Table:
    """The lines that break a rule, each once: ``line``, ``reason`` (the name of the first rule broken)."""
    broken = [(lines.bind(rule.broken)[0].fill_null(True), rule.reason) for rule in contract.rules()]
    bad = lines.filter(ibis.or_(*[fault for fault, _reason in broken]))
    return bad.select("line", reason=ibis.cases(*broken))


def _holds(rule: Rule, data: IbisData) -> BooleanValue:
    """One answer for the whole table; of no lines every rule holds."""
    return ~data.table.bind(rule.broken)[0].fill_null(True).any().fill_null(False)


def _told(error: SchemaError) -> str:
    return getattr(error.check, "name", None) or str(error)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())


def _blank(text: Value) -> BooleanValue:
    return text.isnull() | (text == "")


def _unread(number: Value) -> BooleanValue:
    return number.isnull() | number.isnan()
