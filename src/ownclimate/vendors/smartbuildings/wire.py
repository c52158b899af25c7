"""Shapes exactly as SmartBuildings' API has them on the wire (JSend, since its version 1.0.0).

Temperatures are degrees Fahrenheit in steps of a hundredth. A field without a value is left out: clients
generated from the vendor's document break on null. Source: ecobee's OpenAPI document 1.7.0; where its
schema is wrong (see the guide's own examples) the guide is followed.
"""

from __future__ import annotations

import functools
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from ownclimate.vendors.smartbuildings import vocabulary as words
from ownclimate.web.call import Call
from ownclimate.web.tables import Envelope

ObjectId = Annotated[str, Meta(pattern=words.OBJECT_ID_PATTERN)]
ThermostatId = Annotated[str, Meta(pattern=words.THERMOSTAT_ID_PATTERN)]
Temperature = Annotated[float, Meta(ge=-459.67, le=500)]
DesiredTemperature = Annotated[float, Meta(ge=-10, le=120)]
Percent = Annotated[int, Meta(ge=0, le=100)]
Instant = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
"""UTC: 2026-11-21T10:00:00Z."""
Day = Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\d$")]
HvacMode = Literal["heat", "cool", "auto", "off", "auxHeatOnly"]
HoldType = Literal["indefinite", "nextTransition"]
BuildingSize = Literal[0, 1, 5000, 10000, 20000]
BuildingName = Annotated[str, Meta(min_length=1, max_length=32, pattern=words.PRINTABLE_PATTERN)]
NotificationType = Annotated[str, Meta(extra_json_schema={"enum": list(words.NOTIFICATION_TYPES)})]
Sky = Annotated[str, Meta(extra_json_schema={"enum": list(words.SKIES)})]
ThermostatName = Annotated[str, Meta(max_length=64, pattern=words.PRINTABLE_PATTERN)]


class Fail(Struct, kw_only=True):
    """Bad input; `data` names the fields at fault and says why."""

    status: Literal["fail"] = "fail"
    data: dict[str, str]


class Error(Struct, kw_only=True):
    """Anything else that went wrong. `message` is an object: clients generated from the vendor's
    document crash on a text."""

    status: Literal["error"] = "error"
    message: dict[str, str]
    code: int


class BadRequest(Struct, kw_only=True):
    """Both of them come with this status: a `fail` for a building that cannot be read, else an `error`."""

    status: Literal["fail", "error"]
    data: dict[str, str] | UnsetType = UNSET
    message: dict[str, str] | UnsetType = UNSET
    code: int | UnsetType = UNSET


class CredentialFault(Struct, kw_only=True):
    """What the vendor's gateway says of a bad token, outside the envelope; see `face.faults`."""

    exp: str | UnsetType = UNSET
    message: str | dict[str, str] | UnsetType = UNSET
    status: Literal["error"] | UnsetType = UNSET
    code: int | UnsetType = UNSET


class Success(Struct, kw_only=True):
    """What every success is wrapped in."""

    status: Literal["success"] = "success"
    data: Any


@functools.cache
def _shape(item: Any) -> Any:
    """The wrapped type, one a kind of item, under a name that tells it apart in the document."""
    name = f"{item.__name__}Answer"
    return msgspec.defstruct(name, [("status", Literal["success"]), ("data", item)], kw_only=True)


def _wrap(result: Any, call: Call) -> Success:
    return Success(data=result)


ENVELOPE = Envelope(wrap=_wrap, shape=_shape)


class ListItem(Struct, kw_only=True):
    id: str
    content_location: Annotated[str, Meta(extra_json_schema={"format": "uri"})] = msgspec.field(
        name="contentLocation"
    )
    """Absolute address of the whole resource."""


class Listing(Struct, kw_only=True):
    count: Annotated[int, Meta(ge=0, le=words.MAX_ITEMS)]
    items: Annotated[list[ListItem], Meta(max_length=words.MAX_ITEMS)]


class AddressDetails(Struct, kw_only=True):
    address: Annotated[str, Meta(max_length=100)]
    city: Annotated[str, Meta(max_length=100)]
    country: Annotated[str, Meta(pattern=words.COUNTRY_PATTERN)]
    state: Annotated[str, Meta(max_length=30)]
    postal_code: Annotated[str, Meta(pattern=words.POSTAL_CODE_PATTERN)] = msgspec.field(name="postalCode")
    latitude: Annotated[float, Meta(ge=-90, le=90)]
    longitude: Annotated[float, Meta(ge=-180, le=180)]
    time_zone: str = msgspec.field(name="timeZone")


class Building(Struct, kw_only=True):
    """Flat: the address stands beside the name. Every field is required of an answer, so of a site that
    was made elsewhere what is not known stands as `vocabulary.UNKNOWN_*`."""

    id: ObjectId
    name: str
    size: BuildingSize
    address: str
    city: str
    country: str
    state: str
    postal_code: str = msgspec.field(name="postalCode")
    latitude: float
    longitude: float
    time_zone: str = msgspec.field(name="timeZone")


