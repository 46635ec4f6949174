"""The most and the least that a value of a group was before each line.

Both change seldom. So they are not asked of every line, but of the first moment of each different value: from those
follow the spans of time in which they stay as they are, and a line finds the span that it lies in.
"""

from __future__ import annotations

import ibis
from ibis import _
from ibis.expr.types import Table

NEVER = 2**62


def tell(base: Table, lines: Table, group: str, value: str) -> Table:
    """Add to lines ``most`` and ``least`` of ``value`` over those of ``base`` in the group with an earlier ``second``.

    Null where there are none.
    """
    spans = _spans(base, group, value)
    within = [lines[group] == spans.of, lines.second > spans.since, lines.second <= spans.until]
    return lines.left_join(spans, within).select(*lines.columns, "most", "least")


def _spans(lines: Table, group: str, value: str) -> Table:
    """What is known after ``since``, up to and with ``until``."""
    firsts = lines.group_by(value, of=_[group]).agg(since=_.second.min())
    moments = firsts.group_by("of", "since").agg(most=_[value].max(), least=_[value].min())
    time = {"group_by": "of", "order_by": "since"}
    so_far = ibis.cumulative_window(**time)
    known = moments.mutate(most=_.most.max().over(so_far), least=_.least.min().over(so_far))
    same = (_.most == _.most.lag(1).over(**time)) & (_.least == _.least.lag(1).over(**time))
    changes = known.mutate(same=same.fill_null(False)).filter(~_.same).drop("same")
    return changes.mutate(until=_.since.lead(1).over(**time).fill_null(NEVER))
