"""The numbers in a file of weights, each under its name: two saves of equal tensors can differ as files.

Of an ONNX model those are its initialisers and the numbers on its nodes (a forest keeps its trees there); all
that is left, the graph, counts as one tensor of bytes, so that nothing of the file goes without being compared.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import numpy as np

TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1"}
TYPES |= {"U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "|u1", "BOOL": "|b1"}


@dataclass(frozen=True, slots=True)
class Tensor:
    """Numbers of one type and shape, by their bytes: equal is equal to the last bit."""

    kind: str
    shape: tuple[int, ...]
    content: bytes

    def first(self, other: Tensor) -> str | None:
        """Where the other one differs first, in words; None where it is equal."""
        if (self.kind, self.shape) != (other.kind, other.shape):
            return f"then {self.kind} {list(self.shape)}, now {other.kind} {list(other.shape)}"
        if self.content == other.content:
            return None
        here, there = self.array(), other.array()
        width = here.dtype.itemsize
        bits = np.frombuffer(self.content, "u1") != np.frombuffer(other.content, "u1")
        at = np.flatnonzero(bits.reshape(-1, width).any(axis=1))
        index = [int(each) for each in np.unravel_index(at[0], self.shape or (1,))]
        return f"at {index} then {here[at[0]]!s}, now {there[at[0]]!s}; {len(at):,} of {len(here):,} differ"

    def array(self) -> np.ndarray[Any, np.dtype[Any]]:
        """The numbers in a row; of a type that numpy has not, the bytes."""
        return np.frombuffer(self.content, TYPES.get(self.kind, self.kind if self.kind[0] in "<|" else "u1"))


def read(path: str, content: bytes) -> dict[str, Tensor] | None:
    """The tensors in the bytes of a file, by name; None where its kind has none, or the bytes are not of that kind."""
    reader = READERS.get(PurePosixPath(path).suffix)
    try:
        return None if reader is None else dict(reader(content))
    except (ValueError, KeyError, TypeError):
        return None


def _safetensors(content: bytes) -> Iterator[tuple[str, Tensor]]:
    length = int.from_bytes(content[:8], "little")
    for name, about in json.loads(content[8 : 8 + length]).items():
        if name == "__metadata__":
            yield name, _text(json.dumps(about, sort_keys=True).encode())
        else:
            begin, end = (8 + length + offset for offset in about["data_offsets"])
            yield name, Tensor(about["dtype"], tuple(about["shape"]), content[begin:end])


def _npy(content: bytes) -> Iterator[tuple[str, Tensor]]:
    yield "array", _array(np.load(io.BytesIO(content), allow_pickle=False))


def _onnx(content: bytes) -> Iterator[tuple[str, Tensor]]:
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load_model_from_string(content)
    except DecodeError as error:
        raise ValueError("no ONNX model") from error
    for each in model.graph.initializer:
        yield each.name, _array(onnx.numpy_helper.to_array(each))
    del model.graph.initializer[:]
    for at, node in enumerate(model.graph.node):
        for attribute in node.attribute:
            for field in ("floats", "ints"):
                if numbers := getattr(attribute, field):
                    kind = np.float32 if field == "floats" else np.int64
                    yield f"{node.name or at}.{attribute.name}", _array(np.array(numbers, kind))
                    attribute.ClearField(field)
    yield "graph", _text(model.SerializeToString(deterministic=True))


def _array(array: np.ndarray[Any, np.dtype[Any]]) -> Tensor:
    return Tensor(array.dtype.str, array.shape, np.ascontiguousarray(array).tobytes())


def _text(content: bytes) -> Tensor:
    return Tensor("U8", (len(content),), content)


READERS: dict[str, Callable[[bytes], Iterator[tuple[str, Tensor]]]] = {
    ".safetensors": _safetensors,
    ".onnx": _onnx,
    ".npy": _npy,
}
