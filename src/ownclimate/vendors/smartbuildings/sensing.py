"""What a thermostat's sensors tell: texts, whatever was measured.

Source: ecobee's OpenAPI document 1.7.0, which has neither the types nor the units of values; for those its
consumer interface, and scripts that were written for real thermostats (occupancy).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ownclimate.core.things import Ability
from ownclimate.vendors.smartbuildings import vocabulary as words
from ownclimate.vendors.smartbuildings.mapping import Said, degrees_c, measured, members_of
from ownclimate.vendors.smartbuildings.reading import Members, flag, known, objects, text

TENTHS_FROM: Final = 200
"""Text of a whole number from here on is tenths of a degree: no room is that hot."""
TENTHS: Final = "tenths"
SENSED: Final[Mapping[str, tuple[str, Ability]]] = {
    "temperature": ("temperature_c", Ability.TEMPERATURE),
    "humidity": ("humidity_pct", Ability.HUMIDITY),
    "occupancy": ("occupancy", Ability.OCCUPANCY),
    "co2": ("co2_ppm", Ability.CO2),
    "dryContact": ("contact_open", Ability.CONTACT),
}
"""What a sensor can measure: our quantity, and what a device that has it can do."""
_SWITCHED: Final = frozenset({"occupancy", "dryContact"})
_STATED: Final = frozenset({"temperature_c", "humidity_pct"})
"""What a thermostat's status says in hundredths and its own sensor only in tenths."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensor:
    """`id` is unique within its thermostat, `code` in the world where there is one."""

    id: str
    code: str
    said: Said


def sensors_of(data: Any) -> tuple[Sensor | None, list[Sensor], dict[str, Any]]:
    """The thermostat's own sensor, the remote ones, and what was not understood."""
    said = members_of(data)
    own, remote, strange = None, [], []
    for item in objects(said.left.pop("items", None)):
        sensor = _sensor(item)
        if sensor is None:
            strange.append(dict(item))
        elif sensor.id == words.OWN_SENSOR:
            own = sensor
        else:
            remote.append(sensor)
    return own, remote, {**said.left, **({"items": strange} if strange else {})}


def sensed_value(kind: str, said: str) -> tuple[float | None, bool]:
    """What a sensor's text means in our units, None for none; and whether it was in tenths of a degree."""
    if kind in _SWITCHED:
        return {"true": 1.0, "false": 0.0}.get(said.lower()), False
    try:
        value = measured(float(said))
    except ValueError:
        value = None
    if kind != "temperature" or value is None:
        return value, False
    is_tenths = said.strip().isdecimal() and value >= TENTHS_FROM
    return degrees_c(value / 10 if is_tenths else value), is_tenths


def _sensor(item: Mapping[str, Any]) -> Sensor | None:
    said = Members(item)
    sensor_id = said.take("id", text)
    if not sensor_id or not sensor_id.isprintable():
        return None
    code = said.take("code", text)
    values: dict[str, float] = {}
    abilities: set[Ability] = set()
    forms: list[dict[str, str]] = []
    for capability in objects(said.left.pop("capability", None)):
        kind, told = text(capability.get("type")), _written(capability.get("value"))
        if kind is None or told is None:
            continue
        value, is_tenths = sensed_value(kind, told) if kind in SENSED else (None, False)
        if value is None:
            # What it does not measure now, or what we have no quantity for, is told as it was said.
            forms.append({"type": kind, "text": told})
        else:
            values[SENSED[kind][0]] = value
            forms.append({"type": kind, "unit": TENTHS} if is_tenths else {"type": kind})
        if kind in SENSED:
            abilities.add(SENSED[kind][1])
    name = said.take("name", text)
    is_own = sensor_id == words.OWN_SENSOR
    told_so = {
        "id": sensor_id,
        "code": code,
        "type": said.take("type", text),
        "isInUse": said.take("isInUse", flag),
        "capability": forms,
        "name": name if is_own else None,
    }
    if is_own:
        values = {quantity: value for quantity, value in values.items() if quantity not in _STATED}
    return Sensor(
        id=sensor_id,
        code=code or "",
        said=Said(
            name=name or "",
            values=values,
            abilities=frozenset(abilities),
            kept={**known(told_so), **({"more": said.left} if said.left else {})},
        ),
    )


def _written(value: Any) -> str | None:
    """The documents have text here, whatever it is that was measured."""
    if isinstance(value, (bool, int, float)):
        return str(value).lower()
    return text(value)
