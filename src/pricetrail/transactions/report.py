"""The drift report: Evidently's run of a check under our thresholds, and its page with our verdict on top.

Evidently takes seconds to import and warns of its own code: it is imported where needed, out of hearing.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING

import pandas as pd

from pricetrail.transactions.distance import JENSENSHANNON, WASSERSTEIN
from pricetrail.transactions.drift import Drift, Shift

if TYPE_CHECKING:
    from evidently.core.datasets import Dataset
    from evidently.core.report import Snapshot

IDENTITY = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|(?<=metric_)[0-9a-f]{32}"
)
ANY = 0.01
"""The share of columns that makes a data set drifted: one of them is enough."""
BODY = "<body>"
EMPTY = f"""<!DOCTYPE html>
<html lang="en">
<head><meta charset="UTF-8"><title>Data drift</title></head>
{BODY}
</body>
</html>
"""
STYLE = """
<style>
.verdict { font-family: Roboto, Helvetica, Arial, sans-serif; color: #222; background: #fff }
.verdict { max-width: 76em; margin: 2em auto; padding: 0 1em }
.verdict table { border-collapse: collapse; margin: 1em 0 }
.verdict th, .verdict td { text-align: left; padding: .3em 1em .3em 0; border-bottom: 1px solid #ddd }
.verdict td.figure { font-variant-numeric: tabular-nums }
.verdict tr.drifted { color: #a3100c; font-weight: 500 }
</style>
"""


@contextmanager
def evidently_quiet() -> Iterator[None]:
    """Import and run Evidently within this: it calls nobody, and its warnings are not heard."""
    os.environ["DO_NOT_TRACK"] = "1"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def snapshot(drift: Drift) -> Snapshot:
    """Evidently's own run over the rows of a check that could tell, dated by the current window's end."""
    with evidently_quiet():
        from evidently import DataDefinition, Dataset, Report
        from evidently.presets import DataDriftPreset

        numeric, categorical = (
            [shift.column for shift in drift.shifts if shift.method == method]
            for method in (WASSERSTEIN, JENSENSHANNON)
        )
        definition = DataDefinition(numerical_columns=numeric, categorical_columns=categorical)

        def side(rows: pd.Series[bool]) -> Dataset:
            frame = drift.rows.loc[rows, [*numeric, *categorical]].reset_index(drop=True)
            return Dataset.from_pandas(frame, data_definition=definition)

        preset = DataDriftPreset(
            columns=[*numeric, *categorical],
            num_method=WASSERSTEIN,
            cat_method=JENSENSHANNON,
            per_column_threshold={shift.column: shift.threshold for shift in drift.shifts},
            drift_share=ANY,
        )
        return Report([preset]).run(
            side(drift.newer),
            side(~drift.newer),
            timestamp=datetime.fromisoformat(str(drift.current.last)),
            metadata={"verdict": drift.verdict},
            name=f"{drift.current.first} to {drift.current.last}",
        )


def render(run: Snapshot) -> str:
    """Evidently's page of its run, whole: it needs no network."""
    with evidently_quiet():
        return str(run.get_html_str(as_iframe=False))


def page(drift: Drift, rendered: str | None = None) -> str:
    """The report, one HTML page that needs no network: our verdict, and Evidently's page where there is one.

    Evidently's random identities are numbered in the order they occur, so that equal checks give equal bytes.
    """
    if rendered is None:
        rendered = EMPTY
    head, body, rest = rendered.partition(BODY)
    found = dict.fromkeys(IDENTITY.findall(head))
    for number, identity in enumerate(found):
        settled = f"{number:032x}" if "-" not in identity else f"00000000-0000-7000-8000-{number:012x}"
        head, rest = head.replace(identity, settled), rest.replace(identity, settled)
    return f"{head}{STYLE}{body}{_verdict(drift)}{rest}"


def _verdict(drift: Drift) -> str:
    title = {"passed": "No drift", "drifted": "Drift", "inconclusive": "Inconclusive"}[drift.verdict]
    sides = "".join(
        f"<p>{name}: {side.rows} order lines in {side.orders} orders, {side.first} to {side.last}.</p>"
        for name, side in (("Now", drift.current), ("Before", drift.reference))
        if side.rows
    )
    return f'<section class="verdict"><h1>{title}</h1>{sides}{_reason(drift)}{_table(drift)}</section>'


def _reason(drift: Drift) -> str:
    if drift.reason is not None:
        return f"<p>{escape(drift.reason)}</p>"
    rarity = drift.rarity or 0.0
    often = "fewer than 1 in 1,000" if rarity < 0.001 else f"{rarity:.1%}"
    return (
        f"<p>The thresholds come from how far {drift.windows} earlier windows of {drift.cut.days} day(s) lie "
        f"from the rest of what was before. Of runs without drift, {often} would show as much as this one. "
        "The figures of prices and quantities are differences of logarithms: 0.18 is 20 % up.</p>"
    )


def _table(drift: Drift) -> str:
    if not drift.shifts:
        return ""
    names = ("column", "distance", "threshold", "as far without drift", "what moved")
    head = "".join(f"<th>{name}</th>" for name in names)
    rows = "".join(_row(shift) for shift in drift.shifts)
    rest = "".join(f"<p>Not tested: {escape(name)} {escape(why)}.</p>" for name, why in drift.untested)
    return f"<table><tr>{head}</tr>{rows}</table>{rest}"


def _row(shift: Shift) -> str:
    figures = (f"{shift.statistic:.4f}", f"{shift.threshold:.4f}", f"{shift.exceedance:.1%}")
    cells = "".join(f'<td class="figure">{figure}</td>' for figure in figures)
    return (
        f'<tr class="{"drifted" if shift.drifted else "steady"}"><td>{shift.column}</td>{cells}'
        f"<td>{escape(shift.words)}</td></tr>"
    )
