"""The demo's world: a family's home and a small office building, drawn from a seed.

The seed decides serials and everything that happens; what stands where is always the same, so that
documentation and examples can name it. Makers' names, models and shapes of identifiers are those of
the real things, so that each dialect finds its own devices.
"""

from __future__ import annotations

import random
from typing import Any

from ownclimate.core import aliases
from ownclimate.core.things import Ability, Place, SiteKind
from ownclimate.sim.weather import Climate
from ownclimate.sim.world import Instrument, RoomUse, SimDevice, SimRoom, SimSite, World

HOME = "home"
BUILDING = "building"
GROUND, UPPER = "Ground floor", "First floor"

_A = Ability
_AIR = frozenset({_A.TEMPERATURE, _A.HUMIDITY})
_BREATH = _AIR | {_A.CO2}
_STATION = _BREATH | {_A.NOISE, _A.PRESSURE}

SITES = (
    SimSite(
        key=HOME,
        name="Demo home",
        kind=SiteKind.HOME,
        time_zone="Europe/Sofia",
        place=Place(
            latitude=42.6745,
            longitude=23.3120,
            altitude_m=572.0,
            city="Sofia",
            country="BG",
            postal_code="1407",
        ),
        climate=Climate(
            mean_c=10.6,
            annual_swing_c=10.8,
            daily_swing_c=13.0,
            storminess_c=3.6,
            wind_kmh=8.0,
            prevailing_deg=290.0,
            rain=0.55,
        ),
    ),
    SimSite(
        key=BUILDING,
        name="Demo offices",
        kind=SiteKind.BUILDING,
        time_zone="America/Chicago",
        place=Place(
            latitude=44.9833,
            longitude=-93.2667,
            altitude_m=256.0,
            address="100 Example Avenue North",
            city="Minneapolis",
            region="MN",
            postal_code="55401",
            country="US",
        ),
        climate=Climate(
            mean_c=8.2,
            annual_swing_c=16.5,
            daily_swing_c=11.0,
            storminess_c=5.0,
            wind_kmh=14.0,
            prevailing_deg=300.0,
            rain=0.7,
        ),
        floors=(GROUND, UPPER),
    ),
)


def _room(
    site: str,
    key: str,
    name: str,
    kind: str,
    use: RoomUse,
    *,
    floor: str = "",
    size_m2: tuple[float, float] = (0.0, 0.0),
    facing_deg: float = 180.0,
    heating_w: float = 0.0,
    cooling_w: float = 0.0,
) -> SimRoom:
    """`size_m2` is the floor's and the windows' area."""
    area_m2, window_m2 = size_m2
    return SimRoom(
        key=f"{site}/{key}",
        site=site,
        name=name,
        kind=kind,
        use=use,
        floor=floor,
        area_m2=area_m2,
        window_m2=window_m2,
        facing_deg=facing_deg,
        heating_w=heating_w,
        cooling_w=cooling_w,
    )


ROOMS = (
    _room(HOME, "garden", "Garden", "outdoor", RoomUse.OUTSIDE),
    _room(
        HOME, "living", "Living room", "livingroom", RoomUse.LIVING,
        size_m2=(34.0, 6.5), facing_deg=190.0, heating_w=5200.0, cooling_w=3500.0,
    ),
    _room(
        HOME, "bedroom", "Bedroom", "bedroom", RoomUse.PARENTS,
        size_m2=(16.0, 2.2), facing_deg=95.0, heating_w=2600.0,
    ),
    _room(
        HOME, "child", "Children's room", "bedroom", RoomUse.CHILD,
        size_m2=(14.0, 2.0), facing_deg=100.0, heating_w=2400.0,
    ),
    _room(
        HOME, "study", "Study", "home_office", RoomUse.STUDY,
        size_m2=(12.0, 1.8), facing_deg=280.0, heating_w=2200.0,
    ),
    _room(
        BUILDING, "lobby", "Lobby", "office", RoomUse.LOBBY, floor=GROUND,
        size_m2=(45.0, 9.0), facing_deg=180.0, heating_w=4600.0, cooling_w=3400.0,
    ),
    _room(
        BUILDING, "reception", "Reception", "office", RoomUse.LOBBY, floor=GROUND,
        size_m2=(26.0, 4.0), facing_deg=180.0, heating_w=2600.0, cooling_w=1900.0,
    ),
    _room(
        BUILDING, "meeting", "Meeting room", "office", RoomUse.MEETINGS, floor=GROUND,
        size_m2=(28.0, 3.5), facing_deg=0.0, heating_w=2700.0, cooling_w=2000.0,
    ),
    _room(
        BUILDING, "open", "Open office", "office", RoomUse.DESKS, floor=UPPER,
        size_m2=(70.0, 12.0), facing_deg=180.0, heating_w=7000.0, cooling_w=6000.0,
    ),
    _room(
        BUILDING, "201", "Office 201", "office", RoomUse.DESKS, floor=UPPER,
        size_m2=(18.0, 3.0), facing_deg=90.0, heating_w=1900.0, cooling_w=1500.0,
    ),
    _room(
        BUILDING, "202", "Office 202", "office", RoomUse.DESKS, floor=UPPER,
        size_m2=(18.0, 3.0), facing_deg=270.0, heating_w=1900.0, cooling_w=1600.0,
    ),
)  # fmt: skip


