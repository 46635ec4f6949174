"""A digest for a piece of work: the function by its name, what it is given by its value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import partial, singledispatch
from types import FunctionType
from typing import Any

import numpy as np
from pydantic import BaseModel

from pricetrail.lineage import canonical


def digest(*values: object) -> str:
    """Equal for equal values, in whichever process, in whichever run.

    Raises:
        TypeError: one of them is of no kind that a piece of work is made of.

    >>> digest({"a": 1, "b": 0.5}) == digest({"b": 0.5, "a": 1}) != digest({"a": 1})
    True
    """
    return canonical.digest(canonical.dumps(plain(values)))


@singledispatch
def plain(value: object) -> Any:
    """``value`` as plain data."""
    if is_dataclass(value):
        told = {each.name: plain(getattr(value, each.name)) for each in fields(value) if each.compare}
        return [type(value).__qualname__, told]
    raise TypeError(f"A piece of work is made of plain data, found {type(value).__qualname__}.")


@plain.register(type(None))
@plain.register(bool)
@plain.register(int)
@plain.register(str)
def _itself(value: Any) -> Any:
    return value


@plain.register
def _(value: float) -> Any:
    return repr(value)


@plain.register(tuple)
@plain.register(list)
def _several(value: Any) -> Any:
    return [plain(each) for each in value]


@plain.register(set)
@plain.register(frozenset)
def _unordered(value: Any) -> Any:
    return ["set", sorted((plain(each) for each in value), key=repr)]


@plain.register
def _(value: Mapping) -> Any:  # type: ignore[type-arg]
    return ["mapping", sorted(([plain(key), plain(each)] for key, each in value.items()), key=repr)]


@plain.register
def _(value: BaseModel) -> Any:
    return [type(value).__qualname__, value.model_dump_json()]


@plain.register
def _(value: FunctionType) -> Any:
    return f"{value.__module__}:{value.__qualname__}"


@plain.register
def _(value: partial) -> Any:  # type: ignore[type-arg]
    return [plain(value.func), plain(value.args), plain(value.keywords)]


@plain.register
def _(value: np.ndarray) -> Any:
    if value.dtype.hasobject:
        return ["array", value.shape, plain(value.ravel().tolist())]
    return ["array", value.dtype.str, value.shape, canonical.digest(np.ascontiguousarray(value).tobytes())]


@plain.register
def _(value: np.generic) -> Any:
    return plain(value.item())
