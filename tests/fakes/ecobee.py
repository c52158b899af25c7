"""ecobee's own OpenAPI document as a judge of our answers, its known defects put right."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from jsonschema import Draft4Validator
from referencing import Registry, Resource

PRINTABLE = "^[ -~]*$"
"""The document's patterns of thermostats' names leave out capitals, against its own example."""


class EcobeeDocument:
    def __init__(self, file: Path) -> None:
        self.document = json.loads(file.read_text(encoding="utf-8"))
        for schema in _schemas(self.document):
            _mend(schema)
        resource = Resource.from_contents(
            {"$schema": Draft4Validator.META_SCHEMA["$schema"], **self.document}
        )
        self._registry: Registry[Any] = Registry().with_resource("urn:ecobee", resource)
        self.operations = {
            operation["operationId"]: (method.upper(), path, operation)
            for path, methods in self.document["paths"].items()
            for method, operation in methods.items()
            if method != "parameters"
        }

    def scopes(self, operation_id: str) -> tuple[str, ...]:
        (security,) = self.operations[operation_id][2]["security"] or [{"": ()}]
        return tuple(next(iter(security.values())))

    def check(self, operation_id: str, status: int, body: bytes) -> None:
        """Raises AssertionError or ValidationError when the document does not allow the answer."""
        responses = self.operations[operation_id][2]["responses"]
        assert str(status) in responses, f"{operation_id} may not answer {status}"
        content = responses[str(status)].get("content")
        if content is None:
            assert body == b"", f"{operation_id} {status} has no body"
            return
        schema = json.loads(json.dumps(content["application/json"]["schema"]).replace('"#/', '"urn:ecobee#/'))
        Draft4Validator(schema, registry=self._registry).validate(json.loads(body))


def _schemas(node: Any) -> Any:
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, list):
        for inner in node:
            yield from _schemas(inner)


def _mend(schema: dict[str, Any]) -> None:
    # Hundredths have no exact binary fraction, so a naive check of multiples fails.
    schema.pop("multipleOf", None)
    if re.fullmatch(r"\^\[a-z0-9.*", str(schema.get("pattern", ""))):
        schema["pattern"] = PRINTABLE
    properties = schema.get("properties")
    if isinstance(properties, dict) and "contentLocation" in properties:
        # One schema serves buildings and thermostats, whose ids are serial numbers.
        properties["id"] = {"type": "string"}
