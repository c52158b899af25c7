"""Vicki, the radiator thermostat: its keep-alive and every answer it gives.

Source: the vendor's documents, "Vicki LoRaWAN" (keep-alive: "Decoding and bit description"; answers:
"Commands cheat sheet"), for the codes marked `package` npm mclimate-payload-helper 1.6.0 alone.
"""

from __future__ import annotations

import calendar
import math
from datetime import UTC, datetime
from typing import Any

from ownclimate.vendors.mclimate.codecs.commands import COMMON, Asked, product
from ownclimate.vendors.mclimate.codecs.engine import Answer, Fields, KeepAlive, Part
from ownclimate.vendors.mclimate.codecs.extractors import (
    flag,
    hex_text,
    number,
    record,
    relative_humidity,
    signed,
    tidy,
    two_digits,
    unsigned,
    word,
)
from ownclimate.vendors.mclimate.codecs.parameters import weekdays
from ownclimate.vendors.mclimate.codecs.vicki_commands import (
    COMMANDS,
    GAIN_UNIT,
    OPEN_WINDOW_STEP_MIN,
    RESTORE_STEP_MIN,
)

EVENT_BYTES = 5
EVENTS_A_GROUP = 8
EVENT_GROUPS = ("0-7", "8-15", "16-19")
LAST_EVENT = 19

DEBUG_BYTES = 31
SPREADING_FACTORS = range(7, 13)


def valve_openness(position: int, span: int) -> int:
    """Percent from motor steps; position 0 is fully open, the whole span closed.

    A motor that was never calibrated has no span and counts as closed.
    """
    return math.floor((1 - position / span) * 100 + 0.5) if span else 0


def _motor(b: bytes) -> Fields:
    position = (b[6] >> 4) << 8 | b[4]
    span = (b[6] & 0x0F) << 8 | b[5]
    return {"motorPosition": position, "motorRange": span, "valveOpenness": valve_openness(position, span)}


def _power_and_faults(b: bytes) -> Fields:
    return {
        "batteryVoltage": round(2 + (b[7] >> 4) / 10, 1),
        "openWindow": bool(b[7] & 0x08),
        "highMotorConsumption": bool(b[7] & 0x04),
        "lowMotorConsumption": bool(b[7] & 0x02),
        "brokenSensor": bool(b[7] & 0x01),
    }


def _state(b: bytes) -> Fields:
    return {
        "childLock": bool(b[8] & 0x80),
        "calibrationFailed": bool(b[8] & 0x40),
        "attachedBackplate": bool(b[8] & 0x20),
        "perceiveAsOnline": bool(b[8] & 0x10),
        "antiFreezeProtection": bool(b[8] & 0x08),
    }


def _newer_state(b: bytes) -> Fields:
    return {"d2dCommunicationReliable": bool(b[8] & 0x04), "batteryTooLow": bool(b[8] & 0x02)}


_REASON = Part(last_byte=0, read=lambda b: {"reason": b[0]})
_TARGET = Part(last_byte=1, read=lambda b: {"targetTemperature": b[1]})
_HUMIDITY = Part(last_byte=3, read=lambda b: {"relativeHumidity": relative_humidity(b[3])})
_MOTOR = Part(last_byte=6, read=_motor)
_POWER_AND_FAULTS = Part(last_byte=7, read=_power_and_faults)
_STATE = Part(last_byte=8, read=_state)

KEEPALIVE_TO_3_4 = KeepAlive(
    code=0x01,
    length=9,
    parts=(
        _REASON,
        _TARGET,
        Part(last_byte=2, read=lambda b: {"sensorTemperature": round(b[2] * 165 / 256 - 40, 2)}),
        _HUMIDITY,
        _MOTOR,
        _POWER_AND_FAULTS,
        _STATE,
    ),
)
"""Firmware up to 3.4."""

