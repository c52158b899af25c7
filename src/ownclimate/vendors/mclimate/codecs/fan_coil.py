"""Fan coil thermostat FCT, class C.

Source: the vendor's document "Fan coil thermostat"; the colours of the display are from npm
mclimate-payload-helper 1.6.0 alone, as are languages beyond the two of the document.
"""

from __future__ import annotations

from ownclimate.core.errors import InvalidInput
from ownclimate.vendors.mclimate.codecs import parts
from ownclimate.vendors.mclimate.codecs.arguments import Values, byte, word
from ownclimate.vendors.mclimate.codecs.blocks import (
    HIGHEST_TARGET_C,
    HUMIDITY_VISIBILITY,
    LOWEST_TARGET_C,
    REFRESH_PERIOD,
    TEMPERATURE_RANGE,
    TEMPERATURE_VISIBILITY,
    step_of,
    switch,
)
from ownclimate.vendors.mclimate.codecs.commands import (
    COMMON,
    Command,
    Row,
    Setting,
    ascending,
    asked,
    product,
    restart,
    setting,
    told,
)
from ownclimate.vendors.mclimate.codecs.engine import KeepAlive
from ownclimate.vendors.mclimate.codecs.extractors import number, record
from ownclimate.vendors.mclimate.codecs.parameters import Number, Parameter, choice, tenths, whole

MODES = ("ventilation", "heating", "cooling")
FAN_SPEEDS = ("automatic", "low 1", "low 2", "medium 3", "medium 4", "high 5", "high 6")
FAN_OFF = 7

MOST_TARGET_C = 99
MOST_COMPENSATION_C = 5


def _one(
    name: str, set_code: int, get_code: int, said_as: str, parameter: Parameter, since: str = ""
) -> Setting:
    return setting(name, set_code, get_code, said_as, byte(parameter), since=since)


def _value(*words: str) -> Parameter:
    return choice("value", *words)


def _degrees(name: str, low: int = LOWEST_TARGET_C, high: int = HIGHEST_TARGET_C) -> Parameter:
    return whole(name, low, high, "°C")


def _ranges(name: str, set_code: int, get_code: int, said_as: str, since: str = "") -> Setting:
    """Lowest and highest target for heating, then for cooling."""
    heats, cools = (
        ascending("heatingTempMin", "heatingTempMax"),
        ascending("coolingTempMin", "coolingTempMax"),
    )

    def check(values: Values) -> None:
        heats(values)
        cools(values)

    names = ("heatingTempMin", "heatingTempMax", "coolingTempMin", "coolingTempMax")
    return setting(
        name,
        set_code,
        get_code,
        said_as,
        *(byte(_degrees(end)) for end in names),
        since=since,
        check=check,
    )


def _sign_agrees(values: Values) -> None:
    """The sign is a parameter of its own; a temperature below 0 must not contradict it."""
    if values["temperature"] < 0 and not values["compensation"]:
        raise InvalidInput("compensation", "expected 1 (negative) for a temperature below 0, got 0")


_TARGET: tuple[Row, ...] = (
    setting(
        "TargetTemperature",
        0x2E,
        0x2F,
        "targetTemperature",
        word(tenths("targetTemperature", LOWEST_TARGET_C, MOST_TARGET_C)),
    ),
    told(0x30, number("manualTargetTemperatureUpdate", 2, over=10)),
    step_of(0x03, 0x05),
    TEMPERATURE_RANGE,
    _ranges("HeatingCoolingTargetTempRanges", 0x16, 0x17, "heatingCoolingTargetTempRanges", "1.6"),
    _ranges(
        "HeatingCoolingTargetTempRangesUnoccupied", 0x76, 0x77, "heatingCoolingTargetTempRangesUnoccupied"
    ),
    _one("CoolingSetpointNotOccupied", 0x56, 0x57, "coolingSetpointNotOccupied", _degrees("value")),
    _one("HeatingSetpointNotOccupied", 0x58, 0x59, "heatingSetpointNotOccupied", _degrees("value")),
)

_MODE: tuple[Row, ...] = (
    _one("FctOperationalMode", 0x52, 0x53, "fctOperationalMode", _value(*MODES)),
    _one(
        "AllowedOperationalModes",
        0x54,
        0x55,
        "allowedOperationalModes",
        _value("all", "ventilation and heating", "ventilation and cooling"),
    ),
    switch("DeviceStatus", 0x66, 0x67, "deviceStatus", parameter="value"),
    _one("ReturnOfPowerOperation", 0x68, 0x69, "returnOfPowerOperation", _value("last", "on", "off")),
    switch("AutomaticChangeover", 0x5E, 0x5F, "automaticChangeover", parameter="value"),
    setting(
        "AutomaticChangeoverThreshold",
        0x64,
        0x65,
        "automaticChangeoverThreshold",
        byte(_degrees("coolingThreshold", 5, 20)),
        byte(_degrees("heatingThreshold", 30, 60)),
    ),
    asked(
        "ModeChangedByAutoChangeover",
        0x74,
        record("automaticChangeoverMode", 2, lambda d: {"ntcTemperature": d[0], "automaticChangeover": d[1]}),
    ),
)

