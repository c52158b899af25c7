"""The codecs beside npm mclimate-payload-helper: the same frames and commands, and every difference by name.

A difference stands in one of the lists below with what decides it: the vendor's document of the model, a
ruling on a conflict, or what cannot be otherwise. One that is not listed fails, and so does one that is
listed and does not occur any more.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from typing import Any

import pytest

from ownclimate.core.errors import AppError
from ownclimate.vendors.mclimate.codecs import decode, encode, models
from ownclimate.vendors.mclimate.codecs.downlinks import CUSTOM
from ownclimate.vendors.mclimate.codecs.models import PRODUCTS
from ownclimate.vendors.mclimate.codecs.names import snake
from tests.contract.codecs.samples import (
    SHARE_OF_ENDS,
    framed,
    random_answer,
    random_keepalive,
    random_params,
)
from tests.contract.codecs.test_published_vectors import differences
from tests.contract.codecs.vendor_package import REFUSED, VendorPackage, opened_package

ROUNDS = 500 if os.environ.get("TEST_FULL") else 25

SHARE_OF_TENS = 0.5
"""How many of the drawn numbers are multiples of ten, which many a time has to be."""

EVERY = "every model"
KEEPALIVE = "keep-alive"
ANY = "any field"

MISSING_COMMANDS: dict[tuple[str, str], str] = {
    ("t_valve", "GetDeviceVersion"): "document: 04 is another command; the long frame has the version",
    ("thermostat", "GetDeviceVersion"): "document: frames down have six bytes, 01 or 02 first",
    ("thermostat", "GetKeepAlive"): "as GetDeviceVersion",
    ("thermostat", "SetJoinRetryPeriod"): "as GetDeviceVersion",
    ("thermostat", "GetJoinRetryPeriod"): "as GetDeviceVersion",
    ("thermostat", "SetUplinkType"): "as GetDeviceVersion",
    ("thermostat", "GetUplinkType"): "as GetDeviceVersion",
    ("thermostat", "SetWatchDogParams"): "as GetDeviceVersion",
    ("thermostat", "GetWatchDogParams"): "as GetDeviceVersion",
    ("thermostat", "GetRegion"): "as GetDeviceVersion",
    ("mc_button", "SetUplinkType"): "document: not among the button's commands, its presses are confirmed",
    ("mc_button", "GetUplinkType"): "as SetUplinkType",
    ("mc_button", "SetWatchDogParams"): "as SetUplinkType",
    ("mc_button", "GetWatchDogParams"): "as SetUplinkType",
    ("relay_16_dry", "GetOvervoltageRecoveryTime"): "document: 16ASPM only, a dry contact measures nothing",
    ("relay_16_dry", "GetOvercurrentRecoveryTemp"): "as GetOvervoltageRecoveryTime",
    ("relay_16_dry", "GetOverpowerRecoveryTemp"): "as GetOvervoltageRecoveryTime",
}
"""Builders of the package for commands that the model does not have."""

OTHER_BYTES: dict[tuple[str, str], str] = {
    ("vicki", "SetOpenWindow"): "document: five bytes; the package writes the difference twice",
    ("vicki", "SetAntiFreezeParams"): "document: the last byte is whole degrees, not tenths",
}
"""Commands that become other bytes here, or none there."""

REFUSED_HERE: dict[tuple[str, str], str] = {
    ("vicki", "SetOpenWindow"): "document: minutes in steps of 5, which the package cuts off",
    ("vicki", "SetOpenWindowPrecisely"): "document: minutes in steps of 5; a difference of 0.2 °C at least",
    ("vicki", "SetExternalTemperature"): "document: above 0 °C",
    ("vicki", "SetTemperatureHysteresis"): "document: 0.2 °C at least",
    ("vicki", "SetValveOpennessRangeInPercentage"): "document: the ends are at least 10 points apart",
    (EVERY, "SetTemperatureRange"): "a range whose ends are swapped",
    (EVERY, "SetCo2BoundaryLevels"): "boundaries that are swapped",
    ("fan_coil_thermostat", "SetHeatingCoolingTargetTempRanges"): "ranges whose ends are swapped",
    ("fan_coil_thermostat", "SetHeatingCoolingTargetTempRangesUnoccupied"): "ranges whose ends are swapped",
    ("fan_coil_thermostat", "SetEcmVoltageRange"): "a range whose ends are swapped",
    ("fan_coil_thermostat", "SetFrostProtectionSettings"): "document: 5 to 20 °C",
    ("fan_coil_thermostat", "SetWiringDiagram"): "document: 0 to 5",
    ("fan_coil_thermostat", "SetTempSensorCompensation"): "a temperature below 0 that is called positive",
    ("t_valve", "SetLED"): "document: lights 0 to 3, behaviours 1 to 4",
    ("t_valve", "SetBuzzer"): "document: four bits of volume, frequency to 10; times in steps of 10 ms",
    ("t_valve", "SetWorkingVoltage"): "document: not below 1F, 1848 mV",
    ("aqi_sensor", "SetAqiLed"): "document: behaviours to 4, tens of seconds; the package checks nothing",
    ("co2_sensor", "SetCo2Led"): "document: times in steps of 10 ms; the package writes fractions",
    ("co2_display_lite", "SetCo2ImagesVisibility"): "document: it has no chart; the package leaves it out",
    ("thermostat", "SetThermostatTarget"): "a target that no thermostat has; the package checks nothing",
    ("thermostat", "SetThermostatConfig"): "as SetThermostatTarget, and a period of 0",
    ("thermostat", "SetKeepAlive"): "a period of 0",
    ("dsk_device", "SetVrvStatus"): "0 or 1; the package checks nothing",
}
"""Parameters that the package's schemas take and the device does not, or not so."""