class Thermostat(Struct, kw_only=True, rename="camel"):
    id: ThermostatId
    building_id: ObjectId
    name: str
    thermostat_name: str
    time_zone_offset_minutes: Annotated[int, Meta(ge=-780, le=900)]
    hvac_modes: Annotated[list[HvacMode], Meta(min_length=1)]


class SetPoint(Struct, kw_only=True, rename="camel"):
    desired_cool: Temperature | UnsetType = UNSET
    desired_heat: Temperature | UnsetType = UNSET


class Range(Struct, kw_only=True):
    min: Temperature
    max: Temperature


class RunningEquipment(Struct, kw_only=True, rename="camel"):
    fan: bool = False
    comp_cool1: bool = False
    comp_cool2: bool = False
    heat_pump: bool = False
    heat_pump2: bool = False
    heat_pump3: bool = False
    aux_heat1: bool = False
    aux_heat2: bool = False
    aux_heat3: bool = False
    comp_hot_water: bool = False
    aux_hot_water: bool = False
    humidifier: bool = False
    dehumidifier: bool = False
    ventilator: bool = False
    economizer: bool = False


class Status(Struct, kw_only=True, rename="camel"):
    """A disconnected thermostat keeps its last values."""

    id: ThermostatId
    is_connected: bool
    is_tenant_mode: bool
    hvac_mode: HvacMode
    comfort_setting: Annotated[str, Meta(pattern=words.COMFORT_PATTERN)]
    temperature: Temperature | UnsetType = UNSET
    humidity: Percent | UnsetType = UNSET
    set_point: SetPoint
    desired_cool_range: Range
    desired_heat_range: Range
    desired_humidity: Percent | UnsetType = UNSET
    desired_dehumidity: Percent | UnsetType = UNSET
    heat_cool_min_delta: Annotated[int, Meta(ge=5)]
    running_equipment: RunningEquipment


class Capability(Struct, kw_only=True):
    """Both are texts, whatever was measured."""

    type: str
    value: str


class Sensor(Struct, kw_only=True, rename="camel"):
    id: str
    name: str
    type: str
    code: str | UnsetType = UNSET
    is_in_use: bool
    capability: list[Capability]


class Sensors(Struct, kw_only=True):
    id: ThermostatId
    items: Annotated[list[Sensor], Meta(max_length=words.MAX_SENSORS)]


class Hold(Struct, kw_only=True, rename="camel"):
    name: str
    type: str
    is_running: bool
    start_time: Instant
    end_time: Instant
    cool_hold_temperature: Temperature | UnsetType = UNSET
    heat_hold_temperature: Temperature | UnsetType = UNSET
    fan: str | UnsetType = UNSET
    fan_minimum_on_time: Annotated[int, Meta(ge=0, le=55)] = 0


class Events(Struct, kw_only=True, rename="camel"):
    id: ThermostatId
    current_event: Hold | UnsetType = UNSET
    holds: list[Hold]


class Alert(Struct, kw_only=True, rename="camel"):
    acknowledge_ref: str
    alert_number: Annotated[int, Meta(ge=0)]
    alert_type: Literal["alert", "demandResponse", "emergency", "message", "pricing"]
    notification_type: NotificationType
    severity: Literal["low", "medium", "high"]
    text: Annotated[str, Meta(max_length=500)]
    time: Instant
    reminder: Day | UnsetType = UNSET


class Alerts(Struct, kw_only=True):
    id: ThermostatId
    items: list[Alert]


class Limit(Struct, kw_only=True):
    """A limit beyond which an alert is raised; °F or percent."""

    enabled: bool
    value: float


class Reminder(Struct, kw_only=True, rename="camel"):
    enabled: bool
    last_maintenance_date: Day | UnsetType = UNSET
    maintenance_interval: float
    maintenance_interval_units: Literal["month", "hour"]
    next_reminder_date: Day | UnsetType = UNSET


class AlertSettings(Struct, kw_only=True, rename="camel"):
    id: ThermostatId
    low_temperature_alert: Limit
    high_temperature_alert: Limit
    low_humidity_alert: Limit
    high_humidity_alert: Limit
    ac_maintenance_reminder: Reminder
    hvac_maintenance_reminder: Reminder


class Forecast(Struct, kw_only=True, rename="camel"):
    """A day or hour to come; wind in miles an hour, pressure in millibar."""

    date: Instant
    condition: str
    sky: Sky
    temperature: Temperature
    temperature_high: Temperature
    temperature_low: Temperature
    dew_point: Temperature
    relative_humidity: Percent
    probability_of_precipitation: Percent
    pressure: float
    wind_speed: int
    wind_direction: str
    wind_bearing: Annotated[int, Meta(ge=0, le=360)]


class Weather(Struct, kw_only=True):
    id: ThermostatId
    items: list[Forecast]


class HvacModeSet(Struct, kw_only=True, rename="camel"):
    hvac_mode: HvacMode


class FanHoldSet(Struct, kw_only=True):
    fan: Literal["on", "auto"]
    type: HoldType


class TemperatureHoldSet(Struct, kw_only=True, rename="camel"):
    desired_temperature: DesiredTemperature
    type: HoldType
