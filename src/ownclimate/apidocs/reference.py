"""An OpenAPI document as rows of a page: what a person reads who has no interactive browser."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownParameter:
    name: str
    place: str
    is_required: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownOperation:
    id: str
    method: str
    path: str
    summary: str
    scopes: tuple[str, ...]
    parameters: tuple[ShownParameter, ...]
    answers: tuple[str, ...]


def operations_of(document: Mapping[str, Any]) -> tuple[ShownOperation, ...]:
    """Every operation of the document, aliases left out, in its order."""
    found = []
    for path, item in document["paths"].items():
        for method in METHODS:
            operation = item.get(method)
            if operation is not None and "Alias" not in operation["operationId"]:
                found.append(_shown(method, path, operation))
    return tuple(found)


def _shown(method: str, path: str, operation: Mapping[str, Any]) -> ShownOperation:
    parameters = [
        ShownParameter(name=p["name"], place=p["in"], is_required=bool(p.get("required")))
        for p in operation.get("parameters", ())
    ]
    for media in operation.get("requestBody", {}).get("content", {}).values():
        schema = media.get("schema", {})
        required = schema.get("required", ())
        parameters += [
            ShownParameter(name=name, place="body", is_required=name in required)
            for name in schema.get("properties", {})
        ]
        break
    scopes = [scope for need in operation.get("security", ()) for names in need.values() for scope in names]
    return ShownOperation(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        scopes=tuple(scopes),
        parameters=tuple(dict.fromkeys(parameters)),
        answers=tuple(sorted(operation["responses"])),
    )
