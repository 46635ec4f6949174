"""How alike two versions of one file are: the same bytes, the same tensors in other bytes, or where they part."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Any

from pricetrail.lineage import replay, tensors
from pricetrail.lineage.artifact import Artifact
from pricetrail.lineage.tensors import Tensor

SHOWN = 160


class Verdict(StrEnum):
    """What came of comparing two versions of a file; the first two are equal."""

    IDENTICAL = "identical"
    SAME_TENSORS = "same tensors in other bytes"
    DIFFERENT = "different"
    MISSING = "not made again"


@dataclass(frozen=True, slots=True)
class Likeness:
    """One file, compared; false when it is not equal, and ``where`` says then where it first differs."""

    path: str
    verdict: Verdict
    tensors: int
    then: str
    now: str | None
    where: str | None = None

    def __bool__(self) -> bool:
        return self.verdict in {Verdict.IDENTICAL, Verdict.SAME_TENSORS}

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def compare(then: Artifact, now: Artifact | None, before: bytes | None, after: bytes | None) -> Likeness:
    """Compare a file as it was recorded with what was made again.

    Args:
        then, now: both by digest; nothing now, if it was not made.
        before, after: their bytes, where they can be had.
    """
    if now is None or after is None:
        return Likeness(then.path, Verdict.MISSING, 0, then.sha256, None)
    held = tensors.read(then.path, after)
    count = len(held or ())
    if then.sha256 == now.sha256:
        return Likeness(then.path, Verdict.IDENTICAL, count, then.sha256, now.sha256)
    where: str | None
    if before is None:
        where = "what was recorded is not at hand, so it is not known where"
    else:
        where = first(then.path, before, after)
    verdict = Verdict.DIFFERENT if where or held is None else Verdict.SAME_TENSORS
    return Likeness(then.path, verdict, count, then.sha256, now.sha256, where or _byte(before or b"", after))


def first(path: str, before: bytes, after: bytes) -> str | None:
    """The first place where what the bytes mean differs, in words; None where only the writing does."""
    kind = PurePosixPath(path).suffix
    then, now = tensors.read(path, before), tensors.read(path, after)
    if then is not None and now is not None:
        return _tensor(then, now)
    if kind == ".parquet":
        return _cell(before, after)
    if kind == ".json":
        found = replay.compare(json.loads(before), json.loads(after), PurePosixPath(path).stem)
        return None if found is None else _short(str(found))
    return _byte(before, after)


def _tensor(then: Mapping[str, Tensor], now: Mapping[str, Tensor]) -> str | None:
    if gone := sorted(then.keys() - now.keys()):
        return f"tensor {gone[0]}: it is not there any more"
    if new := sorted(now.keys() - then.keys()):
        return f"tensor {new[0]}: it was not there"
    differing = {name: said for name, each in then.items() if (said := each.first(now[name]))}
    return next(
        (
            f"tensor {name} {said} ({len(differing)} of {len(then)} tensors)"
            for name, said in differing.items()
        ),
        None,
    )


def _cell(before: bytes, after: bytes) -> str | None:
    import pyarrow.parquet as pq

    then, now = (pq.read_table(io.BytesIO(content)) for content in (before, after))
    for name in then.column_names:
        if name not in now.column_names:
            return f"column {name}: it is not there any more"
        if then.schema.field(name).type != now.schema.field(name).type:
            return f"column {name}: then {then.schema.field(name).type}, now {now.schema.field(name).type}"
    if new := [name for name in now.column_names if name not in then.column_names]:
        return f"column {new[0]}: it was not there"
    cells = dict(_cells(then, now))
    if cells:
        name = min(cells, key=lambda each: cells[each])
        row = cells[name]
        then_value, now_value = (table[name][row].as_py() for table in (then, now))
        text = f"row {row:,}, column {name}: then {then_value!r}, now {now_value!r}"
        return _short(f"{text}; {len(cells)} of {then.num_columns} columns differ")
    if then.num_rows != now.num_rows:
        return f"then {then.num_rows:,} rows, now {now.num_rows:,}"
    return None


def _cells(then: Any, now: Any) -> Iterator[tuple[str, int]]:
    """The first row in which each column differs."""
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = min(then.num_rows, now.num_rows)
    for name in then.column_names:
        here, there = (table[name].slice(0, rows) for table in (then, now))
        other = pc.fill_null(pc.not_equal(here, there), False)
        if pa.types.is_floating(here.type):
            neither = pc.fill_null(pc.and_(pc.is_nan(here), pc.is_nan(there)), False)
            other = pc.and_(other, pc.invert(neither))
        at = pc.index(pc.or_(other, pc.xor(here.is_null(), there.is_null())), True).as_py()
        if at >= 0:
            yield name, at


def _byte(before: bytes, after: bytes) -> str:
    pairs = enumerate(zip(before, after, strict=False))
    at = next((at for at, (one, other) in pairs if one != other), min(len(before), len(after)))
    return f"byte {at:,}; then {len(before):,} bytes, now {len(after):,}"


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
