"""What an order line must be. One list of rules serves the rejections and the pandera contract alike."""

from __future__ import annotations

from dataclasses import dataclass

import ibis
from ibis import _
from ibis.expr.types import BooleanValue, Table

from pricetrail.params import Etl

EARLIEST, LATEST = "1990-01-01", "2100-01-01"


@dataclass(frozen=True, slots=True)
class Rule:
    """``broken`` is true of a line that must not pass; ``reason`` says why in plain words."""

    reason: str
    broken: BooleanValue


def rules(settings: Etl) -> tuple[Rule, ...]:
    """The rules in the order in which they are asked: a line is rejected for the first that it breaks."""
    return (
        Rule("no invoice number", _blank(_.invoiceno)),
        Rule("no stock code", _blank(_.stockcode)),
        Rule(f"stock code longer than {settings.longest_code} characters", _.stockcode.length() > settings.longest_code),
        Rule("quantity is not a number", _unread(_.quantity)),
        Rule("price is not a number", _unread(_.unitprice)),
        Rule("date is not a date", _.invoicedate.isnull()),
        Rule("quantity is zero", _.quantity == 0),
        Rule(f"quantity beyond {settings.most:,.0f}", _.quantity.abs() > settings.most),
        Rule("price is zero or negative", _.unitprice <= 0),
        Rule(f"price beyond {settings.most:,.0f}", _.unitprice > settings.most),
        Rule("date before 1990 or after 2100", (_.invoicedate < ibis.timestamp(EARLIEST)) | (_.invoicedate >= ibis.timestamp(LATEST))),
        Rule("date far after all others", _.invoicedate > _.plausible),
    )


def judge(lines: Table, settings: Etl) -> Table:
    """Add ``reason``: why a line is rejected, null where it is accepted.

    A date is "far after all others" when it lies more than 31 days and half the usual span (from the first to
    the ninety-ninth percentile) after the ninety-ninth percentile: no clock is asked, so that the same file
    always reads alike.
    """
    seconds = lines.invoicedate.epoch_seconds().cast("int64")
    span = lines.aggregate(low=seconds.quantile(0.01), high=seconds.quantile(0.99))
    limit = (span.high + (span.high - span.low) / 2 + 31 * 86_400).cast("int64").as_timestamp("s")
    judged = lines.cross_join(span.select(plausible=limit))
    cases = [(rule.broken.fill_null(True), rule.reason) for rule in rules(settings)]
    return judged.mutate(reason=ibis.cases(*cases, else_=ibis.null("string"))).drop("plausible")


def _blank(text: ibis.Value) -> BooleanValue:
    return text.isnull() | (text.strip() == "")


def _unread(number: ibis.Value) -> BooleanValue:
    return number.isnull() | number.isnan() | number.isinf()
