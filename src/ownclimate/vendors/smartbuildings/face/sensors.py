"""`/api/v1/thermostats/{id}/sensors`: the thermostat itself and what speaks through it."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import UNSET

from ownclimate.core.access import Permission
from ownclimate.core.devices import list_devices
from ownclimate.core.readings import LatestValue
from ownclimate.core.things import Device
from ownclimate.vendors.smartbuildings import vocabulary as words
from ownclimate.vendors.smartbuildings import wire
from ownclimate.vendors.smartbuildings.face.finding import thermostat_id, thermostat_of
from ownclimate.vendors.smartbuildings.face.thermostats import SERIAL, ThermostatPath
from ownclimate.vendors.smartbuildings.units import fahrenheit
from ownclimate.web.call import Call
from ownclimate.web.tables import Endpoint, Success

OWN_ID = "ei:0"
REMOTE_SENSOR = "ecobee3_remote_sensor"
Latest = Mapping[str, LatestValue]


async def get_sensors(call: Call, path: ThermostatPath) -> wire.Sensors:
    device, _ = await thermostat_of(call, path.thermostat_id)
    devices = await list_devices(call.ports.directory, device.owner_id)
    remote = [each for each in devices if each.parent_id == device.id][: words.MAX_SENSORS - 1]
    latest = await call.ports.series.latest([each.number for each in (device, *remote)])
    nothing: Latest = {}
    own = wire.Sensor(
        id=OWN_ID,
        name=device.settings.get(words.DISPLAY_NAME, device.name),
        type="thermostat",
        is_in_use=True,
        capability=capabilities(latest.get(device.number, nothing)),
    )
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


def _remote(device: Device, latest: Latest) -> wire.Sensor:
    """Under the id and pairing code that its maker gave it, else under one from its number."""
    said = device.kept.get(words.VENDOR, {})
    return wire.Sensor(
        id=str(said.get("id") or f"rs:{device.number}"),
        name=device.name,
        type=REMOTE_SENSOR,
        code=str(said["code"]) if "code" in said else UNSET,
        is_in_use=True,
        capability=capabilities(latest),
    )


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
