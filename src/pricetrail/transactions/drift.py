"""Has what is newer drifted from what the model knows? The verdict, its figures, and what moved, in words.

The rule: a run has drifted when any tested column's distance reaches its threshold, and the thresholds are
set so that this happens to at most a stated share of runs without drift
(``pricetrail.transactions.calibration``). What cannot be told is *inconclusive*, never passed.

Tested are prices and quantities beside what was usual for the same product, channel and customer, and the
shares of channels and countries (``pricetrail.transactions.observations``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, cast

import numpy as np
import pandas as pd

from pricetrail.errors import NothingToLearn
from pricetrail.params import DriftCheck
from pricetrail.transactions import calibration
from pricetrail.transactions.calibration import FEWEST_WINDOWS, Comparable
from pricetrail.transactions.distance import WASSERSTEIN, Column
from pricetrail.transactions.observations import CATEGORICAL, NUMERIC, Cut, observe

Verdict = Literal["passed", "drifted", "inconclusive"]

MEANING = {
    "price_registered": "prices of products beside their usual ones, to registered customers",
    "price_unregistered": "prices of products beside their usual ones, to unregistered customers",
    "quantity_registered": "quantities beside the usual ones of the same product and customer",
    "quantity_unregistered": "quantities beside the usual ones of the same product, unregistered customers",
    "is_registered": "order lines by channel",
    "order_is_registered": "orders by channel",
    "order_country": "orders by country",
}
CONSTANT = "has one value throughout"
DIGITS = 6
SHORT_WINDOWS = 8
"""The reference is cut into at least so many windows, if need be shorter than the current one."""


@dataclass(frozen=True, slots=True)
class Side:
    """One side of the comparison: its order lines and orders, and the dates of the first and the last."""

    rows: int
    orders: int
    first: str | None
    last: str | None

    @classmethod
    def of(cls, lines: pd.DataFrame) -> Side:
        """Describe order lines."""
        if lines.empty:
            return cls(0, 0, None, None)
        first, last = lines["invoicedate"].min().date(), lines["invoicedate"].max().date()
        return cls(len(lines), int(lines["invoiceno"].nunique()), str(first), str(last))


@dataclass(frozen=True, slots=True)
class Shift:
    """One tested column. ``exceedance``: the share of windows without drift that lie at least as far away.

    ``before`` and ``after`` are means of logarithms, or of a categorical column each level's share.
    """

    column: str
    method: str
    statistic: float
    threshold: float
    exceedance: float
    before: float | dict[str, float]
    after: float | dict[str, float]

    @property
    def drifted(self) -> bool:
        """Whether the distance reaches the threshold."""
        return self.statistic >= self.threshold

    def to_dict(self) -> dict[str, object]:
        """As plain data."""
        figures = asdict(self)
        del figures["column"]
        return {**figures, "drifted": self.drifted, "words": self.words}

    @property
    def words(self) -> str:
        """What moved, for a person."""
        if isinstance(self.before, dict) and isinstance(self.after, dict):
            before, after = self.before, self.after
            gain = {level: after.get(level, 0.0) - before.get(level, 0.0) for level in before | after}
            moved = sorted(gain, key=lambda level: (-abs(gain[level]), level))[:2]
            said = ", ".join(
                f"{level} {before.get(level, 0):.1%} before, {after.get(level, 0):.1%} now" for level in moved
            )
        else:
            change = math.expm1(cast(float, self.after) - cast(float, self.before))
            said = f"{abs(change):.1%} {'higher' if change > 0 else 'lower'} than before"
        return f"{MEANING[self.column]}: {said}"


@dataclass(frozen=True, slots=True, eq=False)
class Drift:
    """The outcome of a check.

    ``reason`` says why it is inconclusive, where it is. ``rarity`` is the share of runs without drift that would
    show as much. ``rows`` are what was compared, and ``cut`` says in which windows; ``windows`` of them set the
    thresholds.
    """

    reference: Side
    current: Side
    cut: Cut
    rows: pd.DataFrame
    shifts: tuple[Shift, ...] = ()
    untested: tuple[tuple[str, str], ...] = ()
    windows: int = 0
    rarity: float | None = None
    reason: str | None = None

    @property
    def newer(self) -> pd.Series[bool]:
        """Which rows are under test."""
        return self.rows["window"] == self.cut.count

    @property
    def verdict(self) -> Verdict:
        """One word."""
        if self.reason is not None:
            return "inconclusive"
        return "drifted" if self.moved else "passed"

    @property
    def moved(self) -> list[Shift]:
        """The columns that drifted."""
        return [shift for shift in self.shifts if shift.drifted]

    def to_dict(self) -> dict[str, object]:
        """As plain data: ``metrics/data_drift.json``."""
        return {
            "verdict": self.verdict,
            "drift_detected": None if self.reason is not None else bool(self.moved),
            "num_drifts": len(self.moved),
            "shared_drifts": len(self.moved) / len(self.shifts) if self.shifts else None,
            "num_cols": [shift.column for shift in self.shifts if shift.method == WASSERSTEIN],
            "cat_cols": [shift.column for shift in self.shifts if shift.method != WASSERSTEIN],
            "stockcode": None,
            "reason": self.reason,
            "rarity": self.rarity,
            "reference": asdict(self.reference),
            "current": asdict(self.current),
            "calibration": {"windows": self.windows, "days": self.cut.days},
            "columns": {shift.column: shift.to_dict() for shift in self.shifts},
            "untested": dict(self.untested),
        }


def check(lines: pd.DataFrame, settings: DriftCheck, *, since: datetime | None = None) -> Drift:
    """Compare the newest order lines with those before them.

    Where what is new to the production release is too little to tell, the last ``settings.window_days`` days are
    compared nevertheless, some of which the release knows: the weeks of a small shop are told together.

    Args:
        lines: order lines with the columns ``orders.READS``.
        settings: the stage's parameters.
        since: from when on lines are new to the production release. Without one, or with no such lines, it is those
            last days too.

    Raises:
        NothingToLearn: there are no lines at all.
    """
    if lines.empty:
        raise NothingToLearn("There are no order lines to compare. Ingest some, then run again.")
    usual = cut_windows(lines["invoicedate"], settings, since=None)
    if since is None or since > lines["invoicedate"].max():
        return _checked(lines, settings, usual)
    cut = cut_windows(lines["invoicedate"], settings, since=since)
    found = _checked(lines, settings, cut)
    return _checked(lines, settings, usual) if found.reason is not None and usual.start < cut.start else found


def _checked(lines: pd.DataFrame, settings: DriftCheck, cut: Cut) -> Drift:
    newer = lines["invoicedate"] >= cut.start
    sides = Side.of(lines[~newer]), Side.of(lines[newer])
    rows = observe(lines, cut)
    reason = _too_few(sides, settings.min_rows) or _too_short(rows, cut)
    if reason is not None:
        return Drift(*sides, cut, rows, reason=reason)
    return _compared(Drift(*sides, cut, rows), settings)


def cut_windows(dates: pd.Series[pd.Timestamp], settings: DriftCheck, *, since: datetime | None) -> Cut:
    """Where the current window begins, and the windows before it that it is compared with.

    These are as long as the current one (whole weeks if it spans five days or more, so that weekdays match),
    unless the reference would then hold fewer than eight: shorter ones vary more, which is on the safe side.
    """
    first, last = (date.normalize().to_pydatetime() for date in (dates.min(), dates.max()))
    start, days = last - timedelta(days=settings.window_days - 1), settings.window_days
    if since is not None:
        span = max(1, (last - since).days + 1)
        start, days = since, span if span < 5 else -7 * (-span // 7)
    known = max(0, (start - first).days)
    days = max(1, min(days, known // SHORT_WINDOWS))
    return Cut(start, days, known // days)


def _too_few(sides: tuple[Side, Side], least: int) -> str | None:
    reference, current = sides
    if min(reference.rows, current.rows) < least:
        return (
            f"Too few order lines to tell: at least {least} are needed on either side, "
            f"found {reference.rows} in the reference and {current.rows} in the current window."
        )
    return None


def _too_short(rows: pd.DataFrame, cut: Cut) -> str | None:
    found = len(calibration.comparable(rows).windows)
    if found < FEWEST_WINDOWS:
        return (
            f"The history is too short to know what is natural: at least {FEWEST_WINDOWS} windows "
            f"of {cut.days} day(s) before {cut.start.date()} are needed, found {found}."
        )
    return None


def _compared(drift: Drift, settings: DriftCheck) -> Drift:
    usable = calibration.comparable(drift.rows)
    columns = [Column.of(drift.rows[name]) for name in (*NUMERIC, *CATEGORICAL)]
    lacking = tuple(_untold(_untested(columns, drift, usable)))
    columns = [
        calibration.whole(each, drift.rows, usable) if each.name.startswith(lacking) else each
        for each in columns
    ]
    untested = _untested(columns, drift, usable)
    columns = [column for column in columns if column.name not in untested]
    drift = replace(drift, untested=tuple(untested.items()))
    if not columns:
        return replace(drift, reason="No column could be tested: every one has too few values, or only one.")
    null = calibration.natural(columns, drift.rows, resamples=settings.resamples, seed=settings.seed)
    distances = np.array([_distance(column, drift.newer) for column in columns])
    thresholds = null.thresholds(settings.false_alarms)
    shifts = tuple(
        Shift(
            column=column.name,
            method=column.method,
            statistic=float(distances[at]),
            threshold=round(float(thresholds[at]), DIGITS),
            exceedance=float(np.nanmean(null.draws[:, at] >= distances[at])),
            before=_middle(drift.rows.loc[~drift.newer, column.name]),
            after=_middle(drift.rows.loc[drift.newer, column.name]),
        )
        for at, column in enumerate(columns)
    )
    windows = len(np.unique(null.windows))
    drift = replace(drift, shifts=shifts, windows=windows, rarity=null.rarity(distances))
    return drift if drift.moved else replace(drift, reason=_doubt(untested))


def _doubt(untested: Mapping[str, str]) -> str | None:
    """Without drift elsewhere, a shop whose prices or quantities could not be tested has not passed."""
    for kind, reasons in _untold(untested).items():
        said = "; ".join(f"{name} {why}" for name, why in reasons.items())
        return f"Whether {kind} has drifted cannot be told: {said}."
    return None


def _untold(untested: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Prices, or quantities, where no column of them can be tested, and why; what never changes needs no test."""
    found = {}
    for kind in ("price", "quantity"):
        reasons = {name: untested[name] for name in NUMERIC if name.startswith(kind) and name in untested}
        every = sum(name.startswith(kind) for name in NUMERIC)
        if len(reasons) == every and CONSTANT not in reasons.values():
            found[kind] = reasons
    return found


