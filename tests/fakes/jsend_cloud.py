"""SmartBuildings' cloud in this process, its answers made of the examples in ecobee's OpenAPI document."""

from __future__ import annotations

import contextlib
import copy
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

from aiohttp import web

from tests.fakes import FakeClock
from tests.fakes.live import serving

CLIENT, SECRET = "a client", "its secret of the fake"
AUDIENCE = "https://api.sb.ecobee.com"
LIFE_S = 7200
BUILDING, THERMOSTAT = "5d67ec8293d7eb0013d04f8e", "011863314842"
"""A serial that begins with a nought."""
PARTS = ("", "status", "alerts", "alertSettings", "events", "sensors", "weather")
HOLDS = ("coolHold", "heatHold", "fanHold")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request as it was on the wire."""

    verb: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class JSendCloud:
    """One building with one thermostat. `data` is what each part of the thermostat answers; `building` what
    the building does. `fault`, where it gives an answer for a path, answers instead."""

    clock: FakeClock
    document: dict[str, Any]
    data: dict[str, Any] = field(default_factory=dict)
    building: dict[str, Any] = field(default_factory=dict)
    fault: Callable[[str], web.Response | None] = lambda path: None
    asked: list[Asked] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    holds_until_ms: int = 0
    url: str = ""

    def __post_init__(self) -> None:
        paths = self.document["paths"]
        of_thermostat = "/api/v1/thermostats/{thermostatId}"
        for part in PARTS:
            self.data[part] = self._example(paths[f"{of_thermostat}/{part}".rstrip("/")]["get"])
            self.data[part]["id"] = THERMOSTAT
        self.building = self._example(paths["/api/v1/buildings/{buildingId}"]["get"]) | {"id": BUILDING}
        self.data[""]["buildingId"] = BUILDING

    @property
    def calls(self) -> Counter[str]:
        return Counter(f"{asked.verb} {asked.path}" for asked in self.asked)

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[JSendCloud]:
        async with serving(self._answer) as self.url:
            yield self

    async def _answer(self, request: web.Request) -> web.Response:
        text = await request.text()
        asked = Asked(
            verb=request.method,
            path=request.path,
            headers={name.lower(): value for name, value in request.headers.items()},
            body=json.loads(text) if text else None,
        )
        self.asked.append(asked)
        answer = self._token(asked) if asked.path == "/token" else self._guarded(asked)
        answer.headers["Date"] = formatdate(self.clock.now_ms() / 1000, usegmt=True)
        return answer

    def _token(self, asked: Asked) -> web.Response:
        wanted = {"audience": AUDIENCE, "grant_type": "client_credentials", "client_id": CLIENT}
        if not isinstance(asked.body, dict) or not wanted.items() <= asked.body.items():
            return web.json_response(
                {"error": "access_denied", "error_description": "Unauthorized"}, status=403
            )
        if asked.body.get("client_secret") != SECRET:
            return web.json_response(
                {"error": "access_denied", "error_description": "Unauthorized"}, status=401
            )
        self.tokens.append(f"eyJhbGciOiJSUzI1NiJ9.eyJuIjoi{len(self.tokens):06d}.c2lnbmF0dXJl")
        self.holds_until_ms = self.clock.now_ms() + LIFE_S * 1000
        return web.json_response(
            {
                "access_token": self.tokens[-1],
                "scope": "read:building",
                "expires_in": LIFE_S,
                "token_type": "Bearer",
            }
        )

    def _guarded(self, asked: Asked) -> web.Response:
        if not self.tokens or asked.headers.get("authorization") != f"Bearer {self.tokens[-1]}":
            return web.json_response({"message": "Invalid signature"}, status=401)
        if self.clock.now_ms() >= self.holds_until_ms:
            return web.json_response({"exp": "token expired"}, status=401)
        path = asked.path.removeprefix("/api/v1/")
        if (answer := self.fault(path)) is not None:
            return answer
        if asked.verb == "GET":
            return self._read(path)
        return self._obey(path.removeprefix(f"thermostats/{THERMOSTAT}/"), asked.body)

    def _read(self, path: str) -> web.Response:
        if path == "buildingIds":
            return self._listed("buildings", [BUILDING])
        if path in ("thermostatIds", f"buildings/{BUILDING}/thermostats"):
            return self._listed("thermostats", [THERMOSTAT])
        if path == f"buildings/{BUILDING}":
            return success(self.building)
        part = path.removeprefix(f"thermostats/{THERMOSTAT}").lstrip("/")
        if path.startswith(f"thermostats/{THERMOSTAT}") and part in self.data:
            return success(self.data[part])
        message = {"error": "Not found"}
        return web.json_response({"status": "error", "message": message, "code": 404}, status=404)

    def _listed(self, kind: str, ids: list[str]) -> web.Response:
        items = [{"id": key, "contentLocation": f"{AUDIENCE}/api/v1/{kind}/{key}"} for key in ids]
        return success({"count": len(items), "items": items})

    def _obey(self, what: str, body: Any) -> web.Response:
        if what == "resumeSchedule":
            return web.Response(status=204)
        if what == "hvacMode":
            return success(body)
        if what in HOLDS:
            return success(body, 201)
        return web.Response(status=204)

    def _example(self, operation: dict[str, Any]) -> Any:
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        return copy.deepcopy(self._exemplified(schema)["data"])

    def _exemplified(self, schema: dict[str, Any]) -> Any:
        """What the document's examples make of a schema; of a choice its first."""
        if "$ref" in schema:
            return self._exemplified(
                self.document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
            )
        if "example" in schema:
            return schema["example"]
        if "allOf" in schema:
            parts = [self._exemplified(part) for part in schema["allOf"]]
            return {name: value for part in parts if isinstance(part, dict) for name, value in part.items()}
        if "properties" in schema:
            return {name: self._exemplified(each) for name, each in schema["properties"].items()}
        if schema.get("type") == "array":
            return [self._exemplified(schema["items"])]
        if "enum" in schema:
            return schema["enum"][0]
        plain = {"string": "text", "number": 70.5, "integer": 50, "boolean": True}
        return schema.get("default", plain.get(schema.get("type", "string"), {}))


def success(data: Any, status: int = 200) -> web.Response:
    return web.json_response({"status": "success", "data": data}, status=status)
