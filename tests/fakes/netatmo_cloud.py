"""Netatmo's cloud in this process, over real HTTP: it answers what a test puts into it, by the wire's rules.

Tokens rotate with every refresh. A refresh token that was used once is dead, unless `grace` lets it answer
with the same pair again.
"""

from __future__ import annotations

import contextlib
import json
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.fakes import FakeClock
from tests.fakes.live import broken_off, serving

JPEG = b"\xff\xd8\xff\xe0" + bytes(64)
MOST_ROWS = 1024
USER = "5f00000000000000000000aa"
TOKEN_LIFE_S = 10_800

Rows = Mapping[int, list[float | None]]


def refusal(status: int, code: int, message: str) -> web.Response:
    return web.json_response({"error": {"code": code, "message": message}}, status=status)


@dataclass
class NetatmoCloud:
    """`measures` by (device or room, scale). `events` by home, newest first. `pictures` by id, or the status
    in the place of one. `asked` is what was asked, in order: the method with its parameters."""

    clock: FakeClock
    homes: list[dict[str, Any]] = field(default_factory=list)
    states: dict[str, dict[str, Any]] = field(default_factory=dict)
    stations: list[dict[str, Any]] = field(default_factory=list)
    coaches: list[dict[str, Any]] = field(default_factory=list)
    measures: dict[tuple[str, str], Rows] = field(default_factory=dict)
    events: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    pictures: dict[str, bytes | int] = field(default_factory=dict)
    grace: bool = True
    refresh: str = f"{USER}|{0:032x}"
    access: str = ""
    codes: set[str] = field(default_factory=set)
    loses_replies: int = 0
    denial: dict[str, Any] | None = None
    """Answered to whoever wants a token."""
    wants_a_beginning: bool = False
    """Measures are refused to whoever names none."""
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    bearers: list[tuple[str, str]] = field(default_factory=list)
    url: str = ""
    _before: str = ""
    _issued: int = 0

    @property
    def calls(self) -> Counter[str]:
        return Counter(method for method, _ in self.asked)

    def parameters(self, method: str) -> list[dict[str, str]]:
        return [parameters for asked, parameters in self.asked if asked == method]

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[NetatmoCloud]:
        async with serving(self._answer) as self.url:
            yield self

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        method = request.path.rpartition("/")[2]
        parameters = {str(name): str(value) for name, value in request.query.items()}
        parameters |= {str(name): str(value) for name, value in (await request.post()).items()}
        self.asked.append((method, parameters))
        self.bearers.append((method, request.headers.get("authorization", "")))
        if request.path == "/oauth2/token":
            return self._tokens(request, parameters)
        if method == "getcamerapicture" or request.path.startswith("/faces/"):
            return self._picture(parameters.get("image_id", method))
        if request.headers.get("authorization") != f"Bearer {self.access}":
            return refusal(403, 3, "Access token expired")
        found = await self._methods()[method](parameters)
        if isinstance(found, web.StreamResponse):
            return found
        told: dict[str, Any] = {"status": "ok", "time_server": self.clock.now_ms() // 1000}
        return web.json_response(told if found is None else {**told, "body": found})

    def _methods(self) -> dict[str, Callable[[dict[str, str]], Awaitable[Any]]]:
        return {
            "homesdata": self._homes,
            "homestatus": self._status,
            "getstationsdata": self._stations,
            "gethomecoachsdata": self._coaches,
            "getmeasure": self._measure,
            "getroommeasure": self._measure,
            "getevents": self._events,
        }

    async def _homes(self, parameters: dict[str, str]) -> Any:
        return {"homes": self.homes, "user": {"id": USER}}

    async def _stations(self, parameters: dict[str, str]) -> Any:
        return {"devices": self.stations, "user": {}}

    async def _coaches(self, parameters: dict[str, str]) -> Any:
        return {"devices": self.coaches, "user": {}}

    async def _status(self, parameters: dict[str, str]) -> Any:
        home_id = parameters["home_id"]
        if home_id not in self.states:
            return (
                None if any(home["id"] == home_id for home in self.homes) else refusal(400, 21, "Invalid id")
            )
        return {"home": {"id": home_id, **self.states[home_id]}}

    async def _measure(self, parameters: dict[str, str]) -> Any:
        subject = parameters.get("module_id") or parameters.get("room_id") or parameters["device_id"]
        if (subject, parameters["scale"]) not in self.measures:
            return refusal(400, 21, "Invalid type")
        rows = self.measures[subject, parameters["scale"]]
        times = sorted(rows)
        begin, end = parameters.get("date_begin"), parameters.get("date_end")
        if self.wants_a_beginning and begin is None and end is not None:
            return refusal(400, 25, "Invalid date")
        first = bisect_left(times, int(begin or 0))
        last = len(times) if end is None else bisect_right(times, int(end))
        if begin is None and end is not None:
            first = max(first, last - MOST_ROWS)
        width = len(parameters["type"].split(","))
        found = times[first : min(last, first + MOST_ROWS)]
        assert all(len(rows[at]) == width for at in found)
        return {str(at): rows[at] for at in found} or []

    async def _events(self, parameters: dict[str, str]) -> Any:
        listed = self.events.get(parameters["home_id"], [])
        if (after := parameters.get("event_id")) is not None:
            ids = [event["id"] for event in listed]
            if after not in ids:
                return refusal(400, 21, "Invalid event_id")
            listed = listed[ids.index(after) + 1 :]
        return {"home": {"id": parameters["home_id"], "events": listed[: int(parameters["size"])]}}

    def _picture(self, name: str) -> web.Response:
        found = self.pictures.get(name, 404)
        if isinstance(found, int):
            return refusal(found, 21, "Invalid image_id or key")
        return web.Response(body=found, content_type="image/jpeg")

    def _tokens(self, request: web.Request, form: dict[str, str]) -> web.StreamResponse:
        if self.denial is not None:
            return web.json_response(self.denial, status=403)
        if form["grant_type"] == "authorization_code":
            if form["code"] not in self.codes:
                return web.json_response({"error": "invalid_grant"}, status=400)
            self.codes.remove(form["code"])
        elif form["refresh_token"] == self._before and self.grace:
            return self._pair(request)
        elif form["refresh_token"] != self.refresh:
            return web.json_response({"error": "invalid_grant"}, status=400)
        self._before = self.refresh
        self._issued += 1
        self.access, self.refresh = f"{USER}|{self._issued:032x}", f"{USER}|{self._issued + 2**64:032x}"
        return self._pair(request)

    def _pair(self, request: web.Request) -> web.StreamResponse:
        if self.loses_replies:
            self.loses_replies -= 1
            return broken_off(request)
        told = {
            "access_token": self.access,
            "refresh_token": self.refresh,
            "expires_in": TOKEN_LIFE_S,
            "expire_in": TOKEN_LIFE_S,
            "scope": ["read_station"],
        }
        return web.Response(text=json.dumps(told), content_type="application/json")
