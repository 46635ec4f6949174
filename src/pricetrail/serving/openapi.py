"""The API's description, OpenAPI 3.1, from the same models that check what is asked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, TypeAdapter

from pricetrail import __version__
from pricetrail.serving import answers

REFS = "#/components/schemas/{model}"
JSON, PROBLEM = "application/json", "application/problem+json"
ABOUT = (
    "Prices with their proof. Every price comes with the number of a receipt, which was kept before the answer left;"
    " from it the trail leads down to code and raw bytes."
)
SAID = {
    403: "The key is missing or another one.",
    404: "There is no such thing; the nearest are named where there are any.",
    409: "It clashes with what is there.",
    413: "The body is too large.",
    415: "The body is of another type.",
    422: "What is asked for cannot be answered as it stands; the detail says why.",
    429: "Too much at once, or in a second.",
    500: "A fault of the service.",
    503: "It cannot be answered for now; the detail says what to do.",
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be asked.

    Attributes:
        query, body: the model of what is asked; its fields that stand in the path are taken from there.
        answer: the type of the answer, or its media type where it is no JSON.
        fails: statuses beside 200, 429, 500 and, where there is a query or a body, 422.
        write: whether it needs the key.
    """

    method: str
    path: str
    id: str
    summary: str
    answer: Any
    query: type[BaseModel] | None = None
    body: Any = None
    fails: tuple[int, ...] = ()
    write: bool = False
    media: tuple[str, ...] = ()


def document(operations: Iterable[Operation]) -> dict[str, Any]:
    """The whole description."""
    schemas: dict[str, Any] = {}
    paths: dict[str, dict[str, Any]] = {}
    for each in operations:
        paths.setdefault(each.path, {})[each.method] = _operation(each, schemas)
    _schema(answers.Problem, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "pricetrail", "version": __version__, "description": ABOUT},
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(each: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": each.id,
        "summary": each.summary,
        "parameters": list(_parameters(each, schemas)),
        "responses": _responses(each, schemas),
    }
    if each.body is not None:
        content = {JSON: {"schema": _schema(each.body, schemas)}}
        found["requestBody"] = {"required": True, "content": content}
    if each.write:
        found["security"] = [{"key": []}]
    return found


def _parameters(each: Operation, schemas: dict[str, Any]) -> Iterator[dict[str, Any]]:
    in_path = re.findall(r"{(\w+)}", each.path)
    fields = _fields(each.query, schemas) if each.query else {}
    for name in in_path:
        schema = fields.get(name, {"type": "string", "minLength": 1, "maxLength": 200})
        yield {"name": name, "in": "path", "required": True, "schema": schema}
    for name, schema in fields.items():
        if name not in in_path:
            text = {"description": schema.pop("description")} if "description" in schema else {}
            listed = {"style": "form", "explode": False} if schema.get("type") == "array" else {}
            yield {"name": name, "in": "query", **text, **listed, "schema": schema}


def _fields(model: type[BaseModel], schemas: dict[str, Any]) -> dict[str, Any]:
    """The schema of each field; in a query nothing is null, it is left out."""
    whole = model.model_json_schema(ref_template=REFS)
    schemas.update(whole.pop("$defs", {}))
    return {name: _present(schema) for name, schema in whole["properties"].items()}


def _present(schema: dict[str, Any]) -> dict[str, Any]:
    kinds = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    kept = {name: value for name, value in schema.items() if name not in {"anyOf", "title"}}
    if kept.get("default", "") is None:
        del kept["default"]
    if not kinds:
        return kept
    return {**kept, **kinds[0]} if len(kinds) == 1 else {**kept, "anyOf": kinds}


def _responses(each: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    content = {media: {"schema": {"type": "string"}} for media in each.media}
    if each.answer is not None:
        content = {JSON: {"schema": _schema(each.answer, schemas)}, **content}
    asked = each.query is not None or each.body is not None
    fails = {
        *each.fails,
        429,
        500,
        *((422,) if asked else ()),
        *((413, 415) if each.body is not None else ()),
    }
    problem = {PROBLEM: {"schema": {"$ref": REFS.format(model="Problem")}}}
    return {
        "200": {"description": each.summary, "content": content},
        **{str(code): {"description": SAID[code], "content": problem} for code in sorted(fails)},
    }


def _schema(kind: Any, schemas: dict[str, Any]) -> dict[str, Any]:
    asked = isinstance(kind, type) and issubclass(kind, BaseModel)
    mode: Literal["validation", "serialization"] = "validation" if asked else "serialization"
    whole = TypeAdapter(kind).json_schema(ref_template=REFS, mode=mode)
    schemas.update(whole.pop("$defs", {}))
    name = whole.get("title")
    if name is None or "$ref" in whole:
        return dict(whole)
    schemas[name] = whole
    return {"$ref": REFS.format(model=name)}
