"""Wireless thermostat: two keep-alives, of which the newer has the target in tenths.

Source: the vendor's document "Wireless thermostat"; the measuring period is from npm
mclimate-payload-helper 1.6.0 alone.
"""

from __future__ import annotations

from ownclimate.vendors.mclimate.codecs import parts
from ownclimate.vendors.mclimate.codecs.arguments import SignAndSize, byte, word
from ownclimate.vendors.mclimate.codecs.blocks import (
    CHILD_LOCK,
    DISPLAY,
    PIR,
    TEMPERATURE_RANGE,
    step_of,
    switch,
)
from ownclimate.vendors.mclimate.codecs.commands import (
    COMMON,
    Command,
    Row,
    asked,
    product,
    restart,
    setting,
    told,
)
from ownclimate.vendors.mclimate.codecs.engine import KeepAlive
from ownclimate.vendors.mclimate.codecs.extractors import number
from ownclimate.vendors.mclimate.codecs.parameters import Number, tenths, whole

TENTHS_SINCE = "1.4"
LOWEST_TARGET_C = 5
HIGHEST_TARGET_C = 99
MOST_COMPENSATION_C = 5

_TARGET_TENTHS = tenths("targetTemperature", LOWEST_TARGET_C, HIGHEST_TARGET_C)

_MEASURED = (
    parts.temperature_16("sensorTemperature", 1),
    parts.humidity("relativeHumidity", 3),
    parts.volts_16("batteryVoltage", 4),
)

_TARGET: tuple[Row, ...] = (
    Command(
        name="SetTargetTemperature",
        code=0x2E,
        arguments=(byte(whole("targetTemperature", LOWEST_TARGET_C, HIGHEST_TARGET_C, "°C")),),
        answer=0x2F,
    ),
    Command(name="SetTargetTemperature", code=0x50, arguments=(word(_TARGET_TENTHS),), since=TENTHS_SINCE),
    asked("TargetTemperature", 0x2F, number("targetTemperature")),
    setting(
        "TargetTemperaturePrecisely",
        0x50,
        0x51,
        "targetTemperature",
        word(_TARGET_TENTHS),
        since=TENTHS_SINCE,
    ),
    told(0x30, number("manualTargetTemperatureUpdate")),
    told(0x54, number("manualTargetTemperatureUpdate", 2, over=10)),
)

WIRELESS_THERMOSTAT = product(
    "wireless_thermostat",
    keepalives=(
        KeepAlive(
            code=0x81,
            length=12,
            parts=(
                *_MEASURED,
                parts.tenths("targetTemperature", 6),
                parts.byte("powerSourceStatus", 8),
                parts.word("lux", 9),
                parts.truth("pir", 11),
            ),
        ),
        # Firmware to 1.3.
        KeepAlive(
            code=0x01,
            length=11,
            parts=(
                *_MEASURED,
                parts.byte("targetTemperature", 6),
                parts.byte("powerSourceStatus", 7),
                parts.word("lux", 8),
                parts.truth("pir", 10),
            ),
        ),
    ),
    rows=(
        *COMMON,
        CHILD_LOCK,
        TEMPERATURE_RANGE,
        *_TARGET,
        switch("HeatingStatus", 0x31, 0x32, "heatingStatus", parameter="status"),
        switch("AutomaticHeatingStatus", 0x37, 0x38, "automaticHeatingStatus"),
        *DISPLAY,
        setting("TargetSendDelay", 0x35, 0x36, "sendTargetTempDelay", byte(whole("time", 0, 255, "s"))),
        switch("SensorMode", 0x39, 0x3A, "sensorMode"),
        setting(
            "TemperatureHysteresis",
            0x4E,
            0x4F,
            "temperatureHysteresis",
            byte(tenths("hysteresis", 0.1, 25.5)),
        ),
        step_of(0x52, 0x53),
        setting(
            "SensorCompensationTemperature",
            0x55,
            0x56,
            "sensorCompensationTemperature",
            SignAndSize(
                Number(
                    name="temperature",
                    low=-MOST_COMPENSATION_C,
                    high=MOST_COMPENSATION_C,
                    step=0.1,
                    per=10,
                    unit="°C",
                )
            ),
        ),
        setting(
            "TemperatureMeasurementPeriod",
            0x5D,
            0x5E,
            "temperatureMeasurementPeriod",
            byte(whole("period", 1, 255, "min")),
        ),
        *PIR,
        restart(since="1.6"),
    ),
)
