"""Two versions of one file, compared down to the first number that differs."""

import io
import json

import numpy as np
import onnx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import save

from pricetrail.lineage import canonical
from pricetrail.lineage.artifact import Artifact
from pricetrail.lineage.likeness import Verdict, compare

WEIGHTS = {"a": np.arange(6, dtype="f4").reshape(2, 3), "b": np.zeros(2, "i8")}


def of(path, content):
    return Artifact(path, len(content), canonical.digest(content), "")


def compared(path, before, after):
    return compare(of(path, before), of(path, after), before, after)


def table(**columns):
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


def network(weight, trees=(1.0, 2.0), operation="Gemm", producer="one"):
    helper = onnx.helper
    node = helper.make_node(operation, ["x", "w"], ["y"], name="layer", values=list(trees))
    tensor = onnx.numpy_helper.from_array(np.array(weight, "f4"), "w")
    graph = helper.make_graph([node], "g", [], [], [tensor])
    return helper.make_model(graph, producer_name=producer).SerializeToString()


def bump(name, at, value):
    changed = {key: each.copy() for key, each in WEIGHTS.items()}
    changed[name].flat[at] = value
    return save(changed)


def test_same_bytes():
    found = compared("w.safetensors", save(WEIGHTS), save(WEIGHTS))
    assert (bool(found), found.verdict, found.tensors) == (True, Verdict.IDENTICAL, 2)


def test_same_tensors_in_another_order():
    def written(names):
        body, header = b"", {}
        for name in names:
            content = WEIGHTS[name].tobytes()
            kind = {"f": "F32", "i": "I64"}[WEIGHTS[name].dtype.kind]
            offsets = [len(body), len(body) + len(content)]
            header[name] = {"dtype": kind, "shape": list(WEIGHTS[name].shape), "data_offsets": offsets}
            body += content
        text = json.dumps(header).encode()
        return len(text).to_bytes(8, "little") + text + body

    found = compared("w.safetensors", written("ab"), written("ba"))
    assert (bool(found), found.verdict) == (True, Verdict.SAME_TENSORS)


@pytest.mark.parametrize(
    ("path", "before", "after", "where"),
    [
        (
            "w.safetensors",
            save(WEIGHTS),
            bump("a", 4, 4.5),
            "tensor a at [1, 1] then 4.0, now 4.5; 1 of 6 differ",
        ),
        ("w.safetensors", save(WEIGHTS), bump("a", 0, -0.0), "tensor a at [0, 0] then 0.0, now -0.0; 1 of 6"),
        ("w.safetensors", save(WEIGHTS), save({"a": WEIGHTS["a"]}), "tensor b: it is not there any more"),
        (
            "w.safetensors",
            save(WEIGHTS),
            save({**WEIGHTS, "b": np.zeros(3, "i8")}),
            "b then I64 [2], now I64 [3]",
        ),
        ("m.onnx", network([1, 2]), network([1, 3]), "tensor w at [1] then 2.0, now 3.0"),
        (
            "m.onnx",
            network([1]),
            network([1], trees=(1.0, 2.5)),
            "tensor layer.values at [1] then 2.0, now 2.5",
        ),
        ("m.onnx", network([1]), network([1], operation="Add"), "tensor graph"),
        ("m.onnx", b"1,2 7", b"1,2 8", "byte 4"),
        ("m.json", b'{"mse": 0.5, "n": 1}', b'{"n": 1, "mse": 0.25}', "m.mse: then 0.5, now 0.25"),
        ("m.json", b'{"n": 1}', b'{"n":1}', "byte 5"),
        (
            "t.parquet",
            table(a=[1, 2], b=[1.0, 2.0]),
            table(a=[1, 2], b=[1.0, 2.5]),
            "row 1, column b: then 2.0",
        ),
        (
            "t.parquet",
            table(a=[1, None]),
            table(a=[1, 7]),
            "row 1, column a: then None, now 7; 1 of 1 columns",
        ),
        ("t.parquet", table(a=[1, 2]), table(a=[1]), "then 2 rows, now 1"),
        ("t.parquet", table(a=[1]), table(a=["1"]), "column a: then int64, now string"),
        ("t.parquet", table(a=[1], b=[2]), table(a=[1]), "column b: it is not there any more"),
        ("page.html", b"abc", b"abcd", "byte 3; then 3 bytes, now 4"),
    ],
)
def test_first_difference_is_named(path, before, after, where):
    found = compared(path, before, after)
    assert not found
    assert where in found.where


def test_not_a_number_is_itself():
    found = compared("t.parquet", table(a=[float("nan"), 1.0]), table(a=[float("nan"), 2.0]))
    assert found.where.startswith("row 1, column a: then 1.0, now 2.0")


def test_missing_file():
    then = of("m.json", b"{}")
    assert compare(then, None, None, None).verdict is Verdict.MISSING
    assert "not at hand" in compare(then, of("m.json", b"[]"), None, b"[]").where