_FAN: tuple[Row, ...] = (
    _one("FanSpeed", 0x44, 0x45, "fanSpeed", _value(*FAN_SPEEDS)),
    _one(
        "FanSpeedLimit",
        0x46,
        0x47,
        "fanSpeedLimit",
        _value("low, medium and high", "low and medium", "low", "none"),
    ),
    _one("FanSpeedNotOccupied", 0x5C, 0x5D, "fanSpeedNotOccupied", _value("low", "automatic", "keep")),
    _one("FanOffDelayTime", 0x78, 0x79, "fanOffDelayTime", whole("time", 0, 255, "min")),
    _one(
        "AdditionalFanMode",
        0x7A,
        0x7B,
        "additionalFanMode",
        choice("mode", "off at target", "run on", "continuous"),
    ),
    setting(
        "EcmVoltageRange",
        0x48,
        0x49,
        "ecmVoltageRange",
        byte(tenths("min", 0, 10, "V")),
        byte(tenths("max", 0, 10, "V")),
        check=ascending("min", "max"),
    ),
    _one("EcmStartUpTime", 0x4A, 0x4B, "ecmStartUpTime", whole("value", 0, 20, "s")),
    switch("EcmRelay", 0x4C, 0x4D, "ecmRelay", parameter="value"),
    _one("ValveOpenCloseTime", 0x31, 0x32, "valveOpenCloseTime", whole("value", 1, 255)),
    _one("DeltaTemperature1", 0x6A, 0x6B, "deltaTemperature1", tenths("value", 0.5, 10)),
    setting(
        "DeltaTemperature2and3",
        0x6C,
        0x6D,
        "deltaTemperature2and3",
        byte(tenths("deltaTemperature2", 0.5, 10)),
        byte(tenths("deltaTemperature3", 0.5, 10)),
    ),
)

_SENSORS: tuple[Row, ...] = (
    # The device wants a temperature before it is told to go by it.
    switch("ExtAutomaticTemperatureControl", 0x35, 0x36, "extAutomaticTemperatureControl", parameter="value"),
    Command(name="SetExtTemperatureSensor1C", code=0x3B, arguments=(byte(_degrees("temperature", 1, 99)),)),
    setting(
        "ExtTemperatureSensor", 0x3C, 0x3E, "extSensorTemperature", word(tenths("temperature", 0.1, 99.9))
    ),
    setting(
        "TempSensorCompensation",
        0x5A,
        0x5B,
        "tempSensorCompensation",
        byte(choice("compensation", "positive", "negative")),
        byte(
            Number(
                name="temperature",
                low=-MOST_COMPENSATION_C,
                high=MOST_COMPENSATION_C,
                step=0.1,
                per=10,
                unit="°C",
                is_size=True,
            )
        ),
        check=_sign_agrees,
    ),
    switch("FrostProtection", 0x4E, 0x4F, "frostProtection", parameter="value"),
    setting(
        "FrostProtectionSettings",
        0x50,
        0x51,
        "frostProtectionSettings",
        byte(_degrees("threshold", 5, 20)),
        byte(_degrees("setpoint", 5, 20)),
    ),
    asked("FrostProtectionStatus", 0x6E, number("frostProtectionStatus")),
    asked("OccupancySensorStatusSetPoint", 0x70, number("occupancySensorStatusSetPoint")),
    asked("OccupancySensorStatus", 0x71, number("occupancySensorStatus")),
    asked("DewPointSensorStatus", 0x72, number("dewPointSensorStatus")),
    asked("FilterAlarm", 0x73, number("filterAlarm")),
    asked("PowerModuleCommunicationStatus", 0x75, number("powerModuleStatus")),
    asked("InternalTemperatureSensorError", 0x7C, number("internalTemperatureSensorError")),
    asked("ExternalTemperatureSensorError", 0x7D, number("externalTemperatureSensorError")),
)

_INSTALLATION: tuple[Row, ...] = (
    _one(
        "KeysLock",
        0x07,
        0x14,
        "keysLock",
        _value("none", "all", "on/off and mode", "on/off", "all but on/off", "mode"),
    ),
    _one(
        "WiringDiagram",
        0x60,
        0x61,
        "wiringDiagram",
        _value(
            "three-speed, 2-pipe",
            "three-speed, 2-pipe 3-wire",
            "three-speed, 4-pipe",
            "ecm, 4-pipe",
            "ecm, 2-pipe",
            "ecm, 2-pipe 3-wire",
        ),
    ),
    _one(
        "OccFunction",
        0x62,
        0x63,
        "occFunction",
        _value(
            "occupancy with set-back",
            "occupancy with set-back, reversed",
            "occupancy off",
            "occupancy off, reversed",
            "dew point",
            "dew point, reversed",
            "filter alarm",
            "filter alarm, reversed",
        ),
    ),
    REFRESH_PERIOD,
    TEMPERATURE_VISIBILITY,
    HUMIDITY_VISIBILITY,
    _one("DisplayColorMode", 0x7E, 0x7F, "displayColorMode", _value("light", "dark")),
    _one(
        "UserInterfaceLanguage",
        0x9A,
        0x9B,
        "userInterfaceLanguage",
        _value("english", "french", "german", "spanish"),
        "1.8",
    ),
    restart(since="1.8"),
)

FAN_COIL_THERMOSTAT = product(
    "fan_coil_thermostat",
    keepalives=(
        KeepAlive(
            code=0x01,
            length=11,
            parts=(
                parts.temperature_16("sensorTemperature", 1),
                parts.humidity("relativeHumidity", 3),
                parts.tenths("targetTemperature", 4),
                parts.byte("operationalMode", 6),
                parts.byte("displayedFanSpeed", 7),
                parts.byte("actualFanSpeed", 8),
                parts.byte("valveStatus", 9),
                parts.byte("deviceStatus", 10),
            ),
        ),
    ),
    rows=(*COMMON, *_TARGET, *_MODE, *_FAN, *_SENSORS, *_INSTALLATION),
)
