"""Two tables about the same order lines, brought into the same order."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pricetrail.errors import DataError


def matched(table: pa.Table, lines: npt.NDArray[Any], *, name: str) -> pa.Table:
    """The rows of ``table`` that its column ``line`` finds for ``lines``, in their order.

    Raises:
        DataError: a line is not in the table, or is there twice.
    """
    own = table["line"].to_numpy()
    order = np.argsort(own, kind="stable")
    place = np.searchsorted(own[order], lines)
    found = own[order][np.minimum(place, max(len(own) - 1, 0))] if len(own) else np.full(len(lines), -1)
    if not np.array_equal(found, lines) or len(np.unique(own)) != len(own):
        raise DataError(
            f"{name} does not hold exactly one row for each test line: it holds {len(own):,} rows, and "
            f"{int((found != lines).sum()):,} of {len(lines):,} lines are not among them. Make both again "
            "with 'pricetrail run --force'."
        )
    return table.take(order[place])