REFUSED_THERE: dict[tuple[str, str], str] = {
    ("vicki", "SetOpenWindow"): "document: up to 1275 min; the package takes 51",
    ("vicki", "SetOpenWindowPrecisely"): "as SetOpenWindow",
    ("vicki", "SetExternalTemperature"): "tenths go as 3C; the package has another builder for them",
    ("vicki", "SetAntiFreezeParams"): "document: whole degrees, which always fit in a byte",
    ("vicki", "SetAutomaticSetpointRestore"): "document: up to 2550 min; the package takes 255",
    ("t_valve", "SetWorkingVoltage"): "the package writes fractions of a byte where 8 mV do not fit",
    ("vicki", "SetProportionalGain"): "document: 2.74688 is an example; the package takes whole numbers",
    ("vicki", "SetIntegralGain"): "as SetProportionalGain",
    ("vicki", "SetMaxAllowedIntegralValue"): "document: in tenths; the package takes whole numbers",
    (EVERY, "SetJoinRetryPeriod"): "document: steps of 5 s; the package takes whole minutes to 21",
    ("relay_16", "SetOvervoltageThresholds"): "document: 275 V is the factory's; the package takes 255",
    ("co2_sensor", "SetBuzzerNotification"): "document: 1010 ms is an example; the package takes 255",
    ("co2_sensor", "SetCo2Led"): "document: 4020 ms is an example; the package takes 255",
    ("t_valve", "SetOpenCloseTime"): "document: 0 is never",
    ("t_valve", "SetLED"): "document: light 0 opens; 0 s is until told",
    ("t_valve", "SetBuzzer"): "document: volume 0 and frequency 0 there are; times to 2550 ms",
    ("t_valve", "SetEmergencyOpenings"): "document: up to 15",
    ("open_close_sensor", "SetNotificationBlindTime"): "document: 0 is the default",
    ("mc_button", "ClearPressEventCounter"): "a mask of three bits; the package takes two",
    ("fan_coil_thermostat", "SetDeltaTemperature1"): "document: in tenths; the package takes halves",
    ("fan_coil_thermostat", "SetDeltaTemperature2and3"): "as SetDeltaTemperature1",
}
"""Commands that the device takes and the package's schemas do not."""