def _untested(columns: Sequence[Column], drift: Drift, usable: Comparable) -> dict[str, str]:
    return {column.name: why for column in columns if (why := _unfit(column, drift, usable)) is not None}


def _unfit(column: Column, drift: Drift, usable: Comparable) -> str | None:
    if len(column.levels) < 2:
        return "has no value" if not len(column.levels) else CONSTANT
    now = int((drift.newer & (column.codes >= 0)).sum())
    if now < column.fewest:
        return f"has {now} values in the current window; {column.fewest} are needed"
    before, least = calibration.known(column, drift.rows, usable)
    if (before >= least).sum() < FEWEST_WINDOWS:
        return f"has values enough in {(before >= least).sum()} earlier windows; {FEWEST_WINDOWS} are needed"
    return None


def _distance(column: Column, newer: pd.Series[bool]) -> float:
    before, after = (column.counts(np.flatnonzero(side)) for side in (~newer, newer))
    return float(column.distances(before, after[None, :])[0])


def _middle(values: pd.Series[float] | pd.Series[str]) -> float | dict[str, float]:
    if pd.api.types.is_numeric_dtype(values):
        return float(np.nanmean(values.to_numpy(np.float64)))
    return {
        str(level): float(share) for level, share in values.value_counts(normalize=True).sort_index().items()
    }
