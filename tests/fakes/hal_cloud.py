"""MClimate's cloud in this process, as the vendor publishes it: without the lists and logs that are ours.

Its lists page by its own size whatever is asked for, `total` counts one page, items link to the list instead
of to themselves, numbers may be text, and an empty list is an entity. It counts calls in fixed minutes by the
clock of the test and refuses those beyond.
"""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

from aiohttp import web

from tests.fakes import FakeClock
from tests.fakes.live import serving

USER, PASSWORD = "ada@example.org", "correct horse"
CLIENT, SECRET = "mclimate", "mclimate_core"
LIFE_S = 86_400


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request as it was on the wire."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


def problem(status: int, detail: str, **headers: str) -> web.Response:
    body = {"type": "", "status": status, "title": "Trouble", "detail": detail}
    return web.json_response(body, status=status, headers=headers, content_type="application/problem+json")


@dataclass
class HalCloud:
    """`controllers` are items of the list; `fetched` what `provider/fetch` tells, by serial; `commands` the
    log of commands by serial, newest first."""

    clock: FakeClock
    controllers: list[dict[str, Any]] = field(default_factory=list)
    fetched: dict[str, dict[str, Any]] = field(default_factory=dict)
    commands: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    schedules: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    geofences: list[dict[str, Any]] = field(default_factory=list)
    time_zone: str = "Europe/Sofia"
    page_size: int = 2
    claimed_pages: int = 0
    """What lists say they have, where that is not what they have."""
    per_minute: int = 60
    names_a_pause: bool = False
    """Whether a refusal comes with Retry-After."""
    renews: bool = True
    """Whether a refresh token is good for anything."""
    asked: list[Asked] = field(default_factory=list)
    refused: int = 0
    url: str = ""
    tokens: dict[str, int] = field(default_factory=dict)
    """Until when each holds, in milliseconds."""
    _issued: int = 0
    _counted: Counter[int] = field(default_factory=Counter)

    @property
    def calls(self) -> Counter[str]:
        """By method and path without a serial."""
        return Counter(f"{asked.method} {asked.path}" for asked in self.asked)

    def bodies(self, path: str) -> list[Any]:
        return [asked.body for asked in self.asked if asked.path == path]

    def expire(self) -> None:
        self.tokens.clear()

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[HalCloud]:
        async with serving(self._answer) as self.url:
            yield self

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        answer = await self._answer_to(request)
        answer.headers["Date"] = formatdate(self.clock.now_ms() / 1000, usegmt=True)
        return answer

    async def _answer_to(self, request: web.Request) -> web.Response:
        text = await request.text()
        is_form = request.content_type == "application/x-www-form-urlencoded"
        body = dict(await request.post()) if is_form else json.loads(text) if text else None
        path = request.path.removeprefix("/v1")
        headers = {name.lower(): value for name, value in request.headers.items()}
        asked = Asked(method=request.method, path=path, query=dict(request.query), headers=headers, body=body)
        self.asked.append(asked)
        if path in ("/auth/login", "/auth/renew"):
            return self._sign_in(path, body or {})
        _, _, token = headers.get("authorization", "").partition(" ")
        if self.tokens.get(token, 0) <= self.clock.now_ms():
            return problem(401, "The access token is invalid", **{"WWW-Authenticate": "Bearer"})
        minute = self.clock.now_ms() // 60_000
        self._counted[minute] += 1
        if self._counted[minute] > self.per_minute:
            self.refused += 1
            left_s = 60 - self.clock.now_ms() // 1000 % 60
            return problem(
                429, "Too many requests", **({"Retry-After": str(left_s)} if self.names_a_pause else {})
            )
        return self._resource(asked)

    def _sign_in(self, path: str, body: dict[str, Any]) -> web.Response:
        links = {"_links": {"self": {"href": f"/v1{path}"}}}

        def refusal(error: str) -> web.Response:
            auth = {"error": error, "error_description": "No."}
            return web.json_response({"auth": auth, **links}, status=401)

        if (body.get("client_id"), body.get("client_secret")) != (CLIENT, SECRET):
            return refusal("invalid_client")
        auth: dict[str, Any] = {}
        if path == "/auth/login":
            if (body.get("username"), body.get("password")) != (USER, PASSWORD):
                return refusal("invalid_grant")
            auth["refresh_token"] = "r" * 40
        elif not self.renews or body.get("refresh_token") != "r" * 40:
            return refusal("invalid_grant")
        self._issued += 1
        token = f"{self._issued:040x}"
        self.tokens[token] = self.clock.now_ms() + LIFE_S * 1000
        auth |= {"access_token": token, "expires_in": LIFE_S, "token_type": "Bearer", "scope": None}
        return web.json_response({"auth": auth, **links})

    def _resource(self, asked: Asked) -> web.Response:
        first, _, rest = asked.path.lstrip("/").partition("/")
        match asked.method, first, rest:
            case "GET", "users", "me":
                return self._me(asked)
            case "GET", "controllers", "":
                return self._page("controller", self.controllers, asked, "/v1/controllers")
            case "GET", "controllers", serial:
                return self._controller(serial)
            case "POST", "provider", "fetch":
                return self._fetch(asked.body)
            case "POST", "provider", "send":
                return self._send(asked.body)
            case "GET", "command_log", serial if serial in self.commands:
                return self._page("command_log", self.commands[serial], asked, f"/v1/command_log/{serial}")
            case "GET", "schedules", serial if serial in self.schedules:
                return self._page("schedules", self.schedules[serial], asked, f"/v1/schedules/{serial}")
            case "GET", "geofences", "":
                return self._page("geofence", self.geofences, asked, "/v1/geofences")
        return problem(404, "Page not found.")

    def _me(self, asked: Asked) -> web.Response:
        user: dict[str, Any] = {"user_id": 200, "username": USER, "created": "2016-07-06 18:59:46"}
        if asked.headers.get("accept-response") == "Advanced":
            user["_relation"] = {"country": {"id": 1, "country_code": "BG", "time_zone": self.time_zone}}
        links = {
            "self": {"href": "/v1/users"},
            "controller": {"href": "/v1/controller/{serial_number}", "templated": True},
        }
        return web.json_response({"users": user, "_links": links})

    def _page(self, name: str, items: list[dict[str, Any]], asked: Asked, path: str) -> web.Response:
        page = int(asked.query.get("page", "1"))
        shown = items[(page - 1) * self.page_size : page * self.page_size]
        if not shown and not self.claimed_pages:
            return web.json_response({name: [], "_links": {"self": {"href": path}}})
        last = self.claimed_pages or -(-len(items) // self.page_size)
        rest = "".join(f"&{key}={value}" for key, value in asked.query.items() if key != "page")
        return web.json_response(
            {
                "_embedded": {name: [item | {"_links": {"self": {"href": path}}} for item in shown]},
                "total": len(shown),
                "_links": {
                    "self": {"href": path},
                    "first": {"href": f"{path}?page=1{rest}"},
                    "last": {"href": f"{path}?page={last}{rest}"},
                },
            },
            content_type="application/hal+json",
        )

    def _controller(self, serial: str) -> web.Response:
        for item in self.controllers:
            if item["serial_number"] == serial:
                links = {"self": {"href": f"/v1/controllers/{serial}"}}
                return web.json_response({"controller": item, "_links": links})
        return problem(404, "Controller not found")

    def _fetch(self, body: dict[str, Any]) -> web.Response:
        told = self.fetched.get(body["serial_number"])
        if told is None:
            return problem(404, "Controller not found")
        return web.json_response({"provider": told, "_links": {"self": {"href": "/v1/provider/fetch"}}})

    def _send(self, body: dict[str, Any]) -> web.Response:
        links = {"_links": {"self": {"href": "/v1/provider/send"}}}
        kinds = {item["serial_number"]: item["type"] for item in self.controllers}
        answers: dict[str, Any] = {
            "melissa": [254, 2, 0, 0],
            "bobbie": [254, 2, 0, 0],
            "smart_plug": {"isok": True, "id": 83, "type": "relay", "code": "SHPLG-1"},
        }
        queued = {"status": "pending", "_id": "5" * 24, "commandName": body["command"], "commandParams": ""}
        return web.json_response({"provider": answers.get(kinds[body["serial_number"]], queued), **links})