KEEPALIVE_FROM_3_5 = KeepAlive(
    code=0x81,
    length=9,
    parts=(
        _REASON,
        _TARGET,
        # The document's constants, as printed; they stand for (byte − 28 1/3) / 5 2/3.
        Part(last_byte=2, read=lambda b: {"sensorTemperature": round((b[2] - 28.33333) / 5.66666, 2)}),
        _HUMIDITY,
        _MOTOR,
        _POWER_AND_FAULTS,
        _STATE,
        Part(last_byte=8, read=_newer_state),
    ),
)
"""Firmware from 3.5 on; the two newest bits read false before 4.6."""


def _open_window(d: bytes) -> dict[str, Any]:
    return {
        "enabled": bool(d[0]),
        "duration": d[1] * OPEN_WINDOW_STEP_MIN,
        "motorPosition": (d[3] >> 4) << 8 | d[2],
        "delta": d[3] & 0x0F,
    }


def _open_window_precisely(d: bytes) -> dict[str, Any]:
    return {"enabled": bool(d[0]), "duration": d[1] * OPEN_WINDOW_STEP_MIN, "delta": d[2] / 10}


def _anti_freeze(d: bytes) -> dict[str, Any]:
    # The last byte is whole degrees: the package's builder multiplies it by ten, the document does not.
    return {
        "activatedTemperature": d[0] / 10,
        "deactivatedTemperature": d[1] / 10,
        "targetTemperature": d[2],
    }


def _debug(d: bytes) -> dict[str, Any]:
    counters = {
        f"packetsSentOnSF{factor}": unsigned(d[10 + 3 * place : 13 + 3 * place])
        for place, factor in enumerate(SPREADING_FACTORS)
    }
    return {
        "batterySubrange": d[0],
        "motorCurrentConsumption": d[1] * 4,
        "powerSupplyVoltageMeasured": d[2] * 16,
        "daysSinceLastDeviceReset": d[3],
        "detectedMotorOverVoltages": d[4],
        "motorHardwareDriverType": d[5] >> 4,
        "temperatureSensorModel": d[5] & 0x0F,
        "motorTotalTravelSteps": unsigned(d[6:10]),
        **counters,
        "totalSentPackets": unsigned(d[28:31]),
    }


def _heating_events(d: bytes) -> Fields:
    """Eight slots of one group; a slot of zeros holds no event."""
    first = d[0] * EVENTS_A_GROUP
    events = []
    for place in range(EVENTS_A_GROUP):
        slot = d[1 + place * EVENT_BYTES : 1 + (place + 1) * EVENT_BYTES]
        if any(slot):
            events.append(
                {
                    "index": first + place,
                    "start": f"{slot[0]:02d}:{slot[1]:02d}",
                    "targetTemperature": unsigned(slot[2:4]) / 10,
                    "weekdays": weekdays(slot[4]),
                }
            )
    group = EVENT_GROUPS[d[0]] if d[0] < len(EVENT_GROUPS) else str(d[0])
    return {"heatingEventGroup": group, "heatingEvents": events}


def _heating_event_states(d: bytes) -> dict[str, bool]:
    bits = unsigned(d[1:])
    return {str(event): bool(bits >> event & 1) for event in range(LAST_EVENT + 1)}


def _day_of_year(month: int, day: int) -> str:
    """Months count from 0. A month that there is not is shown by its number."""
    name = calendar.month_name[month + 1] if month < 12 else f"month {month + 1}"
    return f"{day} {name}"


def _heating_season(d: bytes) -> dict[str, str]:
    return {"start": _day_of_year(d[0], d[1]), "end": _day_of_year(d[2], d[3])}


def _device_time(d: bytes) -> Fields:
    moment = datetime.fromtimestamp(unsigned(d), UTC)
    return {"deviceTime": f"{moment.day}/{moment.month}/{moment.year} {moment.hour}:{moment.minute:02d}"}


def _temperature_levels(d: bytes) -> dict[str, float]:
    return {f"level{place}": unsigned(d[2 * place : 2 * place + 2]) / 10 for place in range(6)}


