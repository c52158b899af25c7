"""Netatmo's cloud in this process: it answers what was recorded, and measures by the documents.

Measures follow the description of `getmeasure`: oldest first and at most 1,024 of them, in runs of equal
steps unless `optimize` is switched off, an empty list for nothing whatever the shape. Tokens rotate, and the
limits are sliding windows of the test's clock.
"""

from __future__ import annotations

import contextlib
import json
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

from aiohttp import web

from tests.fakes import FakeClock
from tests.fakes.live import serving

CLIENT, SECRET = "5" * 24, "app secret of the fake"
USER = "91763b24c43d3e344f424e8b"
MOST_ROWS = 1024
LIFE_S = 10_800
SPANS = ((10, 50), (3600, 500))

Measured = dict[int, dict[str, float | str | None]]
"""By epoch seconds what was measured, by type in lower case."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request as it was on the wire; `fields` are those of its query and of its form."""

    verb: str
    path: str
    fields: dict[str, str]
    headers: dict[str, str]
    body: bytes
    at_ms: int


@dataclass
class RecordedCloud:
    """`answers` are bodies or whole answers by method, `of_homes` those that depend on the home. `measured`
    is by module. `limit_status` is 429 or, as it was to 2025, 403. `tells_time`: answers bear `time_server`.
    `goes_back`: a request with an end alone is given the newest rows before it, else the oldest."""

    clock: FakeClock
    answers: dict[str, Any] = field(default_factory=dict)
    of_homes: dict[tuple[str, str], Any] = field(default_factory=dict)
    measured: dict[str, Measured] = field(default_factory=dict)
    events: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    scopes_as_text: bool = False
    life_name: str = "expires_in"
    tells_time: bool = True
    goes_back: bool = True
    limit_status: int = 429
    spans: tuple[tuple[int, int], ...] = SPANS
    asked: list[Asked] = field(default_factory=list)
    refused: int = 0
    refresh: str = f"{USER}|{'0' * 32}"
    access: str = ""
    access_until_ms: int = 0
    tokens: list[str] = field(default_factory=list)
    """Every token there ever was."""
    url: str = ""

    @property
    def calls(self) -> Counter[str]:
        return Counter(asked.path.rpartition("/")[2] for asked in self.asked)

    def of(self, method: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.path.rpartition("/")[2] == method]

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[RecordedCloud]:
        async with serving(self._answer) as self.url:
            yield self

    async def _answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        fields = {name: str(value) for name, value in request.query.items()}
        if request.content_type == "application/x-www-form-urlencoded":
            fields |= {name: str(value) for name, value in (await request.post()).items()}
        asked = Asked(
            verb=request.method,
            path=request.path,
            fields=fields,
            headers={name.lower(): value for name, value in request.headers.items()},
            body=body,
            at_ms=self.clock.now_ms(),
        )
        self.asked.append(asked)
        answer = self._token(asked) if request.path == "/oauth2/token" else self._guarded(asked)
        answer.headers["Date"] = formatdate(self.clock.now_ms() / 1000, usegmt=True)
        return answer

    def _token(self, asked: Asked) -> web.Response:
        wanted = {"grant_type": "refresh_token", "client_id": CLIENT, "client_secret": SECRET}
        if any(asked.fields.get(name) != value for name, value in wanted.items()):
            return web.json_response({"error": "invalid_client"}, status=400)
        if asked.fields.get("refresh_token") != self.refresh:
            return web.json_response({"error": "invalid_grant"}, status=400)
        number = len(self.tokens)
        self.access, self.refresh = f"{USER}|{number + 1:032x}", f"{USER}|{number + 2:032x}"
        self.tokens += [self.access, self.refresh]
        self.access_until_ms = self.clock.now_ms() + LIFE_S * 1000
        scopes = ["read_station", "read_thermostat", "write_thermostat"]
        answer = {
            "access_token": self.access,
            "refresh_token": self.refresh,
            "scope": " ".join(scopes) if self.scopes_as_text else scopes,
            self.life_name: LIFE_S,
        }
        return web.json_response(answer)

    def _guarded(self, asked: Asked) -> web.Response:
        if asked.headers.get("authorization") != f"Bearer {self.access}" or not self.access:
            return _refusal(403, 2, "Invalid access token")
        if self.clock.now_ms() >= self.access_until_ms:
            return _refusal(403, 3, "Access token expired")
        api = [each.at_ms for each in self.asked if each.path != "/oauth2/token"]
        for seconds, most in self.spans:
            if len(api) - bisect_left(api, self.clock.now_ms() - seconds * 1000 + 1) > most:
                self.refused += 1
                # As recorded: with line ends of another system, and without a word until when.
                body = json.dumps({"error": {"code": 26, "message": "Maximum api usage reached"}}, indent=1)
                return web.Response(
                    body=body.replace("\n", "\r\n").encode(),
                    status=self.limit_status,
                    content_type="application/json",
                )
        method = asked.path.removeprefix("/api/")
        match method:
            case "getmeasure":
                return self._measures(asked.fields)
            case "getevents":
                return self._events(asked.fields)
            case "homestatus" if "home_id" not in asked.fields:
                return _refusal(400, 10, "Missing home_id")
        found = self.of_homes.get((method, asked.fields.get("home_id", "")), self.answers.get(method))
        if found is None:
            return _refusal(404, 404, "Not Found")
        if "status" in found:
            return web.json_response(found)
        return self._success(found)

    def _success(self, body: Any) -> web.Response:
        time = {"time_server": self.clock.now_ms() // 1000} if self.tells_time else {}
        return web.json_response({"body": body, "status": "ok", "time_exec": 0.03, **time})

    def _events(self, fields: Mapping[str, str]) -> web.Response:
        events = self.events.get(fields["home_id"], [])
        if "event_id" in fields:
            places = [place for place, each in enumerate(events) if each["id"] == fields["event_id"]]
            events = events[places[0] + 1 :] if places else []
        shown = events[: int(fields.get("size", "30"))]
        return self._success({"home": {"id": fields["home_id"], "events": shown}})

    def _measures(self, fields: Mapping[str, str]) -> web.Response:
        module = fields.get("module_id", fields.get("device_id", ""))
        measured = self.measured.get(module)
        if "scale" not in fields or "type" not in fields:
            return _refusal(400, 10, "Missing parameters")
        if measured is None:
            return _refusal(404, 9, "Device not found")
        types = [name.strip().lower() for name in fields["type"].split(",")]
        has = {name for row in measured.values() for name in row}
        if measured and not has & set(types):
            return _refusal(400, 21, "Invalid type")
        stamps = sorted(measured)
        most = min(int(fields.get("limit", MOST_ROWS)), MOST_ROWS)
        first, last = fields.get("date_begin"), fields.get("date_end")
        if last == "last":
            stamps = stamps[-1:] if first is None else stamps
            last = None
        low = bisect_left(stamps, int(first)) if first is not None else 0
        high = bisect_right(stamps, int(last)) if last is not None else len(stamps)
        chosen = stamps[low:high]
        chosen = chosen[-most:] if self.goes_back and first is None and last is not None else chosen[:most]
        rows = [(at, [measured[at].get(name) for name in types]) for at in chosen]
        if not rows:
            return self._success([])
        if fields.get("optimize", "true").lower() in ("false", "0", "no"):
            return self._success({str(at): row for at, row in rows})
        return self._success(_runs(rows))


def _runs(rows: list[tuple[int, list[Any]]]) -> list[dict[str, Any]]:
    """Rows that follow one another at equal steps, together."""
    runs: list[dict[str, Any]] = []
    for at, row in rows:
        run = runs[-1] if runs else None
        step = None if run is None else run.get("step_time", at - run["beg_time"])
        if run is None or at != run["beg_time"] + len(run["value"]) * step:
            runs.append({"beg_time": at, "value": [row]})
            continue
        run["step_time"] = step
        run["value"].append(row)
    return runs


def _refusal(status: int, code: int, message: str) -> web.Response:
    return web.json_response({"error": {"code": code, "message": message}}, status=status)
