"""One relay with its thermostats as the methods from before homes tell of it (contract §10)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ownclimate.core.climate import AWAY_C, FROST_GUARD_C, Channel, setpoint_of
from ownclimate.core.things import Device, Room, Schedule, SetpointMode
from ownclimate.vendors.netatmo import presented, vocabulary
from ownclimate.vendors.netatmo.face.holdings import Holdings, Home
from ownclimate.vendors.netatmo.face.status_devices import Scene
from ownclimate.vendors.netatmo.face.weather_devices import GOOD_WIFI, place_of
from ownclimate.vendors.netatmo.mapping import report_of
from ownclimate.vendors.netatmo.restate import written
from ownclimate.vendors.netatmo.vocabulary import DIALECT
from ownclimate.vendors.netatmo.zones import ZONE_NUMBERS

RELAY: Final = "NAPlug"
PROGRAM: Final = "program"
AWAY_ZONE, FROST_GUARD_ZONE = 2, 3
"""Types of the zones that say what holds while nobody is in; they are in no timetable."""
_BATTERY_MV: Final = (3000, 4500)
_SEEN: Final = ("last_seen_at_ms", "last_message_at_ms", "contact_at_ms")

MODES: Final[Mapping[str, SetpointMode]] = {
    PROGRAM: SetpointMode.SCHEDULE,
    "away": SetpointMode.AWAY,
    "hg": SetpointMode.FROST_GUARD,
    "manual": SetpointMode.MANUAL,
    "off": SetpointMode.OFF,
    "max": SetpointMode.MAX,
}
_WIRE_MODES: Final = {ours: wire for wire, ours in MODES.items()} | {SetpointMode.HOME: PROGRAM}


@dataclass(frozen=True, slots=True, kw_only=True)
class Thermostat:
    """A thermostat with where it stands. Without a room it holds what it was last ordered to."""

    relay: Device
    device: Device
    home: Home
    room: Room | None


def thermostats(holdings: Holdings) -> Iterator[Thermostat]:
    """Every thermostat that stands behind a relay."""
    for home in holdings.homes:
        relays = {device.id: device for device in home.devices if presented.product_code(device) == RELAY}
        rooms = {room.id: room for room in home.rooms}
        for device in home.devices:
            relay = relays.get(device.parent_id) if device.parent_id else None
            if relay is not None and presented.product_code(device) == vocabulary.THERMOSTAT:
                room = None if device.room_id is None else rooms.get(device.room_id)
                yield Thermostat(relay=relay, device=device, home=home, room=room)


def relay(scene: Scene, device: Device, home: Home, behind: list[Thermostat]) -> dict[str, Any]:
    last_s = max((_seen_s(scene, one.device) for one in behind), default=0)
    last_s = max(last_s, _seen_s(scene, device))
    return {
        "_id": presented.wire_id(device),
        "type": RELAY,
        "firmware": int(device.firmware) if device.firmware.isdecimal() else 0,
        "last_setup": _setup_s(device),
        "last_status_store": last_s,
        "last_plug_seen": last_s,
        "place": place_of(home.site),
        "plug_connected_boiler": 1,
        "station_name": device.name or presented.wire_id(device),
        "udp_conn": True,
        "wifi_status": report_of(device.reports, "wifi_attenuation") or GOOD_WIFI,
        "modules": [thermostat(scene, one) for one in behind],
    }


def thermostat(scene: Scene, one: Thermostat) -> dict[str, Any]:
    device, latest = one.device, scene.latest_of(one.device)
    seen_s = _seen_s(scene, device)
    told: dict[str, Any] = {
        "_id": presented.wire_id(device),
        "module_name": device.name or presented.wire_id(device),
        "type": vocabulary.THERMOSTAT,
        "firmware": int(device.firmware) if device.firmware.isdecimal() else 0,
        "last_message": seen_s,
        "last_therm_seen": seen_s,
        "rf_status": report_of(device.reports, "radio_attenuation") or 60,
        "therm_orientation": 1,
        "therm_relay_cmd": 100 if _is_heating(scene, device) else 0,
        "anticipating": bool(report_of(device.reports, "anticipating")),
        "event_history": {"boiler_responding_events": [], "boiler_not_responding_events": []},
        "setpoint_history": [],
    }
    mv = (
        latest["battery_v"].value * 1000 if "battery_v" in latest else report_of(device.reports, "battery_mv")
    )
    if mv is not None:
        low, high = _BATTERY_MV
        told["battery_vp"] = round(mv)
        told["battery_percent"] = round(min(100.0, max(0.0, (mv - low) / (high - low) * 100)))
    return told | thermostat_state(scene, one)


def thermostat_state(scene: Scene, one: Thermostat) -> dict[str, Any]:
    """Set-point, programs and what was measured: also all that getthermstate tells."""
    latest = scene.latest_of(one.device)
    setpoint = None if one.room is None else setpoint_of(one.room, Channel.HEATING)
    told_c = setpoint.temperature_c if setpoint else None
    if told_c is None and "setpoint_c" in latest:
        told_c = latest["setpoint_c"].value
    said: dict[str, Any] = {"setpoint_mode": PROGRAM}
    if setpoint is not None:
        said["setpoint_mode"] = _WIRE_MODES[setpoint.mode]
        if setpoint.mode is SetpointMode.MANUAL and told_c is not None:
            said["setpoint_temp"] = written("setpoint_c", told_c)
        if setpoint.until_ms:
            said["setpoint_endtime"] = setpoint.until_ms // 1000
    told: dict[str, Any] = {"setpoint": said, "therm_program_list": list(programs(one))}
    if "temperature_c" in latest:
        newest = latest["temperature_c"]
        measured = {"time": newest.at_ms // 1000, "temperature": written("temperature_c", newest.value)}
        if told_c is not None:
            measured["setpoint_temp"] = written("setpoint_c", told_c)
        told["measured"] = measured
    return told


def programs(one: Thermostat) -> Iterator[dict[str, Any]]:
    """The home's heating schedules with the temperatures of the thermostat's room."""
    for schedule in one.home.schedules:
        if schedule.kind == Channel.HEATING.value:
            told: dict[str, Any] = {
                "program_id": schedule.aliases[DIALECT],
                "name": schedule.name,
                "zones": _zones(schedule, one),
                "timetable": [{"id": zone, "m_offset": minute} for minute, zone in schedule.entries],
            }
            if schedule.is_selected:
                told["selected"] = True
            yield told


def _zones(schedule: Schedule, one: Thermostat) -> list[dict[str, Any]]:
    zones = []
    for zone in schedule.zones:
        told = {"id": zone["id"], "type": ZONE_NUMBERS.get(zone.get("kind", "custom"), 4)}
        if "name" in zone:
            told["name"] = zone["name"]
        room_id = None if one.room is None else one.room.id
        asked = next((room for room in zone.get("rooms", ()) if room["room_id"] == room_id), None)
        if asked is not None and "heating_setpoint_c" in asked:
            told["temp"] = asked["heating_setpoint_c"]
        zones.append(told)
    free = _free_ids({zone["id"] for zone in zones})
    for kind, name, usual in (
        (AWAY_ZONE, "away_c", AWAY_C),
        (FROST_GUARD_ZONE, "frost_guard_c", FROST_GUARD_C),
    ):
        zones.append({"id": free(kind), "type": kind, "temp": schedule.settings.get(name, usual)})
    return zones


def _free_ids(taken: set[int]) -> Callable[[int], int]:
    """The id wished for, or the next one that no zone has."""

    def take(wished: int) -> int:
        while wished in taken:
            wished += 1
        taken.add(wished)
        return wished

    return take


def _is_heating(scene: Scene, device: Device) -> bool:
    latest = scene.latest_of(device)
    if "heating_on" in latest:
        return latest["heating_on"].value >= 0.5
    return bool(report_of(device.reports, "heating_on"))


def _seen_s(scene: Scene, device: Device) -> int:
    said = [report_of(device.reports, name) or 0 for name in _SEEN]
    return max([*said, *(value.at_ms for value in scene.latest_of(device).values())]) // 1000


def _setup_s(device: Device) -> int:
    return int(report_of(device.reports, "set_up_at_ms") or device.created_ms) // 1000