DOCUMENTED: dict[int, Answer] = {
    0x13: record("openWindowParams", 4, _open_window),
    0x14: flag("childLock"),
    0x15: record("temperatureRangeSettings", 2, lambda d: {"min": d[0], "max": d[1]}),
    0x16: record("internalAlgoParams", 3, lambda d: {"period": d[0], "pFirstLast": d[1], "pNext": d[2]}),
    0x17: record("internalAlgoTdiffParams", 2, lambda d: {"warm": d[0], "cold": d[1]}),
    0x18: two_digits("operationalMode"),
    0x1F: two_digits("primaryOperationalMode"),
    0x28: number("manualTargetTemperatureUpdate"),
    0x29: record("proportionalAlgorithmParameters", 2, lambda d: {"coefficient": d[0], "period": d[1]}),
    0x2B: word("temperatureControlAlgorithm", ("proportional", "equal", "proportionalIntegral")),
    0x2F: number("targetTemperature"),
    0x34: two_digits("childLockBehavior"),
    0x36: number("proportionalGain", 3, over=GAIN_UNIT),
    0x3D: number("integralGain", 3, over=GAIN_UNIT),
    0x3F: number("integralValue", 2, over=10),
    0x40: number("piRunPeriod"),
    0x42: number("tempHysteresis", over=10),
    0x44: number("extSensorTemperature", 2, over=10),
    0x46: record("openWindowPrecisely", 3, _open_window_precisely),
    0x48: flag("forceAttach"),
    0x4A: record("antiFreezeParams", 3, _anti_freeze),
    0x4D: number("maxAllowedIntegralValue", 2, over=10),
    0x50: record("valveOpennessRangeInPercentage", 2, lambda d: {"max": 100 - d[0], "min": 100 - d[1]}),
    0x52: number("targetTemperatureFloat", 2, over=10),
    0x54: Answer(length=1, read=lambda d: {"temperatureOffset": tidy((d[0] - 28) * 0.176)}),
}

FROM_THE_PACKAGE: dict[int, Answer] = {
    0x21: record(
        "batteryRangesBoundaries",
        6,
        lambda d: {f"Boundary{n}": unsigned(d[2 * n - 2 : 2 * n]) for n in (1, 2, 3)},
    ),
    # The first byte is a constant 0x0E on the way down; it says nothing.
    0x23: record("batteryRangesOverVoltage", 4, lambda d: {f"Range{n}": d[n] for n in (1, 2, 3)}),
    0x25: record("debug", DEBUG_BYTES, _debug),
    0x27: number("OVAC"),
    0x4B: number("patchVersion"),
    0x56: number("ledDisplayTempUnits"),
    0x58: record(
        "notifications",
        2,
        lambda d: {
            "temperatureRestoredAfterManualBoost": bool(d[0] & 0x01),
            "temperatureChangedByHeatingSchedule": bool(d[0] & 0x02),
        },
    ),
    0x5A: Answer(length=1 + EVENTS_A_GROUP * EVENT_BYTES, read=_heating_events),
    0x5C: record("heatingSchedule", 4, _heating_season),
    0x5E: Answer(length=4, read=_device_time),
    0x60: signed("deviceTimeZone"),
    0x62: number("autoSetpointRestoreStatus", times=RESTORE_STEP_MIN),
    0x64: number("ledIndicationDuration", over=2),
    0x66: number("offlineTargetTemperature", 2, over=10),
    0x68: flag("internalAlgoTemporaryState", true=0),
    0x6A: record("temperatureLevels", 12, _temperature_levels),
    0x6C: record("heatingEventStates", 4, _heating_event_states),
    0x6E: number("timeRequestByMACcommand"),
    0x70: hex_text("d2dNotificationDeviceAppKey", 16),
    0x72: number("htSensorTemperature", 2, over=10),
}


def _finish(fields: Fields) -> None:
    """The exact target: the device's own tenths when it sent them, else the whole degrees."""
    if "targetTemperature" in fields and "reason" in fields:
        fields.setdefault("targetTemperatureFloat", float(fields["targetTemperature"]))


_ANSWERS = {**DOCUMENTED, **FROM_THE_PACKAGE}

VICKI = product(
    "vicki",
    keepalives=(KEEPALIVE_TO_3_4, KEEPALIVE_FROM_3_5),
    rows=(*COMMON, *(Asked(code=code, told=answer) for code, answer in _ANSWERS.items()), *COMMANDS),
    finish=_finish,
)