UNBUILT_THERE: dict[str, tuple[str, ...]] = {
    "vicki": (
        "GetTargetTemperature",
        "GetDebug",
    ),
    "ht_display_lite": (
        "SetChildLock",
        "GetChildLock",
        "SetMeasurementBlindTime",
        "GetMeasurementBlindTime",
        "SetMeasurementPeriod",
        "GetMeasurementPeriod",
    ),
    "t_flood": (
        "SetLed",
        "SetBuzzer",
    ),
    "aqi_sensor": (
        "SetKeepAlive",
        "GetKeepAliveTime",
        "GetDeviceVersion",
        "SetJoinRetryPeriod",
        "GetJoinRetryPeriod",
        "SetUplinkType",
        "GetUplinkType",
        "SetWatchDogParams",
        "GetWatchDogParams",
        "GetRegion",
        "SetBuzzer",
    ),
    "co2_display_lite": (
        "SetCo2MeasurementBlindTime",
        "GetCo2MeasurementBlindTime",
    ),
    "co2_pir_lite": (
        "SetUplinkSendingOnButtonPress",
        "GetUplinkSendingOnButtonPress",
        "SetNotifyPeriod",
        "GetNotifyPeriod",
    ),
    "ht_pir_lite": (
        "SetUplinkSendingOnButtonPress",
        "GetUplinkSendingOnButtonPress",
    ),
    "open_close_sensor": ("SetLed",),
    "mc_button": ("SetLed",),
    "relay_16": (
        "ClearAccumulatedEnergy",
        "RestartDevice",
    ),
}
"""Commands of the documents for which the package has no builder."""

