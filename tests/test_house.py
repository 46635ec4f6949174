"""The repository checks itself: what the house style promises is held by a machine."""

import ast
import inspect
import re
from pathlib import Path

import pytest

from pricetrail import errors
from pricetrail.params import Params

ROOT = Path(__file__).parent.parent
MODULES = sorted((ROOT / "src").rglob("*.py"))
HEADINGS = set(
    re.findall(r"^### `(\S+)`$", (ROOT / "docs/parameters.md").read_text(encoding="utf-8"), re.MULTILINE)
)
SETTINGS = [f"{block}.{name}" for block, values in Params().model_dump().items() for name in values]


def drawn(error, depth=0):
    yield "    " * depth + error.__name__
    for child in error.__subclasses__():
        yield from drawn(child, depth + 1)


def bodies():
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                yield f"{path.name}:{node.name}", body[-1].end_lineno - body[0].lineno + 1 if body else 0


def test_error_tree_is_as_drawn():
    assert "\n".join(drawn(errors.PricetrailError)) in inspect.getdoc(errors)


def test_nine_functions_in_ten_within_thirty_lines():
    lengths = [length for _, length in bodies()]
    assert sum(length <= 30 for length in lengths) >= 0.9 * len(lengths)


def test_no_function_above_fifty_lines():
    assert [name for name, length in bodies() if length > 50] == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_module_within_four_hundred_lines(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


@pytest.mark.parametrize("setting", SETTINGS)
def test_setting_is_documented(setting):
    assert setting in HEADINGS


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_no_room_for_leftovers(path):
    assert path.stem not in {"utils", "util", "helpers", "helper", "common", "misc"}
