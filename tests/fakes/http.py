"""An ASGI client for tests: one request in, one answer out, checked against the face's own document.

Every answer of a documented row is validated: its status must be in the OpenAPI document, its content
type and body as the document says. A face whose table and answers drift apart fails its own tests.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from operator import attrgetter
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from ownclimate.web.dispatch import Application, RequestEntry
from ownclimate.web.openapi import document_of
from ownclimate.web.tables import Dialect, Endpoint

_of_row = attrgetter(*(field.name for field in dataclasses.fields(Endpoint) if field.name != "handler"))
_of_dialect = attrgetter(
    *(field.name for field in dataclasses.fields(Dialect) if field.name not in ("endpoints", "fault"))
)


@dataclasses.dataclass(frozen=True)
class Answered:
    status: int
    headers: dict[str, str]
    body: bytes
    entry: RequestEntry

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class _Document:
    """What a dialect's own document says of answers."""

    def __init__(self, dialect: Dialect) -> None:
        self.paths: Mapping[str, Any] = (whole := document_of(dialect))["paths"]
        draft = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
        resource = Resource.from_contents(draft | whole)
        self._registry: Registry[Any] = Registry().with_resource("urn:document", resource)

    @classmethod
    def of(cls, dialect: Dialect) -> _Document:
        """Made once for all dialects that say the same in their tables, whatever their rows do: it takes
        longer than most tests."""
        table = (_of_dialect(dialect), [_of_row(endpoint) for endpoint in dialect.endpoints])
        known = _documents.get(dialect.name)
        if known is None or known[0] != table:
            known = _documents[dialect.name] = (table, cls(dialect))
        return known[1]

    def validate(self, value: Any, schema: Any) -> None:
        rooted = json.loads(json.dumps(schema).replace('"#/', '"urn:document#/'))
        Draft202012Validator(rooted, registry=self._registry).validate(value)


_documents: dict[str, tuple[Any, _Document]] = {}
"""By dialect the last one that was asked for, and the table that it was made of."""


class Client:
    """Speaks to an application without a socket. `headers` go with every request."""

    def __init__(
        self, app: Application, entries: list[RequestEntry], dialects: tuple[Dialect, ...] = ()
    ) -> None:
        self._app = app
        self._entries = entries
        self._dialects = {dialect.name: dialect for dialect in dialects}
        self._documents: dict[str, _Document] = {}
        self.headers: dict[str, str] = {}

    async def get(self, target: str, **headers: str) -> Answered:
        return await self.request("GET", target, headers=headers)

    async def request(
        self,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | list[bytes] = b"",
        json_body: Any = None,
    ) -> Answered:
        """Header names may be written with underscores; an empty value takes one away."""
        sent = {"host": "climate.test", **self.headers}
        sent |= {name.replace("_", "-").lower(): value for name, value in (headers or {}).items()}
        if json_body is not None:
            body = json.dumps(json_body).encode()
            sent.setdefault("content-type", "application/json")
        parts = body if isinstance(body, list) else [body]
        path, _, query = target.partition("?")
        scope = {
            "type": "http",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in sent.items() if value],
        }
        messages = [
            {"type": "http.request", "body": part, "more_body": place < len(parts) - 1}
            for place, part in enumerate(parts)
        ]
        received = iter(messages)
        answered: list[Any] = []

        async def receive() -> Any:
            return next(received, {"type": "http.disconnect"})

        async def send(message: Any) -> None:
            answered.append(message)

        await self._app(scope, receive, send)
        start = answered[0]
        found = Answered(
            status=start["status"],
            headers={name.decode().lower(): value.decode("latin-1") for name, value in start["headers"]},
            body=b"".join(message.get("body", b"") for message in answered[1:]),
            entry=self._entries[-1],
        )
        self._validate(found)
        return found

    def _document(self, name: str) -> _Document | None:
        """Looked up when a dialect is first heard."""
        if name in self._dialects and name not in self._documents:
            self._documents[name] = _Document.of(self._dialects[name])
        return self._documents.get(name)

    def _validate(self, found: Answered) -> None:
        document = self._document(found.entry.dialect)
        if document is None:
            return
        method = "get" if found.entry.method == "HEAD" else found.entry.method.lower()
        operation = document.paths.get(found.entry.route, {}).get(method)
        if operation is None:
            assert found.status in (204, 404, 405), "only what is in the table may be answered otherwise"
            return
        where = f"{method} {found.entry.route} → {found.status}"
        assert str(found.status) in operation["responses"], f"{where} is not in the document"
        response = operation["responses"][str(found.status)]
        if found.entry.method == "HEAD" or "content" not in response:
            assert found.body == b"", f"{where} must have no body"
            return
        media = found.headers["content-type"].partition(";")[0]
        assert media in response["content"], f"{where} came as {media}"
        schema = response["content"][media].get("schema")
        if schema is not None and media.endswith("json"):
            document.validate(found.json, schema)
