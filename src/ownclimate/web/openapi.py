"""The OpenAPI 3.1 document of a dialect, out of its table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from ownclimate.web.faults import title_of
from ownclimate.web.idempotency import LONGEST_KEY
from ownclimate.web.parameters import names_in, parameters_of
from ownclimate.web.tables import BodyKind, Credential, Dialect, Endpoint, Parameter, Place, Success, Unknown

Schema = dict[str, Any]

RETRY_AFTER = "Retry-After"
REF_TEMPLATE = "#/components/schemas/{name}"
SECURITY = "token"
_ANY_STATUS = 0
_KIND = re.compile(r":\w+\}")


def document_of(dialect: Dialect) -> Schema:
    """A complete document; aliases of a path stand in it like paths of their own."""
    shapes = _Shapes(dialect)
    paths: dict[str, Schema] = {}
    for endpoint in dialect.endpoints:
        for place, path in enumerate((endpoint.path, *endpoint.aliases)):
            item = paths.setdefault(_KIND.sub("}", path), {})
            for method in endpoint.methods:
                suffix = "" if place == 0 else f"Alias{place}"
                suffix += "" if method == endpoint.methods[0] else method.title()
                item[method.lower()] = _operation(endpoint, dialect, shapes, path, suffix)
    components: Schema = {"schemas": shapes.components}
    if not all(endpoint.is_public for endpoint in dialect.endpoints):
        components["securitySchemes"] = {SECURITY: _security_scheme(dialect)}
    return {
        "openapi": "3.1.0",
        "info": {"title": dialect.title, "version": dialect.version},
        "paths": paths,
        "components": components,
    }


class _Shapes:
    """Schemas of every type that the dialect's rows and faults mention."""

    def __init__(self, dialect: Dialect) -> None:
        faults: dict[int, Any] = {_ANY_STATUS: dialect.fault_shape, **dialect.fault_shapes}
        successes = [s for e in dialect.endpoints for s in e.successes if s.item not in (None, bytes)]
        structs = list(dict.fromkeys(e.params for e in dialect.endpoints if e.params is not None))
        sent = [*faults.values(), *(_shape(success, dialect) for success in successes)]
        schemas, self.components = msgspec.json.schema_components(
            [*sent, *structs], ref_template=REF_TEMPLATE
        )
        found = iter(schemas)
        self._faults = {status: next(found) for status in faults}
        self._successes = {id(success): next(found) for success in successes}
        names = {struct: next(found)["$ref"].rpartition("/")[2] for struct in structs}
        self._fields = {struct: self.components[name]["properties"] for struct, name in names.items()}
        # A parameter struct's fields are shown one by one; unless it is sent as well it is no component.
        for struct in set(structs).difference(sent):
            del self.components[names[struct]]

    def of_fault(self, status: int) -> Schema:
        return self._faults.get(status) or self._faults[_ANY_STATUS]

    def of_success(self, success: Success) -> Schema:
        """Content that is not JSON is text to the document."""
        return {"type": "string"} if success.item is bytes else self._successes[id(success)]

    def of_field(self, endpoint: Endpoint, name: str) -> Schema:
        assert endpoint.params is not None, "only a parameter struct has fields"
        schema: Schema = self._fields[endpoint.params][name]
        return schema


def _shape(success: Success, dialect: Dialect) -> Any:
    if dialect.envelope is None or success.is_bare:
        return success.item
    return dialect.envelope.shape(success.item)


def _operation(endpoint: Endpoint, dialect: Dialect, shapes: _Shapes, path: str, suffix: str) -> Schema:
    parameters = parameters_of(endpoint, dialect)
    operation: Schema = {
        "operationId": endpoint.operation_id + suffix,
        "summary": endpoint.summary or endpoint.operation_id,
        "parameters": _parameters(parameters, endpoint, shapes, names_in(path)),
        "responses": _responses(endpoint, dialect, shapes),
        "x-ownclimate": _notes(endpoint),
    }
    unknown = dialect.unknown if endpoint.unknown is None else endpoint.unknown
    if unknown is Unknown.COLLECT:
        operation["parameters"].append(_FREE_PARAMETERS)
    if endpoint.bodies:
        operation["requestBody"] = _request_body(endpoint, parameters, shapes)
    if endpoint.honours_keys:
        operation["parameters"].append(_IDEMPOTENCY_KEY)
    if not endpoint.is_public:
        operation["security"] = [{SECURITY: list(endpoint.scopes)}]
    return operation


_IDEMPOTENCY_KEY: Schema = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same request under the same key is answered as it was the first time, for a day",
    "schema": {"type": "string", "maxLength": LONGEST_KEY},
}
_FREE_PARAMETERS: Schema = {
    "name": "filters",
    "in": "query",
    "required": False,
    "style": "form",
    "explode": True,
    "description": "Any field of the resource with the value it must have",
    "schema": {"type": "object", "additionalProperties": {"type": "string"}},
}