def plan(seed: int) -> World:
    """The demo's world. The same seed gives the same world on every machine."""
    # Python promises that `random` repeats itself across versions for a seed and `getrandbits`.
    digits = random.Random(seed)
    devices = [*_weather_station(digits), _air_monitor(digits)]
    devices += _valves(digits)
    devices += [_ac_controller(digits), *_thermostats(digits)]
    # Last, so that the others keep the serials that they have always had.
    devices += _plugged(digits)
    return World(seed=seed, sites=SITES, rooms=ROOMS, devices=tuple(devices))


def _weather_station(digits: random.Random) -> list[SimDevice]:
    station = _netatmo(
        "station", Instrument.STATION, "NAMain", f"70:ee:50:{_mac_tail(digits)}",
        "Living room", "living", None, _STATION | {_A.GATEWAY}, 6,
        reports={"wifi_attenuation": 52}, firmware="204",
    )  # fmt: skip
    modules = (
        ("outdoor", Instrument.OUTDOOR, "NAModule1", "02", "Outdoor", "garden", _AIR | {_A.OUTDOOR}, 61, 720),
        (
            "rain",
            Instrument.RAIN_GAUGE,
            "NAModule3",
            "05",
            "Rain gauge",
            "garden",
            {_A.RAIN, _A.OUTDOOR},
            74,
            700,
        ),
        (
            "wind",
            Instrument.ANEMOMETER,
            "NAModule2",
            "06",
            "Anemometer",
            "garden",
            {_A.WIND, _A.OUTDOOR},
            68,
            540,
        ),
        ("bedroom", Instrument.INDOOR, "NAModule4", "03", "Bedroom", "bedroom", _BREATH, 58, 690),
        ("child", Instrument.INDOOR, "NAModule4", "03", "Children's room", "child", _BREATH, 63, 690),
    )
    return [
        station,
        *(
            _netatmo(
                key, instrument, model, f"{kind}:00:00:{_mac_tail(digits)}", name, room, station.key,
                frozenset(abilities) | {_A.BATTERY}, 6 + 4 * place,
                reports={"radio_attenuation": radio}, battery_days=float(days), loss=0.004, firmware="53",
            )
            for place, (key, instrument, model, kind, name, room, abilities, radio, days) in enumerate(
                modules, 1
            )
        ),
    ]  # fmt: skip


def _air_monitor(digits: random.Random) -> SimDevice:
    return _netatmo(
        "air", Instrument.AIR_MONITOR, "NHC", f"70:ee:50:{_mac_tail(digits)}", "Study air", "study", None,
        _STATION | {_A.AIR_QUALITY}, 140,
        reports={"wifi_attenuation": 61}, firmware="59",
    )  # fmt: skip


def _netatmo(
    key: str,
    instrument: Instrument,
    model: str,
    mac: str,
    name: str,
    room: str,
    parent: str | None,
    abilities: frozenset[Ability],
    phase_s: int,
    *,
    reports: dict[str, Any],
    firmware: str,
    battery_days: float = 0.0,
    loss: float = 0.001,
) -> SimDevice:
    return SimDevice(
        key=f"{HOME}/{key}",
        instrument=instrument,
        vendor="netatmo",
        model=model,
        vendor_id=mac,
        serial=mac,
        mac=mac,
        name=name,
        site=HOME,
        room=f"{HOME}/{room}",
        parent=parent,
        abilities=abilities,
        step_s=300,
        phase_s=phase_s,
        jitter_s=3.0,
        loss=loss,
        battery_days=battery_days,
        firmware=firmware,
        aliases={aliases.NETATMO: mac},
        reports=reports,
    )