OTHER_FIELDS: dict[tuple[str, str, str], str] = {
    (EVERY, "04", "deviceVersions"): "ruling: digits A to F are kept as text; the package gives none",
    ("t_flood", "07", "deviceVersions"): "as 04 of the others",
    ("vicki", KEEPALIVE, "d2dCommunicationReliable"): "document: bits that frames of code 01 do not have",
    ("vicki", KEEPALIVE, "batteryTooLow"): "as d2dCommunicationReliable",
    ("vicki", "16", ANY): "document: three bytes; the package takes two and reads on within them",
    ("vicki", "25", "debug"): "31 bytes; the package reads what there is of them",
    ("vicki", "5E", "deviceTime"): "document: 32 bits without a sign; the package's year 2038 is 1901",
    ("ht_sensor", KEEPALIVE, "extThermistorTemperature"): "five bytes are a unit without the input",
    ("ht_sensor", KEEPALIVE, "thermistorProperlyConnected"): "as extThermistorTemperature",
    ("ht_display_lite", "47", "pirInitPeriod"): "document: 47 is the blind time",
    ("ht_display_lite", "47", "measurementBlindTime"): "as pirInitPeriod",
    ("ht_display_lite", "49", "pirMeasurementPeriod"): "document: 49 is the measuring period",
    ("ht_display_lite", "49", "measurementPeriod"): "as pirMeasurementPeriod",
    ("ht_display_lite", KEEPALIVE, "lux"): "trap: the package loses a digit of a low byte below 16",
    ("t_flood", KEEPALIVE, "temperature"): "ruling: bit 7 is the sign",
    ("t_flood", KEEPALIVE, "reason"): "numbers without a word stay numbers; the package leaves them out",
    ("t_valve", KEEPALIVE, "reason"): "as the flood sensor's",
    ("t_valve", KEEPALIVE, "softwareVersion"): "document: the version by that name too",
    ("t_valve", KEEPALIVE, "manualOpenIndicator"): "document: swapped before firmware 1.6",
    ("t_valve", KEEPALIVE, "manualCloseIndicator"): "as manualOpenIndicator",
    ("t_valve", KEEPALIVE, "manualControl"): "as manualOpenIndicator",
    ("aqi_sensor", KEEPALIVE, "sAQI"): "trap: the package takes decimal text for bits in the whole frame",
    ("aqi_sensor", KEEPALIVE, "AQI"): "as sAQI",
    ("aqi_sensor", KEEPALIVE, "CO2eq"): "as sAQI",
    ("aqi_sensor", KEEPALIVE, "VOC"): "as sAQI",
    ("aqi_sensor", KEEPALIVE, "relative_humidity"): "as sAQI",
    ("aqi_sensor", KEEPALIVE, "pressure"): "as sAQI",
    ("aqi_sensor", KEEPALIVE, "temperature"): "as sAQI",
    ("aqi_sensor", KEEPALIVE, "accuracy_aqi"): "as sAQI",
    ("aqi_sensor", KEEPALIVE, "voltage"): "as sAQI",
    ("open_close_sensor", KEEPALIVE, "sensorTemperature"): "document: bit 3 is the sign",
    ("open_close_sensor", KEEPALIVE, "status"): "document: bit 0; the package gives the byte",
    ("mc_button", KEEPALIVE, "pressEvent"): "ruling: a number; the package puts a 0 before it",
    ("wireless_thermostat", "56", ANY): "the package has the question and reads on within the answer",
    ("wireless_thermostat", "5E", "temperatureMeasurementPeriod"): "the package takes it for Vicki's clock",
    ("wireless_thermostat", "5E", "deviceTime"): "as temperatureMeasurementPeriod",
    ("relay_16", "72", "overcurrentRecoveryTemp"): "document: bit 7 is the sign",
    ("relay_16", "73", "overpowerRecoveryTemp"): "as overcurrentRecoveryTemp",
    ("relay_16", KEEPALIVE, "energy"): "document: 32 bits without a sign; the package's turn negative",
    ("melissa_lorawan", "0A", "recordedIrInfo"): "ruling: hex text, as in published frames",
    ("melissa_lorawan", "06", "preloadedCode"): "hex text in small letters, as in published frames",
    ("melissa_lorawan", "0B", "irCodeData"): "as preloadedCode",
    ("melissa_lorawan", KEEPALIVE, "occupied"): "published frames have five bytes; the package reads ten",
    ("melissa_lorawan", KEEPALIVE, "powerSource"): "as occupied",
    ("melissa_lorawan", KEEPALIVE, "lorawanClass"): "as occupied",
    ("melissa_lorawan", KEEPALIVE, "lux"): "as occupied",
    ("melissa_lorawan", KEEPALIVE, "pirTriggerCount"): "as occupied",
    ("melissa_lorawan", KEEPALIVE, "batteryVoltage"): "as occupied",
    ("thermostat", KEEPALIVE, "relay_status"): "ruling: byte 3; the package takes byte 2 twice",
    ("thermostat", KEEPALIVE, "temp_span"): "ruling: tenths of a degree",
    ("thermostat", KEEPALIVE, "target_temperature"): "ruling: 16 bits; the package takes nine",
    ("dsk_device", "A0", ANY): "as long as a keep-alive, for which the package takes it",
    (
        "dsk_device",
        KEEPALIVE,
        "sensorTemperature",
    ): "formula of the family: ten bits; the package takes twelve",
}
"""Fields that are other here, or only on one side: by model, answer (or keep-alive) and field."""

UNREADABLE_THERE: dict[str, str] = {
    "aqi_sensor": "the package knows the sensor's keep-alive and no answer",
    "dsk_device": "the package reads an answer without a keep-alive as a keep-alive and fails",
}
"""Models whose answers the package cannot read by themselves."""


@pytest.fixture(scope="module")
def package() -> Iterator[VendorPackage]:
    yield from opened_package()


