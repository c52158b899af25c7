"""`/api/v1/thermostats/{id}/sensors`: the thermostat itself and what speaks through it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import UNSET

from ownclimate.core.access import Permission
from ownclimate.core.readings import LatestValue
from ownclimate.core.things import Device
from ownclimate.vendors.smartbuildings import vocabulary as words
from ownclimate.vendors.smartbuildings import wire
from ownclimate.vendors.smartbuildings.face.finding import sensors_of, thermostat_id, thermostat_of
from ownclimate.vendors.smartbuildings.face.thermostats import SERIAL, ThermostatPath
from ownclimate.vendors.smartbuildings.sensing import TENTHS
from ownclimate.vendors.smartbuildings.units import fahrenheit
from ownclimate.web.call import Call
from ownclimate.web.tables import Endpoint, Success

THERMOSTAT = "thermostat"
REMOTE_SENSOR = "ecobee3_remote_sensor"
Latest = Mapping[str, LatestValue]


async def get_sensors(call: Call, path: ThermostatPath) -> wire.Sensors:
    device, _ = await thermostat_of(call, path.thermostat_id)
    remote = (await sensors_of(call, device))[: words.MAX_SENSORS - 1]
    latest = await call.ports.series.latest([each.number for each in (device, *remote)])
    nothing: Latest = {}
    own = _own(device, latest.get(device.number, nothing))
    others = [_remote(each, latest.get(each.number, nothing)) for each in remote]
    return wire.Sensors(id=thermostat_id(device), items=[own, *others])


def capabilities(latest: Latest) -> list[wire.Capability]:
    """What the sensor measures, its values as texts. Degrees have a decimal, though the vendor's other
    interface sends tenths: its document gives no unit."""
    found = []
    if known := latest.get("temperature_c"):
        found.append(wire.Capability(type="temperature", value=f"{round(fahrenheit(known.value), 1)}"))
    if known := latest.get("humidity_pct"):
        found.append(wire.Capability(type="humidity", value=f"{round(known.value)}"))
    if known := latest.get("occupancy") or latest.get("motion"):
        found.append(wire.Capability(type="occupancy", value="true" if known.value else "false"))
    if known := latest.get("co2_ppm"):
        found.append(wire.Capability(type="co2", value=f"{round(known.value)}"))
    if known := latest.get("contact_open"):
        found.append(wire.Capability(type="dryContact", value="true" if known.value else "false"))
    return found


def _own(device: Device, latest: Latest) -> wire.Sensor:
    said = device.kept.get(words.VENDOR, {}).get(words.SENSORS_SAID, {}).get(words.OWN_SENSOR_SAID, {})
    name = str(said.get("name") or device.settings.get(words.DISPLAY_NAME, device.name))
    return _sensor(words.OWN_SENSOR, name, THERMOSTAT, said, latest)


def _remote(device: Device, latest: Latest) -> wire.Sensor:
    """Under the id and pairing code that its maker gave it, else under one from its number."""
    said = device.kept.get(words.VENDOR, {})
    return _sensor(str(said.get("id") or f"rs:{device.number}"), device.name, REMOTE_SENSOR, said, latest)


def _sensor(id: str, name: str, type: str, said: Mapping[str, Any], latest: Latest) -> wire.Sensor:
    """`said` is what its maker told of it, empty for what never was at its cloud."""
    known = capabilities(latest)
    return wire.Sensor(
        id=id,
        name=name,
        type=str(said.get("type", type)),
        code=str(said["code"]) if "code" in said else UNSET,
        is_in_use=bool(said.get("isInUse", True)),
        capability=_as_said(said["capability"], known, latest) if "capability" in said else known,
    )


def _as_said(
    forms: Sequence[Mapping[str, str]], known: Sequence[wire.Capability], latest: Latest
) -> list[wire.Capability]:
    """What is known now, in the order and the unit in which the maker told of it; what nobody measures as
    it was told."""
    values = {capability.type: capability.value for capability in known}
    told = []
    for form in forms:
        value = form.get("text", values.get(form["type"]))
        if form.get("unit") == TENTHS and (degrees := latest.get("temperature_c")):
            value = f"{round(fahrenheit(degrees.value) * 10)}"
        if value is not None:
            told.append(wire.Capability(type=form["type"], value=value))
    return told


ROWS = (
    Endpoint(
        operation_id="getThermostatSensors",
        path="/api/v1/thermostats/{thermostatId}/sensors",
        handler=get_sensors,
        params=ThermostatPath,
        successes=(Success(item=wire.Sensors),),
        permission=Permission.DEVICE_READ,
        scopes=(words.READ_THERMOSTAT,),
        owned=("thermostatId",),
        summary="The thermostat's sensors with their values",
        examples={"thermostatId": SERIAL},
    ),
)