def _valves(digits: random.Random) -> list[SimDevice]:
    places = (
        ("living", "Living room valve"),
        ("bedroom", "Bedroom valve"),
        ("child", "Children's room valve"),
        ("study", "Study valve"),
    )
    valves = []
    for number, (room, name) in enumerate(places):
        eui = f"70B3D52DD3{digits.getrandbits(24):06X}"
        valves.append(
            SimDevice(
                key=f"{HOME}/valve {room}",
                instrument=Instrument.RADIATOR_VALVE,
                vendor="mclimate",
                model="vicki",
                vendor_id=eui,
                serial=eui,
                mac=eui,
                name=name,
                site=HOME,
                room=f"{HOME}/{room}",
                parent=None,
                abilities=_AIR | {_A.HEATING_SETPOINT, _A.VALVE, _A.BATTERY},
                step_s=600,
                phase_s=45 + 130 * number,
                jitter_s=4.0,
                loss=0.02,
                battery_days=1500.0,
                firmware="4.4",
                aliases={aliases.MCLIMATE: eui},
                settings={
                    "child_lock": False,
                    "control_mode": "automatic",
                    "setpoint_range_c": {"min": 5, "max": 30},
                },
            )
        )
    return valves


def _ac_controller(digits: random.Random) -> SimDevice:
    return _wifi(
        digits, "ac", Instrument.AC_CONTROLLER, "melissa", "H", "Living room AC",
        _AIR | {_A.AIR_CONDITIONING, _A.COOLING_SETPOINT}, (600, 212), "V1SHTHF",
    )  # fmt: skip


def _plugged(digits: random.Random) -> list[SimDevice]:
    return [
        _wifi(
            digits, "plug", Instrument.SMART_PLUG, "smart_plug", "P", "Television plug",
            frozenset({_A.RELAY, _A.POWER, _A.ENERGY}), (300, 97), "SHPLG-1",
        ),
        _wifi(
            digits, "water heater", Instrument.WATER_HEATER, "bobbie", "B", "Water heater",
            frozenset({_A.TEMPERATURE, _A.RELAY, _A.ENERGY}), (600, 388), "V2BOB",
        ),
    ]  # fmt: skip


def _wifi(
    digits: random.Random,
    key: str,
    instrument: Instrument,
    model: str,
    kind: str,
    name: str,
    abilities: frozenset[Ability],
    every_s: tuple[int, int],
    firmware: str,
) -> SimDevice:
    """In the living room; `kind` is the first letter of its serial, `every_s` its step and phase."""
    alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    serial = kind + "".join(alphabet[digits.getrandbits(5)] for _ in range(9))
    step_s, phase_s = every_s
    return SimDevice(
        key=f"{HOME}/{key}",
        instrument=instrument,
        vendor="mclimate",
        model=model,
        vendor_id=serial,
        serial=serial,
        mac=f"ACCF23{digits.getrandbits(24):06X}",
        name=name,
        site=HOME,
        room=f"{HOME}/living",
        parent=None,
        abilities=abilities,
        step_s=step_s,
        phase_s=phase_s,
        jitter_s=2.0,
        loss=0.002,
        firmware=firmware,
        aliases={aliases.MCLIMATE: serial},
    )


def _thermostats(digits: random.Random) -> list[SimDevice]:
    floors = (
        ("lobby", "Ground floor thermostat", (("reception", "Reception"), ("meeting", "Meeting room"))),
        ("open", "First floor thermostat", (("201", "Office 201"), ("202", "Office 202"))),
    )
    devices = []
    for room, name, sensors in floors:
        serial = f"5118{digits.getrandbits(26) % 10**8:08d}"
        thermostat = SimDevice(
            key=f"{BUILDING}/thermostat {room}",
            instrument=Instrument.THERMOSTAT,
            vendor="ecobee",
            model="ecobee_thermostat",
            vendor_id=serial,
            serial=serial,
            mac="",
            name=name,
            site=BUILDING,
            room=f"{BUILDING}/{room}",
            parent=None,
            abilities=_AIR | {_A.HEATING_SETPOINT, _A.COOLING_SETPOINT, _A.OCCUPANCY},
            step_s=300,
            loss=0.001,
            firmware="4.8.7.244",
            aliases={aliases.SMARTBUILDINGS: serial},
        )
        devices.append(thermostat)
        for number, (place, sensor_name) in enumerate(sensors):
            code = "".join("BCDFGHJKLMNPQRST"[digits.getrandbits(4)] for _ in range(4))
            devices.append(
                SimDevice(
                    key=f"{BUILDING}/sensor {place}",
                    instrument=Instrument.REMOTE_SENSOR,
                    vendor="ecobee",
                    model="ecobee_sensor",
                    vendor_id=f"{serial}-{code}",
                    serial=code,
                    mac="",
                    name=sensor_name,
                    site=BUILDING,
                    room=f"{BUILDING}/{place}",
                    parent=thermostat.key,
                    abilities=frozenset({_A.TEMPERATURE, _A.OCCUPANCY, _A.BATTERY}),
                    step_s=300,
                    loss=0.004,
                    kept={"ecobee": {"id": f"rs:{100 + number}", "code": code}},
                )
            )
    return devices


def _mac_tail(digits: random.Random) -> str:
    return ":".join(f"{digits.getrandbits(8):02x}" for _ in range(3))