def listed(model: str, name: str, ours: str | None, theirs: str | None) -> tuple[str, tuple[str, str]] | None:
    """Which kind of difference it is and where it is listed; None when it is not."""
    if ours is None:
        kind, listing = "refused here", REFUSED_HERE
    elif theirs is None:
        kind, listing = "refused there", REFUSED_THERE
    else:
        kind, listing = "other bytes", OTHER_BYTES
    key = next((key for key in ((model, name), (EVERY, name)) if key in listing), None)
    return None if key is None else (kind, key)


def ours_of(model: str, name: str, params: dict[str, Any]) -> str | None:
    try:
        return encode(model, name, params).hex
    except AppError:
        return None


def drawn(bounds: dict[str, Any], source: random.Random) -> Any:
    """A value that the package's schema takes."""
    match bounds["kind"]:
        case "boolean":
            return source.random() < 0.5
        case "enum":
            return source.choice(bounds["values"])
        case "string":
            return source.randbytes((bounds.get("length") or 16) // 2).hex().upper()
        case "object":
            return {name: source.random() < 0.5 for name in bounds["names"]}
    low, high = bounds.get("min", 0), bounds.get("max", 255)
    if source.random() < SHARE_OF_ENDS:
        return source.choice((low, high))
    step = bounds.get("multipleOf", 10 if high > 100 and source.random() < SHARE_OF_TENS else 1)
    return round(source.randint(round(low / step), int(high / step)) * step, 6)


def test_every_command_of_the_package_becomes_the_same_bytes(package: VendorPackage) -> None:
    seen: set[tuple[str, tuple[str, str]]] = set()
    unlisted = []
    for model in models():
        source = random.Random(f"the package's commands for {model}")
        known = {snake(command.name) for command in PRODUCTS[model].commands}
        known |= {snake(alias.name) for command in PRODUCTS[model].commands for alias in command.aliases}
        for builder in package.commands(model):
            name = builder["name"][0].upper() + builder["name"][1:]
            if name == CUSTOM:
                continue
            if snake(name) not in known:
                seen.add(("missing", (model, name)))
                continue
            rounds = ROUNDS if builder["params"] else 1
            asked = [{p: drawn(b, source) for p, b in builder["params"].items()} for _ in range(rounds)]
            for params, theirs in zip(asked, package.encode(model, builder["name"], asked), strict=True):
                ours = ours_of(model, name, params)
                if ours == theirs:
                    continue
                difference = listed(model, name, ours, theirs)
                if difference is None:
                    unlisted.append((model, name, params, theirs, ours))
                else:
                    seen.add(difference)

    assert unlisted == []
    assert {key for kind, key in seen if kind == "missing"} == set(MISSING_COMMANDS)
    assert {key for kind, key in seen if kind == "refused here"} == set(REFUSED_HERE)
    assert {key for kind, key in seen if kind == "other bytes"} == set(OTHER_BYTES)


def test_every_command_of_ours_becomes_the_same_bytes_there(package: VendorPackage) -> None:
    seen: set[tuple[str, tuple[str, str]]] = set()
    unlisted = []
    for model in models():
        source = random.Random(f"commands for {model}")
        builders = {snake(builder["name"]): builder["name"] for builder in package.commands(model)}
        for command in PRODUCTS[model].commands:
            names = [snake(command.name), *(snake(alias.name) for alias in command.aliases)]
            builder = next((builders[name] for name in names if name in builders), None)
            if builder is None:
                seen.add(("unbuilt", (model, command.name)))
                continue
            rounds = ROUNDS if command.parameters else 1
            asked = [random_params(command, source) for _ in range(rounds)]
            for params, theirs in zip(asked, package.encode(model, builder, asked), strict=True):
                ours = ours_of(model, command.name, params)
                if ours == theirs:
                    continue
                difference = listed(model, command.name, ours, theirs)
                if difference is None:
                    unlisted.append((model, command.name, params, theirs, ours))
                else:
                    seen.add(difference)

    assert unlisted == []
    assert {key for kind, key in seen if kind == "refused there"} == set(REFUSED_THERE)
    assert {key for kind, key in seen if kind == "unbuilt"} == {
        (model, command) for model, commands in UNBUILT_THERE.items() for command in commands
    }


def test_every_frame_is_read_as_the_package_reads_it(package: VendorPackage) -> None:
    seen: set[tuple[str, str, str]] = set()
    refused: set[str] = set()
    unlisted = []
    for model in models():
        frames = list(single_frames(model))
        for (where, frame), theirs in zip(frames, package.decode(model, [f for _, f in frames]), strict=True):
            if theirs is REFUSED and model in UNREADABLE_THERE and where != KEEPALIVE:
                refused.add(model)
                continue
            for field in unequal_fields(theirs, decode(model, frame).fields):
                key = listed_field(model, where, field)
                if key is None:
                    unlisted.append((model, where, field, frame.hex(), theirs))
                else:
                    seen.add(key)

    assert unlisted == []
    assert seen == set(OTHER_FIELDS)
    assert refused == set(UNREADABLE_THERE)


def test_answers_before_a_keepalive_are_read_as_the_package_reads_them(package: VendorPackage) -> None:
    unlisted = []
    for model in sorted(set(models()) - set(UNREADABLE_THERE)):
        source = random.Random(f"rows of answers of {model}")
        frames = [row_of_answers(model, source) for _ in range(ROUNDS * 4)]
        for frame, theirs in zip(frames, package.decode(model, frames), strict=True):
            unequal = unequal_fields(theirs, decode(model, frame).fields)
            fields = [field for field in unequal if listed_field(model, KEEPALIVE, field) is None]
            if fields:
                unlisted.append((model, frame.hex(), fields, theirs))

    assert unlisted == []


def row_of_answers(model: str, source: random.Random) -> bytes:
    """Some answers that the package reads as we do, and the keep-alive."""
    unlike = {where for known, where, _ in OTHER_FIELDS if known in (model, EVERY)}
    codes = [code for code in PRODUCTS[model].reading.answers if f"{code:02X}" not in unlike]
    chosen = source.sample(codes, min(len(codes), source.randint(1, 4)))
    return framed(model, b"".join(random_answer(model, code, source) for code in chosen), source)


def listed_field(model: str, where: str, field: str) -> tuple[str, str, str] | None:
    keys = (
        (model, where, field),
        (model, where, ANY),
        (EVERY, where, field),
        (model, KEEPALIVE, field),
    )
    return next((key for key in keys if key in OTHER_FIELDS), None)


def single_frames(model: str) -> Iterator[tuple[str, bytes]]:
    """Each answer of a model by itself, and its keep-alives."""
    source = random.Random(f"frames of {model}")
    table = PRODUCTS[model].reading
    for code in table.answers:
        for _ in range(ROUNDS):
            answer = random_answer(model, code, source)
            yield f"{code:02X}", framed(model, answer, source) if model in FRAMED else answer
    for keepalive in table.keepalives:
        for _ in range(ROUNDS * 4):
            yield KEEPALIVE, random_keepalive(keepalive, source)
    for length in KEEPALIVE_LENGTHS.get(model, ()):
        for _ in range(ROUNDS * 4):
            yield KEEPALIVE, source.randbytes(length)


KEEPALIVE_LENGTHS = {"t_valve": (2, 5), "t_flood": (2, 3)}
"""Of models whose keep-alive has no code."""

FRAMED = frozenset(KEEPALIVE_LENGTHS)
"""Models that send no answer without a keep-alive."""


def unequal_fields(theirs: Any, ours: dict[str, Any]) -> list[str]:
    if theirs is REFUSED or theirs is None:
        return sorted(ours)
    return sorted(
        field
        for field in {**theirs, **ours}
        if field not in theirs or field not in ours or differences(theirs[field], ours[field])
    )
