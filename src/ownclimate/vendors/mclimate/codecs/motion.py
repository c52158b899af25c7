"""The motion sensors PIR Mini, HT-PIR-Lite and CO2-PIR-Lite, and Melissa, which has one too.

Source: the vendor's documents of the three; Melissa LoRaWAN, an infrared controller for air conditioners,
is from npm mclimate-payload-helper alone. Published frames of hers have five bytes; 1.6.0 of the package
reads ten, whose first five say the same.
"""

from __future__ import annotations

from ownclimate.core.errors import InvalidInput
from ownclimate.vendors.mclimate.codecs import parts
from ownclimate.vendors.mclimate.codecs.arguments import Chunk, Values, byte, word
from ownclimate.vendors.mclimate.codecs.blocks import (
    BUTTON_UPLINK,
    CO2_MEASURING,
    LEAST_SENSITIVITY,
    NOTIFY_PERIOD,
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
from ownclimate.vendors.mclimate.codecs.engine import Answer, Fields, KeepAlive, Part
from ownclimate.vendors.mclimate.codecs.extractors import record, unsigned
from ownclimate.vendors.mclimate.codecs.ht import LED_BRIGHTNESS
from ownclimate.vendors.mclimate.codecs.parameters import Hex, Number, choice, whole

BRIGHTEST_LUX = 0xFFFA
LIGHT_OFF = 0xFFFF

_SENSITIVITY = byte(whole("sensitivity", LEAST_SENSITIVITY, 255))


def _light(b: bytes) -> Fields:
    lux = b[4] << 8 | b[5]
    if lux <= BRIGHTEST_LUX:
        return {"lux": lux, "luxStatus": "ok"}
    return {"lux": 0, "luxStatus": "disabled" if lux == LIGHT_OFF else "sensor_error"}


def _occurred(word: str) -> Answer:
    return Answer(length=0, read=lambda d: {"event": word})


_MOTION: tuple[Row, ...] = (
    switch("LightSensorState", 0x1E, 0x1F, "lightSensorState"),
    switch("PIRSensorState", 0x36, 0x37, "pirSensorState"),
    setting("OccupancyTimeout", 0x38, 0x39, "occupancyTimeout", word(whole("timeout", 1, 65_535, "min"))),
    told(0x3A, _occurred("occupied")),
    told(0x3B, _occurred("unoccupied")),
    told(0x40, _occurred("pirTrigger")),
    switch("PIRDemoMode", 0x3C, 0x3D, "pirDemoMode"),
    setting(
        "PIROperationMode",
        0x3E,
        0x3F,
        "pirOperationMode",
        byte(choice("mode", "occupancy", "triggered occupancy", "trigger", "count")),
    ),
    setting("PIRBlindTime", 0x41, 0x42, "pirBlindTime", word(whole("time", 10, 65_535, "s"))),
    switch("PIRCounterResetFlag", 0x43, 0x44, "pirCounterResetFlag"),
    restart(),
)

PIR_MINI = product(
    "pir_mini",
    keepalives=(
        KeepAlive(
            code=0x01,
            length=10,
            parts=(
                parts.temperature_10("sensorTemperature", 1),
                parts.humidity("relativeHumidity", 3),
                Part(last_byte=5, read=_light),
                parts.volts_f("batteryVoltage", 6),
                parts.bit("occupied", 7, 0x01),
                parts.word("pirTriggerCount", 8),
            ),
        ),
    ),
    rows=(*COMMON, LED_BRIGHTNESS, *_MOTION),
)

_LITE_PARTS = (
    parts.bit("occupied", 1, 0x04),
    parts.temperature_10("sensorTemperature", 1),
    parts.humidity("relativeHumidity", 3),
    parts.volts_f("batteryVoltage", 4),
)

_LITE: tuple[Row, ...] = (
    *COMMON,
    switch("PIRSensorState", 0x36, 0x37, "pirSensorState"),
    setting("OccupancyTimeout", 0x38, 0x39, "occupancyTimeout", word(whole("timeout", 15, 65_535, "s"))),
    setting("PIRSensorSensitivity", 0x3E, 0x3F, "pirSensorSensitivity", _SENSITIVITY),
    BUTTON_UPLINK,
    restart(),
)

HT_PIR_LITE = product(
    "ht_pir_lite",
    keepalives=(KeepAlive(code=0x81, length=6, parts=(*_LITE_PARTS, parts.byte("pirTriggerCount", 5))),),
    rows=_LITE,
)

CO2_PIR_LITE = product(
    "co2_pir_lite",
    keepalives=(
        KeepAlive(
            code=0x81,
            length=8,
            parts=(
                *_LITE_PARTS,
                Part(last_byte=6, read=lambda b: {"CO2": (b[6] & 0xF8) << 5 | b[5]}),
                parts.byte("pirTriggerCount", 7),
            ),
        ),
    ),
    rows=(*_LITE, *CO2_MEASURING, NOTIFY_PERIOD),
)

MELISSA_SHORT_BYTES = 5
MELISSA_LONG_BYTES = 10
ON_BATTERIES = 0x20

MOST_POSITION = 10
SUPPLY_STEP_MV = 16
MOST_CHUNK_BYTES = 255 - 2
"""A length byte counts what follows it: two bytes of offset, and these."""

_MELISSA_PARTS = (
    parts.temperature_16("sensorTemperature", 1),
    parts.humidity("relativeHumidity", 3),
    parts.bit("isIrCodeRecordingRequested", 4, 0x80),
)


def _melissa_power(b: bytes) -> Fields:
    is_on_batteries = b[4] & ON_BATTERIES != 0
    return {
        "powerSource": "battery" if is_on_batteries else "usb",
        "lorawanClass": "A" if is_on_batteries else "C",
    }


def _code_data(d: bytes) -> Fields:
    """A length, an offset, and the bytes of the code that belong there."""
    return {
        "irCodeData": {
            "chunkSize": max(d[0] - 2, 0),
            "address": unsigned(d[1:3]),
            "chunkData": d[3:].hex(),
        }
    }


_CODE_DATA = Answer(length=lambda rest: 1 + max(rest[0], 2) if rest else 1, read=_code_data)
_POSITION = Number(name="position", low=0, high=MOST_POSITION, default=0)
_OFFSET = whole("offset", 0, 65_535)


def _position_if_stored(values: Values) -> None:
    if values["mode"] and not values["position"]:
        raise InvalidInput("position", f"expected 1 to {MOST_POSITION} to store a code, got 0")


_INFRARED: tuple[Row, ...] = (
    Command(
        name="SendIrCodeData",
        code=0x05,
        arguments=(Chunk(_OFFSET, Hex(name="data", length=MOST_CHUNK_BYTES, fewest=1)),),
    ),
    asked(
        "IrCodeBufferOffset",
        0x06,
        record("preloadedCode", 2, lambda d: {"codeAddress": unsigned(d), "codeAddressRaw": d.hex()}),
    ),
    Command(name="ResetIrCodeBufferOffset", code=0x07),
    Command(
        name="EmitPreloadedIrCode",
        code=0x08,
        arguments=(byte(choice("mode", "emit", "emit and store", "store")), byte(_POSITION)),
        check=_position_if_stored,
    ),
    Command(
        name="SetIrCodeRecording",
        code=0x09,
        arguments=(byte(whole("time", 0, 255, "min")), byte(whole("position", 0, MOST_POSITION))),
    ),
    asked(
        "RecordedIrCodeStatus",
        0x0A,
        record(
            "recordedIrInfo",
            4,
            lambda d: {"recordedIrCodeSize": unsigned(d[:2]), "bytesAlreadySent": d[2:].hex()},
        ),
    ),
    Command(name="GetRecordedIrCodeData", code=0x0B, arguments=(word(_OFFSET),)),
    told(0x0B, _CODE_DATA),
    Command(
        name="LoadStoredIrCode",
        code=0x0C,
        arguments=(
            byte(choice("mode", "emit and preload", "preload")),
            byte(whole("position", 1, MOST_POSITION)),
        ),
    ),
)

MELISSA_LORAWAN = product(
    "melissa_lorawan",
    keepalives=(
        KeepAlive(
            code=0x01,
            length=MELISSA_LONG_BYTES,
            parts=(
                *_MELISSA_PARTS,
                parts.bit("occupied", 4, 0x40),
                Part(last_byte=4, read=_melissa_power),
                parts.word("lux", 5),
                parts.word("pirTriggerCount", 7),
                parts.volts_8("batteryVoltage", 9, step_mv=SUPPLY_STEP_MV),
            ),
        ),
        KeepAlive(code=0x01, length=MELISSA_SHORT_BYTES, parts=_MELISSA_PARTS),
    ),
    rows=(
        *COMMON,
        *_INFRARED,
        *_MOTION,
        setting("PIRSensorSensitivity", 0x45, 0x46, "pirSensorSensitivity", _SENSITIVITY),
    ),
)