def _parameters(
    parameters: Sequence[Parameter], endpoint: Endpoint, shapes: _Shapes, in_path: frozenset[str]
) -> list[Schema]:
    """An alias may leave out a parameter of the path, or have one that no field takes."""
    shown = [
        _parameter(parameter, endpoint, shapes)
        for parameter in parameters
        if parameter.name in in_path or parameter.place in (Place.QUERY, Place.HEADER, Place.ANYWHERE)
    ]
    stray = sorted(in_path.difference(parameter.name for parameter in parameters))
    return shown + [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in stray
    ]


def _parameter(parameter: Parameter, endpoint: Endpoint, shapes: _Shapes) -> Schema:
    place = Place.QUERY if parameter.place is Place.ANYWHERE else parameter.place
    # What may also stand in the body is required of neither place alone.
    is_required = parameter.is_required and parameter.place is not Place.ANYWHERE
    is_required = is_required or parameter.place is Place.PATH
    shown: Schema = {
        "name": parameter.name,
        "in": place.value,
        "required": is_required,
        "schema": shapes.of_field(endpoint, parameter.name),
    }
    if parameter.name in endpoint.examples:
        shown["example"] = endpoint.examples[parameter.name]
    return shown


def _request_body(endpoint: Endpoint, parameters: Iterable[Parameter], shapes: _Shapes) -> Schema:
    if BodyKind.RAW in endpoint.bodies:
        named = [kind.value for kind in endpoint.bodies if kind is not BodyKind.RAW]
        return {"content": {media: {} for media in named or [BodyKind.RAW.value]}}
    fields = [p for p in parameters if p.place in (Place.BODY, Place.ANYWHERE)]
    schema: Schema = {
        "type": "object",
        "properties": {p.name: shapes.of_field(endpoint, p.name) for p in fields},
    }
    required = [p.name for p in fields if p.is_required and p.place is Place.BODY]
    if required:
        schema["required"] = required
    example = {p.name: endpoint.examples[p.name] for p in fields if p.name in endpoint.examples}
    shown: Schema = {"schema": schema, "example": example} if example else {"schema": schema}
    return {"required": bool(required), "content": {kind.value: shown for kind in endpoint.bodies}}


def _responses(endpoint: Endpoint, dialect: Dialect, shapes: _Shapes) -> Schema:
    responses: Schema = {}
    # What is told with every answer is told once it is known who asks.
    limits = () if endpoint.is_public else tuple(n for n in dialect.rate_headers if n != RETRY_AFTER)
    for success in endpoint.successes:
        shown: Schema = {"description": success.summary}
        names = (*success.headers, *(("ETag",) if endpoint.is_conditional else ()), *limits)
        if names:
            shown["headers"] = {name: {"schema": {"type": "string"}} for name in names}
        if success.item is not None:
            media = (success.content_type or dialect.content_type).partition(";")[0]
            shown["content"] = {media: {"schema": shapes.of_success(success)}}
        responses[str(success.status)] = shown
    if endpoint.is_conditional:
        responses["304"] = {"description": "The client has this very answer"}
    statuses = {*dialect.fault_statuses, *endpoint.errors}
    if endpoint.honours_keys:
        statuses.add(409)
    if endpoint.is_public:
        statuses -= {401, 403, 429}
    statuses -= {success.status for success in endpoint.successes}
    for status in sorted(statuses):
        responses[str(status)] = {
            "description": title_of(status),
            "content": {dialect.fault_type: {"schema": shapes.of_fault(status)}},
        }
        if status == 429:
            responses["429"]["headers"] = {n: {"schema": {"type": "string"}} for n in dialect.rate_headers}
    return responses


def _notes(endpoint: Endpoint) -> Schema:
    """What OpenAPI has no words for."""
    return {
        "permission": None if endpoint.permission is None else endpoint.permission.value,
        "anyScopes": list(endpoint.any_scopes),
        "narrowedScopes": list(endpoint.narrowed_scopes),
        "owned": list(endpoint.owned),
        "limit": {"class": endpoint.limit_class, "cost": endpoint.limit_cost},
        "repeatable": endpoint.is_repeatable,
        "audit": endpoint.audit,
        "certainty": endpoint.certainty.value,
    }


def _security_scheme(dialect: Dialect) -> Schema:
    if Credential.BEARER in dialect.credentials:
        return {"type": "http", "scheme": "bearer"}
    place = "header" if Credential.HEADER in dialect.credentials else "query"
    return {"type": "apiKey", "in": place, "name": dialect.credential_parameter}
