"""SmartBuildings' cloud as ecobee's documents describe it, in this process: one company, made up."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.fakes.live import serving

AUDIENCE = "https://api.sb.ecobee.com"
CLIENT_ID, SECRET = "a-client", "its secret"
OFFICE, ANNEX = "5d67ec8293d7eb0013d04f8e", "5d67ec8293d7eb0013d04f8f"
LOBBY, DESKS = "011863314842", "511863302002"
LIFE_S = 7200


def building(id: str, name: str) -> dict[str, Any]:
    return {
        "id": id,
        "name": name,
        "size": 5000,
        "address": "207 Queens Quay W",
        "city": "Toronto",
        "country": "CA",
        "state": "ON",
        "postalCode": "M5J 1A7",
        "latitude": 43.6387,
        "longitude": -79.38071234,
        "timeZone": "America/Toronto",
        "elevatorCount": 4,
    }


def thermostat(serial: str, building_id: str, name: str) -> dict[str, Any]:
    """What each of its calls answers, by the end of its address."""
    off = {"enabled": False, "value": 45}
    reminder = {"enabled": True, "maintenanceInterval": 300, "maintenanceIntervalUnits": "hour"}
    return {
        "": {
            "id": serial,
            "buildingId": building_id,
            "name": name,
            "thermostatName": f"{name} wall",
            "timeZoneOffsetMinutes": -300,
            "hvacModes": ["auto", "auxHeatOnly", "cool", "heat", "off"],
        },
        "status": {
            "id": serial,
            "isConnected": True,
            "isTenantMode": False,
            "hvacMode": "auto",
            "comfortSetting": "Night_shift",
            "temperature": 71.28,
            "humidity": 44,
            "setPoint": {"desiredCool": 75.5, "desiredHeat": 68.0},
            "desiredCoolRange": {"min": 65.0, "max": 92.0},
            "desiredHeatRange": {"min": 45.0, "max": 79.0},
            "desiredHumidity": 30,
            "desiredDehumidity": 60,
            "heatCoolMinDelta": 6,
            "runningEquipment": {"fan": True, "heatPump2": True, "auxHeat1": False},
            "moonPhase": "waning",
        },
        "sensors": {
            "id": serial,
            "items": [
                {
                    "id": "ei:0",
                    "name": f"{name} wall",
                    "type": "thermostat",
                    "isInUse": False,
                    "capability": [
                        {"type": "temperature", "value": "713"},
                        {"type": "humidity", "value": "44"},
                        {"type": "occupancy", "value": "true"},
                    ],
                },
                {
                    "id": "rs:100",
                    "name": "Suite 201",
                    "type": "control_sensor",
                    "code": "GH4K",
                    "isInUse": False,
                    "capability": [
                        {"type": "occupancy", "value": "unknown"},
                        {"type": "adc", "value": "12.5"},
                        {"type": "temperature", "value": "69.8"},
                    ],
                },
            ],
        },
        "events": {"id": serial, "holds": []},
        "alerts": {"id": serial, "items": []},
        "alertSettings": {
            "id": serial,
            "lowTemperatureAlert": off,
            "highTemperatureAlert": {"enabled": True, "value": 92.25},
            "lowHumidityAlert": {"enabled": False, "value": -1},
            "highHumidityAlert": {"enabled": True, "value": 70},
            "acMaintenanceReminder": reminder,
            "hvacMaintenanceReminder": {
                **reminder,
                "lastMaintenanceDate": "2026-05-02",
                "nextReminderDate": "2026-12-24",
            },
        },
        "weather": {
            "id": serial,
            "items": [
                {
                    "date": "2026-11-21T17:00:00Z",
                    "condition": "Drizzle",
                    "sky": "LOW CLOUDS",
                    "temperature": 41.2,
                    "temperatureHigh": 44.0,
                    "temperatureLow": 33.1,
                    "dewPoint": 38.5,
                    "relativeHumidity": 90,
                    "probabilityOfPrecipitation": 60,
                    "pressure": 1011.5,
                    "windSpeed": 12,
                    "windDirection": "NW",
                    "windBearing": 315,
                }
            ],
        },
    }


@dataclass
class SmartBuildingsCloud:
    """`said` is what it answers and may be changed. `calls` counts by the end of the address; `orders` are
    what it was told, in this order. It carries them out unless it is `deaf`."""

    said: dict[str, dict[str, Any]] = field(default_factory=dict)
    buildings: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    orders: list[tuple[str, str, Any]] = field(default_factory=list)
    secret: str = SECRET
    deaf: bool = False
    url: str = ""
    _tokens: int = 0
    _good_from: int = 1
    _expired_below: int = 0

    @classmethod
    def usual(cls) -> SmartBuildingsCloud:
        said = {LOBBY: thermostat(LOBBY, OFFICE, "Lobby"), DESKS: thermostat(DESKS, OFFICE, "Desks")}
        return cls(said=said, buildings={OFFICE: building(OFFICE, "Head office")})

    def expire(self) -> None:
        """The tokens that are out have expired."""
        self._expired_below = self._tokens + 1

    def revoke(self) -> None:
        self._good_from = self._tokens + 1

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[SmartBuildingsCloud]:
        async with serving(self._answer) as self.url:
            yield self

    async def _token(self, request: web.Request) -> web.Response:
        self.calls["token"] += 1
        asked = await request.json()
        if asked.get("client_secret") != self.secret or asked.get("audience") != AUDIENCE:
            denial = {"error": "access_denied", "error_description": "Unauthorized"}
            return web.json_response(denial, status=401)
        self._tokens += 1
        body = {"access_token": f"t{self._tokens}", "expires_in": LIFE_S, "token_type": "Bearer"}
        return web.json_response(body)

    async def _answer(self, request: web.Request) -> web.Response:
        if request.path == "/token":
            return await self._token(request)
        parts = request.path.removeprefix("/api/v1/").split("/")
        self.calls[parts[2] if len(parts) > 2 else parts[0]] += 1
        number = int(request.headers["Authorization"].removeprefix("Bearer t"))
        if number < self._expired_below:
            return web.json_response({"exp": "token expired"}, status=401)
        if number < self._good_from:
            return web.json_response({"message": "Bad token; it is revoked"}, status=401)
        found = self._found(parts)
        if found is None:
            error = {"status": "error", "message": {"error": "Thermostat not found"}, "code": 404}
            return web.json_response(error, status=404)
        if request.method == "GET":
            return _success(found)
        body = await request.json() if request.can_read_body else None
        self.orders.append((request.method, "/".join(parts[2:]), body))
        return self._obey(parts[1], parts[2] if len(parts) > 2 else "", body)

    def _found(self, parts: list[str]) -> Any:
        match parts:
            case ["buildingIds"]:
                return _list(list(self.buildings))
            case ["buildings", id] if id in self.buildings:
                return self.buildings[id]
            case ["buildings", id, "thermostats"] if id in self.buildings:
                return _list([serial for serial, said in self.said.items() if said[""]["buildingId"] == id])
            case ["thermostats", serial, *rest] if serial in self.said:
                return self.said[serial].get(rest[0] if rest else "", {})
        return None

    def _obey(self, serial: str, tail: str, body: Any) -> web.Response:
        said = self.said[serial]
        status = said["status"]
        if tail == "hvacMode" and body["hvacMode"] not in said[""]["hvacModes"]:
            error = {"status": "error", "message": {"error": "not supported"}, "code": 400}
            return web.json_response(error, status=400)
        if tail in ("heatHold", "coolHold") and not 45 <= body["desiredTemperature"] <= 92:
            fail = {"status": "fail", "data": {"desiredTemperature": "must be between 45 and 92"}}
            return web.json_response(fail, status=422)
        if tail in ("", "alertSettings"):
            said[tail] |= body
            return _success(said[tail])
        if not self.deaf:
            self._do(said, status, tail, body)
        if tail in ("resumeSchedule", "tenantMode"):
            return web.Response(status=204)
        return _success(body, 201 if tail.endswith("Hold") else 200)

    def _do(self, said: dict[str, Any], status: dict[str, Any], tail: str, body: Any) -> None:
        hold = {"name": "auto", "type": "hold", "isRunning": True, "startTime": "2026-11-21T10:00:00Z"}
        hold["endTime"] = "2035-01-01T00:00:00Z"
        match tail:
            case "hvacMode":
                status["hvacMode"] = body["hvacMode"]
            case "heatHold":
                status["setPoint"]["desiredHeat"] = body["desiredTemperature"]
                said["events"]["currentEvent"] = hold | {"heatHoldTemperature": body["desiredTemperature"]}
            case "coolHold":
                status["setPoint"]["desiredCool"] = body["desiredTemperature"]
                said["events"]["currentEvent"] = hold | {"coolHoldTemperature": body["desiredTemperature"]}
            case "fanHold":
                said["events"]["currentEvent"] = hold | {"fan": body["fan"]}
            case "resumeSchedule":
                said["events"].pop("currentEvent", None)
            case "tenantMode":
                status["isTenantMode"] = body["isTenantMode"]


def _list(ids: list[str]) -> dict[str, Any]:
    items = [{"id": one, "contentLocation": f"{AUDIENCE}/api/v1/somewhere/{one}"} for one in ids]
    return {"count": len(items), "items": items}


def _success(data: Any, status: int = 200) -> web.Response:
    return web.json_response({"status": "success", "data": data}, status=status)
